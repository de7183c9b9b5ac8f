import { assert, assertEquals } from "@std/assert";
import { pause, RateLimiter } from "../../lib/net/rate_limiter.ts";
import { withinReason } from "../support/clients/library.ts";

const MIB = 2 ** 20;

/** One that takes turns with others: how much it takes at once, and how late its timers are. */
interface Taker {
  readonly bytes: number;
  readonly lateMs?: number;
}

/** What passes a limiter in `seconds` when all takers always want more: when, how much, and whose. */
function flow(bytesPerSecond: number, takers: readonly Taker[], seconds: number) {
  let nowMs = 0;
  const limiter = new RateLimiter(bytesPerSecond, { nowMs: () => nowMs }).share();
  // A taker that has waited passes its bytes and takes its next.
  const passed: { atMs: number; bytes: number; taker: number }[] = [];
  const dueMs = takers.map(({ bytes }) => limiter.take(bytes));
  for (;;) {
    const taker = dueMs.indexOf(Math.min(...dueMs));
    const { bytes, lateMs = 0 } = takers[taker]!;
    nowMs = Math.max(nowMs, dueMs[taker]!);
    if (nowMs > seconds * 1000) return passed;
    passed.push({ atMs: nowMs, bytes, taker });
    dueMs[taker] = nowMs + limiter.take(bytes) + lateMs;
  }
}

/** The most bytes that passed within any window of so many seconds, after the first half second. */
function busiest(passed: ReturnType<typeof flow>, windowSeconds: number): number {
  const steady = passed.filter(({ atMs }) => atMs >= 500);
  let [most, sum, from] = [0, 0, 0];
  for (const { atMs, bytes } of steady) {
    sum += bytes;
    while (steady[from]!.atMs <= atMs - windowSeconds * 1000) sum -= steady[from++]!.bytes;
    most = Math.max(most, sum);
  }
  return most;
}

Deno.test("without a limit nobody waits", () => {
  for (const rate of [0, Infinity, -1]) {
    const limiter = new RateLimiter(rate).share();
    assertEquals([limiter.isLimiting, limiter.portionBytes], [false, Infinity]);
    for (let i = 0; i < 10; i++) assertEquals(limiter.take(2 ** 30), 0);
  }
});

Deno.test("whoever takes more than is there waits for it, and those after it longer", () => {
  const limiter = new RateLimiter(1_000_000, { nowMs: () => 0 }).share();
  assertEquals([limiter.take(50_000), limiter.take(1_000_000)], [0, 1000]);
  assertEquals([limiter.take(0), limiter.take(500_000)], [0, 1500]);
});

Deno.test("a limit holds within 5 % in every second, for one connection and for many", () => {
  for (const rate of [MIB, 10 * MIB, 100 * MIB]) {
    for (const count of [1, 4, 50]) {
      for (const lateMs of [0, 1, 15]) {
        const { portionBytes } = new RateLimiter(rate).share();
        const bytes = Math.floor(portionBytes / 16_384) * 16_384; // whole blocks
        const takers = Array.from({ length: count }, () => ({ bytes, lateMs }));
        const passed = flow(rate, takers, 20);
        const what = `${rate / MIB} MiB/s, ${count} connections, timers ${lateMs} ms late`;
        const total = passed.reduce((sum, { bytes }) => sum + bytes, 0);
        assert(total > 0.95 * 20 * rate && total < 1.05 * 20 * rate, `${what}: ${total / rate} s`);
        const most = busiest(passed, 1);
        assert(most <= 1.05 * rate, `${what}: ${most / rate} of a second's worth in one`);
      }
    }
  }
});

Deno.test("all take turns: nobody gets less for coming late or asking for more at once", () => {
  const takers = Array.from({ length: 20 }, (_, i) => ({ bytes: 16_384, lateMs: i % 3 }));
  const shares = takers.map(() => 0);
  for (const { taker, bytes } of flow(2 * MIB, takers, 30)) shares[taker]! += bytes;
  const [least, most] = [Math.min(...shares), Math.max(...shares)];
  assert(most / least < 1.1, `${least} and ${most}`);
});

Deno.test("after a pause no more than the burst goes at once", () => {
  let nowMs = 0;
  const limiter = new RateLimiter(1_000_000, { nowMs: () => nowMs }).share();
  limiter.take(50_000);
  nowMs = 10_000;
  assertEquals(limiter.take(50_000), 0);
  assertEquals(limiter.take(100_000), 100);
});

Deno.test("what is taken at once is a block at least, and a fiftieth of a second at most", () => {
  assertEquals(new RateLimiter(1000).share().portionBytes, 16_384);
  assertEquals(new RateLimiter(20_000_000).share().portionBytes, 400_000);
});

Deno.test("a pause ends early when it is not wanted any more, and leaves no timer", async () => {
  const stop = new AbortController();
  const paused = pause(1_000_000, stop.signal);
  stop.abort();
  await withinReason(paused, () => "the pause goes on");
  await withinReason(pause(1_000_000, stop.signal), () => "a pause began after the end");
  await withinReason(pause(0, new AbortController().signal), () => "a pause of nothing");
});
