/**
 * `tracker`: the directory of who has which file, over UDP. Prints where it listens on standard output.
 *
 * @module
 */

import { trackerLine } from "./lib/cli/progress.ts";
import { trackerProgram } from "./lib/cli/programs.ts";
import { trackerUrl } from "./lib/cli/reports.ts";
import { main, untilStopped } from "./lib/cli/run.ts";
import { ownAddresses } from "./lib/io/own_addresses.ts";
import { Tracker } from "./mod.ts";

await main(trackerProgram, async ({ options, screen, signal, result, workIsDone }) => {
  await using tracker = await Tracker.listen({ ...options, signal });
  workIsDone();
  const interfaces = ownAddresses().map(({ address }) => address);
  result(trackerUrl(tracker.addr, options.externalIp, interfaces));
  screen.say(`listening on UDP port ${tracker.addr.port}, Ctrl-C stops`);
  const startMs = performance.now();
  const line = () => trackerLine(tracker.stats(), (performance.now() - startMs) / 1000);
  if (screen.isLive) screen.follow(line);
  await untilStopped(new Promise<never>(() => {}), signal);
});
