/**
 * The events of a page, and what becomes of readers that do not read.
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { EventReader } from "../../lib/ui/event_reader.ts";
import { EventStream, MAX_READERS } from "../../lib/ui/event_stream.ts";
import { eventsIn, type PageEvent } from "../support/page/event_source.ts";
import { FakeSource, leecherSnapshot } from "../support/page/page_fixtures.ts";

const EVERYTHING = { search: "" };
const MAP = {
  pieces: 1,
  cells: 1,
  perCell: 1,
  verified: "AA==",
  state: "AA==",
  availability: "AA==",
};

/** The events of a reader of `stream`, one by one. */
function follow(stream: EventStream, question = EVERYTHING) {
  const events = eventsIn(stream.open(question)!);
  return {
    async next(): Promise<PageEvent> {
      return (await events.next()).value!;
    },
    leave: () => events.return(undefined),
  };
}

Deno.test("a reader gets state and map at once, and each again when it has changed", async () => {
  const source = new FakeSource();
  source.pieces = MAP;
  const stream = new EventStream(source);
  const reader = follow(stream);
  assertEquals((await reader.next()).data, source.current);
  assertEquals((await reader.next()).data, MAP);
  source.pieces = { ...MAP, verified: "/w==" };
  assertEquals(await reader.next(), { name: "map", data: source.pieces });
  source.current = leecherSnapshot({ haveBytes: 600_000 });
  assertEquals(await reader.next(), { name: "state", data: source.current });
  await reader.leave();
  assertEquals(stream.size, 0);
  stream.close();
});

Deno.test("what only time changes is no news, but after five seconds there is a sign of life", async () => {
  const source = new FakeSource();
  const stream = new EventStream(source);
  const reader = follow(stream);
  await reader.next();
  const startMs = performance.now();
  source.current = { ...leecherSnapshot(), elapsedSeconds: 2 };
  assertEquals((await reader.next()).data, source.current);
  const seconds = (performance.now() - startMs) / 1000;
  assert(seconds > 4 && seconds < 9, `${seconds} s`);
  assertLess(source.asked, 25);
  await reader.leave();
  stream.close();
});

Deno.test("nobody reads: nothing is asked", async () => {
  const source = new FakeSource();
  const stream = new EventStream(source);
  const reader = follow(stream);
  await reader.next();
  await reader.leave();
  await stream.open(EVERYTHING)!.cancel(); // the timer that still runs finds nobody
  const { asked } = source;
  await new Promise((resolve) => setTimeout(resolve, 1200));
  assertEquals(source.asked, asked);
  stream.close();
});

Deno.test("twenty tabs that ask the same cost as much as one; who asks something else is answered too", async () => {
  const source = new FakeSource();
  const stream = new EventStream(source);
  const readers = Array.from({ length: 20 }, () => follow(stream));
  const other = follow(stream, { search: "iso" });
  for (const reader of [...readers, other]) await reader.next();
  assertEquals(source.asked, 21);
  source.current = leecherSnapshot({ haveBytes: 1 });
  for (const reader of [...readers, other]) {
    assertEquals((await reader.next()).data, source.current);
  }
  assertLess(source.asked, 21 + 2 * 4);
  assert(source.questions.some(({ search }) => search === "iso"));
  for (const reader of [...readers, other]) await reader.leave();
  stream.close();
});

Deno.test("whatever the tabs look at, others have their turn between two of their states", async () => {
  const source = new FakeSource();
  const stream = new EventStream(source);
  const tabs = Array.from({ length: 20 }, (_, i) => stream.open({ search: `${i}` })!);
  // How many states are made in one turn; from now on each takes as long as on a busy tracker.
  const inTurn = [0];
  const snapshot = source.snapshot.bind(source);
  source.snapshot = (question) => {
    const endMs = performance.now() + 3;
    while (performance.now() < endMs);
    inTurn[inTurn.length - 1]!++;
    return snapshot(question);
  };
  const made = () => inTurn.reduce((sum, count) => sum + count, 0);
  while (made() < tabs.length) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    inTurn.push(0);
  }
  assert(Math.max(...inTurn) <= 2, `${inTurn.filter(Boolean)} states without a break`);
  for (const tab of tabs) await tab.cancel();
  stream.close();
});

Deno.test(`there is room for ${MAX_READERS} readers, and again when one has left`, async () => {
  const stream = new EventStream(new FakeSource());
  const streams = Array.from({ length: MAX_READERS }, () => stream.open(EVERYTHING)!);
  assertEquals(stream.open(EVERYTHING), undefined);
  await streams[0]!.cancel();
  assertEquals(stream.size, MAX_READERS - 1);
  const last = stream.open(EVERYTHING);
  assert(last !== undefined);
  stream.close();
  assertEquals(stream.open(EVERYTHING), undefined);
  for (const each of [...streams.slice(1), last]) await each.cancel();
});

Deno.test("of what a reader has not read, the newest of each kind is kept and nothing else", async () => {
  const reader = new EventReader(() => {});
  const event = (n: number) => new TextEncoder().encode(`event: state\ndata: ${n}\n\n`);
  assertEquals(reader.stalledSinceMs, undefined);
  for (let i = 1; i <= 1000; i++) reader.offer("state", event(i), `${i}`, i);
  reader.offer("map", event(0), "map", 1001);
  assertEquals(reader.stalledSinceMs, 1);
  const stream = reader.stream.getReader();
  const text = async () => new TextDecoder().decode((await stream.read()).value);
  assertEquals(await text(), "event: state\ndata: 1000\n\n");
  assertEquals(await text(), "event: state\ndata: 0\n\n");
  assertEquals(reader.stalledSinceMs, undefined);
  assert(!reader.needs("state", "1000", -1) && reader.needs("state", "1001", -1));
  reader.close();
  assertEquals((await stream.read()).done, true);
  reader.offer("state", event(1), "late", 2000); // no fault
});

Deno.test("the end of the stream is no fault, whoever ends it and however often", async () => {
  let gone = 0;
  const reader = new EventReader(() => gone++);
  const pending = reader.stream.getReader();
  const read = pending.read();
  reader.close();
  reader.close();
  assertEquals((await read).done, true);
  assertEquals(gone, 0);
  const other = new EventReader(() => gone++);
  await other.stream.cancel();
  other.close();
  assertEquals(gone, 1);
});

Deno.test("when all places are taken, one that reads nothing makes room for one more", async () => {
  const source = new FakeSource();
  const stream = new EventStream(source);
  const reader = follow(stream);
  const idle = Array.from({ length: MAX_READERS - 1 }, () => stream.open(EVERYTHING)!);
  assertEquals(stream.open(EVERYTHING), undefined, "they have had no time to read yet");
  await reader.next();
  source.current = leecherSnapshot({ haveBytes: 600_000 });
  await reader.next(); // a second later
  const late = follow(stream);
  assertEquals((await late.next()).data, source.current);
  assertEquals(stream.size, MAX_READERS);
  source.current = leecherSnapshot({ haveBytes: 700_000 });
  assertEquals((await reader.next()).data, source.current, "who reads stays");
  stream.close();
  for (const each of idle) await each.cancel();
  await Promise.all([reader.leave(), late.leave()]);
});
