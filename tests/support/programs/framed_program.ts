/**
 * A program in the frame of Shoal's own three, for the tests of that frame: its argument says what
 * it does.
 * @module
 */

import { generalOptions, type Program } from "../../../lib/cli/command_line/flags.ts";
import { main } from "../../../lib/cli/program.ts";
import { untilStopped } from "../../../lib/cli/stop_signals.ts";
import { DiskError, ExitCode } from "../../../lib/errors.ts";
import { callListener } from "../../../lib/runtime/event_listeners.ts";

const program: Program<typeof generalOptions> = {
  name: "framed",
  summary: "does what its argument says",
  argument: { name: "WHAT", help: "a word", missing: "what?" },
  surplus: (word) => `too many words: ${word}`,
  options: generalOptions,
  examples: [],
  interrupted: "interrupted, run the same command to continue",
};

await main(program, async ({ argument, screen, signal, result, markDone: workIsDone }) => {
  switch (argument) {
    case "nothing":
      return;
    case "result":
      screen.say("news");
      return await result("a result\x07");
    case "progress":
      screen.follow({ line: () => ({ title: "half", figures: ["50%"] }) });
      screen.draw();
      return screen.say("news");
    case "fail":
      throw new DiskError("the disk is full \x1b[2J", {
        exitCode: ExitCode.diskFull,
        cause: new Error("ENOSPC"),
      });
    case "bug":
      throw new TypeError("x is undefined");
    case "lost":
      Promise.reject(new DiskError("nobody waited for this", { exitCode: ExitCode.io }));
      return await untilStopped(new Promise<never>(() => {}), signal);
    case "listener":
      callListener(() => {
        throw new TypeError("x is undefined");
      }, argument);
      return await untilStopped(forever(), signal);
    case "seed":
      workIsDone();
      await result("ready");
      return await untilStopped(forever(), signal);
    case "download":
      await result("ready");
      return await untilStopped(forever(), signal);
    case "aborted":
      await result("ready");
      // What a library throws that knows of the signal only that it aborted.
      await untilStopped(forever(), signal).catch(() => {});
      throw new DOMException("The operation was aborted", "AbortError");
    case "deaf":
      await result("ready");
      return await forever();
    case "unread":
      await result("x".repeat(1_000_000));
      screen.say("goes on");
      return await forever();
    case "chatter":
      for (;;) await result("x".repeat(1000));
  }
});

/** A promise that does not settle, with something that keeps the process alive. */
function forever(): Promise<never> {
  return new Promise(() => setInterval(() => {}, 1000));
}
