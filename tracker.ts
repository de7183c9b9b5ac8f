/**
 * `tracker`: tells peers of each other, over UDP. Prints its address on standard output.
 *
 * @module
 */

import { trackerProgram } from "./lib/cli/command_line/tracker_program.ts";
import { swarmsEvent, trackerEvent } from "./lib/cli/output/json_events.ts";
import { openPage } from "./lib/cli/page.ts";
import { main } from "./lib/cli/program.ts";
import { untilStopped } from "./lib/cli/stop_signals.ts";
import { trackerLine } from "./lib/cli/terminal/progress.ts";
import { foreign } from "./lib/cli/text/terminal_text.ts";
import { RollDisplay } from "./lib/cli/terminal/roll_display.ts";
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
  tracker.on((event) => {
    events.tell(trackerEvent(event));
    if (event.type === "warning") screen.tell({ text: foreign(event.message), level: "warning" });
  });
  events.follow(() => swarmsEvent(tracker.stats()));
  await result(url);
  screen.say(`listening on UDP port ${tracker.addr.port}, Ctrl-C stops`);
  const startMs = performance.now();
  const line = () => trackerLine(tracker.stats(), (performance.now() - startMs) / 1000);
  const rolls = new RollDisplay(tracker);
  screen.follow(
    screen.isLive
      ? { line, table: (room) => rolls.table(room) }
      : { line: () => undefined, table: (room) => rolls.news(room) },
  );
  await untilStopped(new Promise<never>(() => {}), signal);
});
