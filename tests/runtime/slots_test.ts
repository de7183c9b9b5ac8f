/**
 * Who may work when, of many that want to.
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { Slots } from "../../lib/runtime/slots.ts";

/** Work that goes on until it is told to end. */
function work(log: string[], name: string) {
  const end = Promise.withResolvers<void>();
  return {
    end: () => end.resolve(),
    fail: () => end.reject(new Error(name)),
    run: async () => {
      log.push(name);
      await end.promise;
      return name;
    },
  };
}

const turn = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("a few run at a time, in the order in which they came, and a failure holds up nobody", async () => {
  const slots = new Slots(2);
  const log: string[] = [];
  const all = ["a", "b", "c", "d"].map((name) => work(log, name));
  const results = all.map(({ run }) => slots.run(run));
  await turn();
  assertEquals(log, ["a", "b"]);
  all[1]!.fail();
  await assertRejects(() => results[1]!, Error, "b");
  await turn();
  assertEquals(log, ["a", "b", "c"]);
  for (const { end } of all) end();
  assertEquals(await Promise.all([results[0], results[2], results[3]]), ["a", "c", "d"]);
});

Deno.test("who gives up while waiting leaves the queue", async () => {
  const slots = new Slots(1);
  const log: string[] = [];
  const [first, second, third] = ["a", "b", "c"].map((name) => work(log, name));
  const stop = new AbortController();
  const running = slots.run(first!.run);
  const waiting = slots.run(second!.run, stop.signal);
  const last = slots.run(third!.run);
  stop.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  await assertRejects(() => slots.run(second!.run, stop.signal), Error, "enough");
  first!.end();
  third!.end();
  assertEquals([await running, await last, log], ["a", "c", ["a", "c"]]);
});

Deno.test("those who wait can be refused; who has a slot goes on, and the next one gets it", async () => {
  const slots = new Slots(1);
  const log: string[] = [];
  const [first, second, third] = ["a", "b", "c"].map((name) => work(log, name));
  const running = slots.run(first!.run);
  const waiting = slots.run(second!.run);
  slots.refuseWaiting(new Error("closed"));
  await assertRejects(() => waiting, Error, "closed");
  const last = slots.run(third!.run);
  first!.end();
  third!.end();
  assertEquals([await running, await last, log], ["a", "c", ["a", "c"]]);
});
