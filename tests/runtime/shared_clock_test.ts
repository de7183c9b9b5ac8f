/**
 * A thousand sleepers, and one timer.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { SharedClock } from "../../lib/runtime/shared_clock.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("sleepers wake at their times, whatever the order in which they lay down, by one timer", async () => {
  const base = new FakeClock();
  const clock = new SharedClock(base);
  const woken: number[] = [];
  const seconds = Array.from({ length: 200 }, (_, i) => (i * 37) % 200 + 1);
  for (const each of seconds) void clock.sleep(1000 * each).then(() => woken.push(each));
  assertEquals(base.alarms, [1]);
  for (let passed = 1; passed <= 200; passed++) {
    await base.advance(1);
    assertEquals(woken.at(-1), passed);
  }
  assertEquals(woken.length, 200);
  assertEquals(base.alarms, []);
});

Deno.test("whoever is called up wakes at once, and the timer is not kept for it", async () => {
  const base = new FakeClock();
  const clock = new SharedClock(base);
  const call = new AbortController();
  let isAwake = false;
  const sleep = clock.sleep(5000, call.signal).then(() => isAwake = true);
  void clock.sleep(9000);
  assertEquals(base.alarms, [5]);
  call.abort();
  await sleep;
  assertEquals(isAwake, true);
  assertEquals(base.alarms, [9]);
  await clock.sleep(1000, call.signal); // it was called before it lay down
  await base.advance(9);
  assertEquals(base.alarms, []);
});

Deno.test("a sleeper that is due before all others gets the timer", async () => {
  const base = new FakeClock();
  const clock = new SharedClock(base);
  const woken: string[] = [];
  void clock.sleep(9000).then(() => woken.push("late"));
  void clock.sleep(2000).then(() => woken.push("early"));
  assertEquals(base.alarms, [2]);
  await base.advance(2);
  assertEquals(woken, ["early"]);
  await base.advance(7);
  assertEquals(woken, ["early", "late"]);
});

Deno.test("those who are called up again and again take no memory until their times come", async () => {
  const base = new FakeClock();
  const clock = new SharedClock(base);
  const woken: number[] = [];
  const sleeping = [50, 20, 40].map((s) => clock.sleep(1000 * s).then(() => woken.push(s)));
  for (let i = 0; i < 10_000; i++) {
    const call = new AbortController();
    const sleep = clock.sleep(30_000 + i, call.signal);
    call.abort();
    await sleep;
  }
  assert(clock.size < 200, `${clock.size} sleepers`);
  for (const s of [20, 20, 10]) await base.advance(s);
  await Promise.all(sleeping);
  assertEquals([woken, clock.size, base.alarms], [[20, 40, 50], 0, []]);
});
