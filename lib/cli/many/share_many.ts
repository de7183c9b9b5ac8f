/**
 * `seeder PATH...` and `seeder --watch DIR`: shares several files and folders, each for itself.
 *
 * @module
 */

import { Client } from "../../../mod.ts";
import type { seederProgram } from "../command_line/seeder_program.ts";
import { offerOfManyLines } from "../output/result_lines.ts";
import { openPage } from "../page.ts";
import type { Run } from "../program.ts";
import { untilStopped } from "../stop_signals.ts";
import { TorrentsDisplay } from "../terminal/torrents_display.ts";
import { ManyShares } from "./many_shares.ts";

/**
 * Shares the arguments and the watched folders until all of them have reached a limit, or the user stops
 * the program.
 *
 * @param leecherCommand starts a leecher
 */
export async function shareMany(
  run: Run<typeof seederProgram.options>,
  leecherCommand: string,
): Promise<void> {
  const { options, screen, events, signal, result } = run;
  const display = new TorrentsDisplay(screen, "seeder", () => performance.now());
  await using page = await openPage("seeder", options, screen);
  await using client = await Client.start({
    ...options,
    signal,
    onEvent: run.clientListener(display),
  });
  if (page) events.tell({ type: "page", url: page.url });
  page?.show(client);
  const shares = new ManyShares(run, client, display);
  events.followEach((only) => shares.figures(only));
  const links = await shares.sharePaths();
  const watches = await shares.watchFolders();
  for (const link of links) await result(await untilStopped(link, signal));
  run.markDone();
  screen.say(...offerOfManyLines(client, shares.seeders, leecherCommand));
  if (shares.seeders.length > 0 || watches.length > 0) screen.say("sharing until Ctrl-C");
  await untilStopped(Promise.all(watches.map(({ done }) => done)), signal);
  await untilStopped(shares.allEnded(), signal);
  if (shares.count > 0) screen.say("shared as long as it was asked to, stopping");
  await shares.programsDone;
}
