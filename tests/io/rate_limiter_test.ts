import { assert, assertEquals } from "@std/assert";
import { pause, RateLimiter } from "../../lib/io/rate_limiter.ts";
import { withinReason } from "../support/library.ts";

Deno.test("without a limit nobody waits", () => {
  for (const rate of [0, Infinity, -1]) {
    const limiter = new RateLimiter(rate);
    assertEquals([limiter.isLimiting, limiter.portionBytes], [false, Infinity]);
    for (let i = 0; i < 10; i++) assertEquals(limiter.take(2 ** 30), 0);
  }
});

Deno.test("whoever takes more than is there waits for it, and those after it longer", () => {
  const limiter = new RateLimiter(1_000_000);
  const first = limiter.take(1_000_000);
  const second = limiter.take(1_000_000);
  // A tenth of a second's worth may go at once; time that passes meanwhile only shortens the wait.
  assert(first > 700 && first <= 900, `${first} ms`);
  assert(second - first > 700 && second - first <= 1000, `${first} and ${second} ms`);
});

Deno.test("many small takers wait as long as one large one", () => {
  const limiter = new RateLimiter(1_000_000);
  let pauseMs = 0;
  for (let i = 0; i < 1000; i++) pauseMs = limiter.take(1000);
  assert(pauseMs > 700 && pauseMs <= 900, `${pauseMs} ms`);
});

Deno.test("after a pause no more than the burst goes at once", async () => {
  const limiter = new RateLimiter(1_000_000);
  limiter.take(100_000);
  await pause(300, new AbortController().signal);
  // Had the whole pause been saved up, 200 kB would be free.
  assert(limiter.take(200_000) > 50);
});

Deno.test("what is taken at once is a block at least, and a twentieth of a second at most", () => {
  assertEquals(new RateLimiter(1000).portionBytes, 16_384);
  assertEquals(new RateLimiter(20_000_000).portionBytes, 1_000_000);
});

Deno.test("a pause ends early when it is not wanted any more, and leaves no timer", async () => {
  const stop = new AbortController();
  const paused = pause(1_000_000, stop.signal);
  stop.abort();
  await withinReason(paused, () => "the pause goes on");
  await withinReason(pause(1_000_000, stop.signal), () => "a pause began after the end");
  await withinReason(pause(0, new AbortController().signal), () => "a pause of nothing");
});
