/**
 * `tracker`: tells peers of each other, over UDP. Prints its address on standard output.
 *
 * @module
 */

import { trackerProgram } from "./lib/cli/command_line/programs.ts";
import { swarmsEvent, trackerEvent } from "./lib/cli/output/json_events.ts";
import { openPage } from "./lib/cli/page.ts";
import { main, untilStopped } from "./lib/cli/program.ts";
import { trackerLine } from "./lib/cli/terminal/progress.ts";
import { Tracker } from "./mod.ts";

await main(trackerProgram, async (run) => {
  const { options, screen, events, signal, result, markDone } = run;
  await using page = await openPage("tracker", options, screen);
  await using tracker = await Tracker.listen({ ...options, signal });
  if (page) events.tell({ type: "page", url: page.url });
  page?.show(tracker);
  markDone();
  const { url } = tracker;
  events.tell({ type: "listening", port: tracker.addr.port, url });
  tracker.on((event) => events.tell(trackerEvent(event)));
  events.follow(() => swarmsEvent(tracker.stats()));
  await result(url);
  screen.say(`listening on UDP port ${tracker.addr.port}, Ctrl-C stops`);
  const startMs = performance.now();
  const line = () => trackerLine(tracker.stats(), (performance.now() - startMs) / 1000);
  if (screen.isLive) screen.follow({ line });
  await untilStopped(new Promise<never>(() => {}), signal);
});
