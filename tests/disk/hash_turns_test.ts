/**
 * Who hashes when, of many that want to.
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { HashTurns } from "../../lib/disk/hash_turns.ts";

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
  const turns = new HashTurns(2);
  const log: string[] = [];
  const all = ["a", "b", "c", "d"].map((name) => work(log, name));
  const results = all.map(({ run }) => turns.run(run));
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
  const turns = new HashTurns(1);
  const log: string[] = [];
  const [first, second, third] = ["a", "b", "c"].map((name) => work(log, name));
  const stop = new AbortController();
  const running = turns.run(first!.run);
  const waiting = turns.run(second!.run, stop.signal);
  const last = turns.run(third!.run);
  stop.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  await assertRejects(() => turns.run(second!.run, stop.signal), Error, "enough");
  first!.end();
  third!.end();
  assertEquals([await running, await last, log], ["a", "c", ["a", "c"]]);
});
