import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { BufferedOutput, type ByteSink } from "../../lib/cli/output/buffered_output.ts";
import { SlowSink } from "../support/programs/slow_sink.ts";

const unexpected = (error: unknown) => {
  throw error;
};

/** A turn of the event loop. */
const turn = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("texts are written in order, in whole, however little is taken at once", async () => {
  const taken: number[] = [];
  let calls = 0;
  const sink: ByteSink = {
    async write(bytes) {
      await turn();
      if (calls++ === 1) throw new Deno.errors.WouldBlock();
      taken.push(...bytes.subarray(0, 3));
      return Math.min(3, bytes.length);
    },
  };
  const outlet = new BufferedOutput(unexpected);
  outlet.put(sink, "größer\n");
  outlet.put(sink, "second\n");
  assert(!outlet.isIdle);
  await outlet.flush();
  assert(outlet.isIdle);
  assertEquals(new TextDecoder().decode(new Uint8Array(taken)), "größer\nsecond\n");
});

Deno.test("two streams that share a terminal are written in the order of the words", async () => {
  const words: string[] = [];
  const stream = (name: string): ByteSink => ({
    write: (bytes) => {
      words.push(name + new TextDecoder().decode(bytes));
      return Promise.resolve(bytes.length);
    },
  });
  const [out, err] = [stream("out "), stream("err ")];
  const outlet = new BufferedOutput(unexpected);
  outlet.put(err, "1");
  outlet.put(out, "2");
  outlet.put(err, "3");
  outlet.put(err, "4");
  await outlet.flush();
  assertEquals(words, ["err 1", "out 2", "err 34"]);
});

Deno.test("what has not left can be taken back", async () => {
  const sink = new SlowSink();
  const outlet = new BufferedOutput(unexpected);
  const first = outlet.put(sink, "first\n");
  await turn();
  const second = outlet.put(sink, "second\n");
  outlet.put(sink, "third\n");
  outlet.withdraw(first); // too late
  outlet.withdraw(second);
  sink.open();
  await outlet.flush();
  assertEquals(sink.lines, ["first", "third"]);
});

Deno.test("a stream that nobody reads is full some day, and has room again when it is read", async () => {
  const sink = new SlowSink();
  const outlet = new BufferedOutput(unexpected);
  let puts = 0;
  while (!outlet.isFull) {
    outlet.put(sink, "x".repeat(1000));
    puts++;
    await undefined;
  }
  assertLessOrEqual(puts, 300);
  sink.open();
  await outlet.flush();
  assert(!outlet.isFull);
  assertEquals(sink.text.length, puts * 1000);
});

Deno.test("whoever waits for a reader that takes nothing gives up in time", async () => {
  const sink = new SlowSink();
  const outlet = new BufferedOutput(unexpected);
  outlet.put(sink, "x".repeat(50_000));
  await outlet.flush(20);
  assert(!outlet.isIdle);
  const flushed = outlet.flush(5000); // as long as something is taken, it goes on
  await sink.take();
  await sink.take();
  sink.open();
  await flushed;
  assertEquals(sink.text.length, 50_000);
});

Deno.test("when writing fails that is told once, and nothing waits any more", async () => {
  const errors: unknown[] = [];
  const broken: ByteSink = { write: () => Promise.reject(new Deno.errors.BrokenPipe()) };
  const outlet = new BufferedOutput((error) => errors.push(error));
  outlet.put(broken, "x");
  outlet.put(broken, "y");
  await outlet.flush();
  outlet.put(broken, "z");
  await outlet.flush();
  assertEquals(errors.map((error) => error instanceof Deno.errors.BrokenPipe), [true]);
  assert(outlet.isIdle && !outlet.isFull);
});
