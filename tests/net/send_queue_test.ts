/** Messages that wait for peers: what one may leave unread, and all of them together. @module */

import { assert, assertEquals, assertLess } from "@std/assert";
import { Framer } from "../../lib/codec/wire/framer.ts";
import type { Message } from "../../lib/codec/wire/message.ts";
import { SendBudget } from "../../lib/net/send_budget.ts";
import { SendQueue } from "../../lib/net/send_queue.ts";

const permissions = "none";
const KIB = 1024;

function answer(hashes: number): Message {
  const fields = { root: new Uint8Array(32), baseLayer: 0, index: 0, proofLayers: 0 };
  return { type: "hashes", ...fields, length: hashes, hashes: new Uint8Array(hashes * 32) };
}

/** A queue and how often it was found to hold too much. */
function queueOf(budget: SendBudget): { queue: SendQueue; ended: () => number } {
  let ended = 0;
  const queue = new SendQueue(budget, () => ended++);
  return { queue, ended: () => ended };
}

Deno.test("what is queued is written once and in order, also while something is on its way", {
  permissions,
}, () => {
  const { queue } = queueOf(new SendBudget());
  const framer = new Framer();
  const write = () => {
    const bytes = queue.take();
    framer.push(bytes);
    queue.add({ type: "have", piece: 99 }); // meanwhile
    queue.written(bytes);
  };
  for (const size of [1, 3000, 8192]) queue.add(answer(size));
  queue.addRequests([1, 2, 3, 4, 5, 6]);
  write();
  write();
  const types: string[] = [];
  for (let m = framer.next(); m !== undefined; m = framer.next()) types.push(m.type);
  assertEquals(types, ["hashes", "hashes", "hashes", "request", "request", "have"]);
});

Deno.test("who leaves answers unread is to read first; what nobody asked for does not count", {
  permissions,
}, async () => {
  const { queue } = queueOf(new SendBudget());
  for (let piece = 0; piece < 100_000; piece++) queue.add({ type: "have", piece });
  assert(!queue.isHigh, "two peers that tell each other what they have would wait for ever");
  queue.add(answer(4096));
  assert(queue.isHigh);
  let drained = false;
  const waiting = queue.drained().then(() => drained = true);
  const bytes = queue.take();
  await Promise.resolve();
  assert(queue.isHigh && !drained, "it is on its way and not read yet");
  queue.written(bytes);
  await waiting;
  assert(!queue.isHigh);
});

Deno.test(
  "all queues together have one bound, and whoever holds most goes",
  { permissions },
  () => {
    const budget = new SendBudget(1000 * KIB);
    const queues = Array.from({ length: 10 }, () => queueOf(budget));
    for (const [i, { queue }] of queues.entries()) queue.add(answer((i + 1) * 400)); // 13 to 128 KiB
    assertEquals(queues.map(({ ended }) => ended()), new Array(10).fill(0));
    assert(budget.isShort);
    assert(
      queues[1]!.queue.isHigh && !queueOf(new SendBudget()).queue.isHigh,
      "less is borne then",
    );
    queues[0]!.queue.add(answer(4096)); // 128 KiB more, which makes it the one with most, or the next
    queues[1]!.queue.add(answer(8191));
    assert(queues.some(({ ended }) => ended() === 1));
    let waiting = 0;
    for (const { queue } of queues) waiting += queue.waitingBytes;
    assertLess(waiting, 1000 * KIB + 1);
    assertEquals(queues[3]!.ended(), 0, "and not whoever holds little");
  },
);

Deno.test("a queue that was closed takes and holds nothing, and frees its part of the bound", {
  permissions,
}, () => {
  const budget = new SendBudget(100 * KIB);
  for (let i = 0; i < 50; i++) {
    const { queue, ended } = queueOf(budget);
    queue.add(answer(2000));
    const bytes = queue.take();
    queue.close();
    queue.written(bytes);
    queue.add(answer(2000));
    assertEquals([queue.waitingBytes, ended()], [0, 0]);
  }
  assert(!budget.isShort);
});

Deno.test("one peer's messages that pile up beyond 8 MiB end its queue", { permissions }, () => {
  const { queue, ended } = queueOf(new SendBudget());
  for (let piece = 0; piece < 1_000_000; piece++) queue.add({ type: "have", piece });
  assertEquals([ended(), queue.waitingBytes], [1, 0]);
});
