/**
 * `seeder PATH...`: shares files and folders. Prints their links on standard output.
 *
 * @module
 */

import { basename } from "@std/path";
import { leecherProgram } from "./lib/cli/command_line/invocation.ts";
import { seederProgram } from "./lib/cli/command_line/seeder_program.ts";
import { runOnDone } from "./lib/cli/on_done.ts";
import { metadataEvent, progressEvent, sharingEvent } from "./lib/cli/output/json_events.ts";
import { offerLines } from "./lib/cli/output/result_lines.ts";
import { openPage } from "./lib/cli/page.ts";
import { main, type Run } from "./lib/cli/program.ts";
import { untilStopped } from "./lib/cli/stop_signals.ts";
import { TransferDisplay } from "./lib/cli/terminal/transfer_display.ts";
import { writeTorrentFile } from "./lib/cli/torrent_file.ts";
import { Seeder, Torrent } from "./mod.ts";

await main(seederProgram, async (run) => {
  if (run.arguments.length === 1 && run.options.watch === undefined) return await shareOne(run);
  const { shareMany } = await import("./lib/cli/many/share_many.ts");
  await shareMany(run, leecherCommand());
});

async function shareOne(run: Run<typeof seederProgram.options>): Promise<void> {
  const { argument, options, screen, events, signal, result, markDone } = run;
  const startMs = performance.now();
  const name = options.name ?? basename(argument);
  const display = new TransferDisplay(screen, "hashing", () => performance.now(), name);
  const { onDone, ...seederOptions } = options;
  const { torrentFile } = options;
  await using page = await openPage("seeder", options, screen);
  await using seeder = await Seeder.start(argument, {
    ...seederOptions,
    signal,
    onEvent: run.listener(display, page),
  });
  if (page) events.tell({ type: "page", url: page.url });
  page?.show(seeder);
  if (torrentFile !== undefined) {
    await writeTorrentFile(torrentFile, seeder.torrent.toBytes(), isTorrent);
    screen.say(`wrote ${torrentFile}`);
  }
  markDone();
  events.tell(metadataEvent(seeder.torrent));
  events.tell(sharingEvent(seeder, torrentFile));
  await result(seeder.magnet);
  screen.say(...offerLines(seeder, leecherCommand(), seeder.isFoundLocally));
  display.watch(seeder);
  events.follow(() => progressEvent(seeder.stats()));
  await untilStopped(seeder.done, signal);
  screen.say("shared as long as it was asked to, stopping");
  if (onDone === undefined) return;
  const { torrent } = seeder;
  const seconds = (performance.now() - startMs) / 1000;
  await runOnDone(onDone, { path: argument, torrent, bytes: torrent.length, seconds }, run);
}

function isTorrent(bytes: Uint8Array): boolean {
  try {
    return Torrent.parse(bytes).pieceLength > 0;
  } catch {
    return false;
  }
}

function leecherCommand(): string {
  return leecherProgram({
    standalone: Deno.build.standalone,
    execPath: Deno.execPath(),
    mainModule: Deno.mainModule,
    denoVersion: Deno.version.deno,
    cwd: Deno.cwd(),
  });
}
