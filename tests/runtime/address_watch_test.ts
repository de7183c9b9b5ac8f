import { assertEquals } from "@std/assert";
import { AddressWatch } from "../../lib/runtime/address_watch.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** A machine whose addresses and calendar a test changes. */
function machine(...addresses: string[]) {
  const clock = new FakeClock();
  const state = { addresses, asleepMs: 0, looks: 0 };
  const watch = new AddressWatch({
    addresses: () => {
      state.looks++;
      return state.addresses;
    },
    clock,
    calendarMs: () => clock.nowMs() + state.asleepMs,
  });
  const heard: string[][] = [];
  const stop = watch.on(({ gone }) => heard.push([...gone]));
  return { clock, state, watch, heard, stop };
}

Deno.test("a new address, one that is gone, and one for another are noticed within seconds", async () => {
  const { clock, state, heard, stop } = machine("10.0.0.1");
  await clock.advance(60);
  assertEquals(heard, []);
  state.addresses = ["10.0.0.1", "fd00::1"];
  await clock.advance(2);
  state.addresses = ["fd00::1"];
  await clock.advance(2);
  state.addresses = ["10.9.0.7"];
  await clock.advance(60);
  assertEquals(heard, [[], ["10.0.0.1"], ["fd00::1"]]);
  stop();
});

Deno.test("a machine that was asleep is as good as one with a new address", async () => {
  const { clock, state, heard, stop } = machine("10.0.0.1");
  await clock.advance(10);
  state.asleepMs += 8 * 3600 * 1000;
  await clock.advance(20);
  assertEquals(heard, [[]]);
  state.asleepMs += 1000; // the calendar was set right
  await clock.advance(20);
  assertEquals(heard, [[]]);
  stop();
});

Deno.test("nobody looks while nobody listens, and once for all who do", async () => {
  const { clock, state, watch, stop } = machine("10.0.0.1");
  const stopToo = watch.on(() => {});
  await clock.advance(20);
  assertEquals(state.looks, 11);
  stop();
  stopToo();
  await clock.advance(20);
  assertEquals([state.looks, clock.alarms], [11, []]);
});
