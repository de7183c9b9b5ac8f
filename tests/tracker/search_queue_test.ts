/**
 * Searches on the page of a tracker give way to whoever else asks it.
 * @module
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { Catalogue } from "../../lib/tracker/core/catalogue.ts";
import { TrackerSearches } from "../../lib/tracker/search_queue.ts";
import { claimantAt, noSwarms } from "../support/tracker/swarm_books.ts";

const NAMES = 10_000;
const MOST = 5;

/** The searches of a tracker with many names, by a clock on which every look takes a millisecond. */
function searchesOf(names: number) {
  const hashKey = Uint32Array.of(3, 4);
  const catalogue = new Catalogue(250_000, hashKey);
  const claimant = claimantAt("192.0.2.1");
  for (let i = 0; i < names; i++) {
    const infoHash = new Uint8Array(20);
    new DataView(infoHash.buffer).setUint32(0, i);
    catalogue.hold(infoHash, { name: `image ${i}.iso`, length: 1 }, claimant);
  }
  const clock = { nowMs: 1000 };
  const searches = new TrackerSearches({ swarms: noSwarms(), catalogue }, {
    nowMs: () => clock.nowMs++,
  });
  return { searches, clock, catalogue };
}

Deno.test("a search among many names ends after a few milliseconds and goes on the next time", () => {
  const { searches, clock } = searchesOf(NAMES);
  const totals: number[] = [];
  while (totals.at(-1) !== NAMES) {
    const startMs = clock.nowMs;
    const { total, swarms } = searches.find("iso", MOST);
    assert(clock.nowMs - startMs <= 12, `${clock.nowMs - startMs} ms without a break`);
    assertStrictEquals(swarms.length, MOST, "what is found so far is shown");
    assert(total > (totals.at(-1) ?? 0), `${totals} ${total}: it gets on`);
    totals.push(total);
    assert(totals.length < 20);
  }
  assert(totals.length > 2, `${totals}`);
});

Deno.test("many searches share the time that one has, and each of them gets to its end", () => {
  const { searches, clock } = searchesOf(NAMES);
  const texts = Array.from({ length: 40 }, (_, i) => `${10 + i}.iso`);
  const ask = () =>
    texts.map((text) => {
      const startMs = clock.nowMs;
      const { total } = searches.find(text, MOST);
      return { total, tookMs: clock.nowMs - startMs };
    });
  ask(); // one after the other they come, and the first ones have more time
  const second = ask();
  for (const { tookMs } of second) assert(tookMs <= 4, `${tookMs} ms for one of 40 searches`);
  assert(second.some(({ total }) => total < NAMES / 100), "they are not at their end yet");
  for (let rounds = 0; rounds < 20; rounds++) ask();
  assertEquals(ask().map(({ total }) => total), texts.map(() => NAMES / 100));
});

Deno.test("while everything is searched again, what was found the last time is shown", () => {
  const { searches, clock, catalogue } = searchesOf(NAMES);
  while (searches.find("", MOST).total < NAMES);
  catalogue.hold(new Uint8Array(20).fill(9), { name: "new", length: 1 }, claimantAt("192.0.2.1"));
  clock.nowMs += 1000;
  assertStrictEquals(searches.find("", MOST).total, NAMES);
  for (let i = 0; i < 5; i++) searches.find("", MOST);
  assertStrictEquals(searches.find("", MOST).total, NAMES + 1);
});
