/**
 * Events read in a loop.
 * @module
 */

import { assertEquals } from "@std/assert";
import { EventQueue, MAX_WAITING_EVENTS } from "../../lib/runtime/event_queue.ts";

async function readAll<E>(queue: EventQueue<E>): Promise<E[]> {
  const read: E[] = [];
  for await (const event of queue) read.push(event);
  return read;
}

Deno.test("events are read in their order, those before the reading began too, until the end", async () => {
  let ends = 0;
  const queue = new EventQueue<number>(() => ends++);
  queue.push(1);
  queue.push(2);
  const reading = readAll(queue);
  queue.push(3);
  await Promise.resolve();
  queue.push(4);
  queue.close();
  queue.push(5);
  assertEquals(await reading, [1, 2, 3, 4]);
  assertEquals(ends, 1);
});

Deno.test("a reader that stops ends the queue", async () => {
  let ends = 0;
  const queue = new EventQueue<number>(() => ends++);
  queue.push(1);
  queue.push(2);
  for await (const event of queue) {
    assertEquals(event, 1);
    break;
  }
  assertEquals(ends, 1);
  assertEquals(await queue.next(), { done: true, value: undefined });
});

Deno.test("a reader that falls behind loses the oldest events, and no memory", async () => {
  const queue = new EventQueue<number>(() => {});
  for (let i = 0; i < MAX_WAITING_EVENTS + 3; i++) queue.push(i);
  queue.close();
  const read = await readAll(queue);
  assertEquals([read.length, read[0], read.at(-1)], [
    MAX_WAITING_EVENTS,
    3,
    MAX_WAITING_EVENTS + 2,
  ]);
});

Deno.test("several reads at the same time each get an event, or the end", async () => {
  const queue = new EventQueue<number>(() => {});
  const reads = [queue.next(), queue.next(), queue.next()];
  queue.push(1);
  queue.push(2);
  await Promise.resolve();
  queue.close();
  assertEquals(await Promise.all(reads), [
    { done: false, value: 1 },
    { done: false, value: 2 },
    { done: true, value: undefined },
  ]);
});
