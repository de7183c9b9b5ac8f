import { assertEquals, assertThrows } from "@std/assert";
import { ReaderGone, writeNotice, writeResult } from "../../lib/cli/output/standard_streams.ts";
import { ShoalError } from "../../lib/errors.ts";

const pure = { permissions: "none" } as const;

function sinkThat(fail: (call: number) => Error | undefined) {
  const taken: number[] = [];
  let calls = 0;
  return {
    taken,
    writeSync(bytes: Uint8Array): number {
      const error = fail(calls++);
      if (error) throw error;
      const some = bytes.subarray(0, 3);
      taken.push(...some);
      return some.length;
    },
  };
}

Deno.test("a result is written in whole, however little a pipe takes at once", pure, () => {
  const sink = sinkThat((call) => call === 1 ? new Deno.errors.WouldBlock() : undefined);
  writeResult("a longer text\n", sink);
  assertEquals(new TextDecoder().decode(new Uint8Array(sink.taken)), "a longer text\n");
});

Deno.test("a broken pipe on standard output is told apart from other faults", pure, () => {
  assertThrows(() => writeResult("x", sinkThat(() => new Deno.errors.BrokenPipe())), ReaderGone);
  const full = assertThrows(() => writeResult("x", sinkThat(() => new Error("full"))), ShoalError);
  assertEquals([full instanceof ReaderGone, full.exitCode], [false, 17]);
});

Deno.test("a broken pipe on standard error stops nothing", pure, () => {
  writeNotice("x", sinkThat(() => new Deno.errors.BrokenPipe()));
});
