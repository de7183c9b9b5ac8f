import { assertEquals, assertMatch } from "@std/assert";
import { FailedArguments } from "../../lib/cli/failed_arguments.ts";
import { failureFor } from "../../lib/cli/error_report.ts";
import { DiskError, ExitCode, NetworkError, ShoalError } from "../../lib/errors.ts";

const pure = { permissions: "none" } as const;
const running = new AbortController().signal;

Deno.test("an expected error is its sentence and its exit code", pure, () => {
  assertEquals(
    failureFor(new DiskError("the disk is full", { exitCode: ExitCode.diskFull }), running, false),
    {
      text: "the disk is full",
      exitCode: 9,
    },
  );
});

Deno.test("a tracker's words in an error cannot drive the terminal", pure, () => {
  const { text } = failureFor(new NetworkError("tracker says \x1b[2Jno\nway"), running, false);
  assertEquals(text, "tracker says [2Jno\n  way");
});

Deno.test("an error that lists choices keeps its lines", pure, () => {
  const { text } = failureFor(new NetworkError("two files:\nab 1 GiB\ncd 2 GiB\n"), running, false);
  assertEquals(text, "two files:\n  ab 1 GiB\n  cd 2 GiB");
});

Deno.test("verbose tells the causes, even of an error that causes itself", pure, () => {
  const error = new ShoalError("cannot read", { exitCode: ExitCode.io, cause: new Error("EIO") });
  assertEquals(failureFor(error, running, true).text, "cannot read\n  because: Error: EIO");
  const loop = new Error("loop");
  loop.cause = loop;
  assertEquals(
    failureFor(new ShoalError("x", { exitCode: 1, cause: loop }), running, true).text.split("\n")
      .length,
    9,
  );
});

Deno.test("an abort after Ctrl-C is told as the interruption it is", pure, () => {
  const stop = new AbortController();
  stop.abort(
    new ShoalError("interrupted, run the same command to continue", {
      exitCode: ExitCode.interrupted,
    }),
  );
  const abort = new DOMException("The signal has been aborted", "AbortError");
  assertEquals(failureFor(abort, stop.signal, false), {
    text: "interrupted, run the same command to continue",
    exitCode: 7,
  });
});

Deno.test("a bug says so in one sentence, and shows its stack only when asked", pure, () => {
  const bug = new TypeError("x is undefined");
  const brief = failureFor(bug, running, false);
  assertMatch(
    brief.text,
    /^this is a bug in Shoal \(TypeError: x is undefined\); please report.*-v/,
  );
  assertEquals([brief.text.includes("\n"), brief.exitCode], [false, 1]);
  assertMatch(failureFor(bug, running, true).text, /error_report_test\.ts/);
  assertMatch(failureFor("just a text", running, true).text, /just a text/);
});

Deno.test("a missing permission says how to give it", pure, () => {
  const net = 'Requires net access to "10.0.0.2:6969", run again with the --allow-net flag';
  const { text } = failureFor(new Deno.errors.NotCapable(net), running, false);
  assertEquals(
    text,
    "Deno was not permitted to use the network for 10.0.0.2:6969: add it to --allow-net, or run with -A",
  );
  const unread = new TypeError(
    'Requires read access to "x.js", run again with the --allow-read flag\n    at file:///page.ts:1:1',
  );
  assertEquals(
    failureFor(unread, running, false).text,
    "Deno was not permitted to read x.js: add it to --allow-read, or run with -A",
  );
});

Deno.test(
  "the verdict on several arguments is that of the first in their order, whichever failed first",
  pure,
  () => {
    const all = ["a", "b", "c", "d", "e"];
    const failed = new FailedArguments();
    assertEquals(failed.verdict(all), undefined);
    failed.add("d", { text: "nobody has it", exitCode: 3, code: "no-such-file" });
    failed.add("b", { text: "the disk is full", exitCode: 9 });
    assertEquals(failed.verdict(all), { text: "2 of 5 failed: b, d", exitCode: 9 });
    failed.add("e", { text: "no", exitCode: 1 });
    failed.add("a", { text: "no", exitCode: 2 });
    assertEquals(failed.verdict(all)?.text, "4 of 5 failed: a, b, d and others");
  },
);

Deno.test(
  "the line of a failure names its argument once, and a long link only in part",
  pure,
  () => {
    const failed = new FailedArguments();
    const line = (argument: string, text: string) => failed.add(argument, { text, exitCode: 1 });
    assertEquals(line("a.iso", "a.iso does not exist"), "a.iso does not exist");
    assertEquals(line("a.iso\x1b[2J", "the disk is full"), "a.iso[2J: the disk is full");
    assertEquals(line(`magnet:?${"x".repeat(500)}`, "no").length, 60 + ": no".length);
  },
);
