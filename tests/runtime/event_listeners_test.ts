/**
 * Listeners that fail, which is no fault of what they listen to.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { callListener } from "../../lib/runtime/event_listeners.ts";
import { Tracker, type TransferEvent } from "../../mod.ts";
import { TempFolder } from "../../support/temp.ts";
import { leechFrom, LOCAL, makeOrigin, seed, withinReason } from "../support/clients/library.ts";

/** Takes the `error` events of the global scope, as a program does that wants to know. */
function errorsTaken() {
  const taken: string[] = [];
  let arrived = Promise.withResolvers<void>();
  const take = (event: ErrorEvent) => {
    event.preventDefault();
    taken.push(event.message);
    arrived.resolve();
  };
  addEventListener("error", take);
  return {
    taken,
    /** Resolves when so many have come. */
    async hasTaken(count: number): Promise<void> {
      while (taken.length < count) {
        await withinReason(arrived.promise, () => `only ${taken.length} came`);
        arrived = Promise.withResolvers();
      }
    },
    [Symbol.dispose]: () => removeEventListener("error", take),
  };
}

Deno.test("listeners that throw or reject end neither the transfer nor the process, and are heard of", async () => {
  using errors = errorsTaken();
  await using temp = await TempFolder.create();
  const { path, bytes } = await makeOrigin(temp, 100_000);
  await using tracker = await Tracker.listen(LOCAL);
  tracker.on(() => {
    throw new Error("tracker's listener");
  });
  const trackers = [`udp://127.0.0.1:${tracker.addr.port}`];
  const onEvent = ({ type }: TransferEvent) => {
    throw new Error(`seeder's listener, ${type}`);
  };
  await using seeder = await seed(path, { trackers, onEvent });
  await using leeching = await leechFrom(seeder.magnet, { out: `${temp.join("copy")}/` });
  const heard: string[] = [];
  leeching.leecher.on((event) => Promise.reject(new Error(`leecher's listener, ${event.type}`)));
  leeching.leecher.on(({ type }) => void heard.push(type));
  const { path: got } = await leeching.complete();
  assertEquals(await Deno.readFile(got), bytes);
  assert(heard.includes("complete"));
  await errors.hasTaken(4);
  for (
    const who of [
      "tracker's listener",
      "seeder's listener, listening",
      "leecher's listener, complete",
    ]
  ) {
    assert(errors.taken.includes(who), `${who}: ${errors.taken}`);
  }
});

Deno.test("a listener's fault that nobody takes is printed, and the process goes on", async () => {
  const printed: unknown[][] = [];
  const { error } = console;
  console.error = (...words) => void printed.push(words);
  try {
    const fault = new Error("mine");
    callListener(() => {
      throw fault;
    }, "event");
    callListener(() => Promise.reject(fault), "event");
    await Promise.resolve().then(() => {}).then(() => {});
    const sentence = "Shoal goes on, but one of its listeners failed:";
    assertEquals(printed, [[sentence, fault], [sentence, fault]]);
  } finally {
    console.error = error;
  }
});
