import { assert, assertEquals } from "@std/assert";
import { hex } from "../../../lib/codec/bytes.ts";
import type { LocalAnswer, LocalEntry } from "../../../lib/codec/discovery/local_question.ts";
import { LocalClaims } from "../../../lib/discovery/local/claims.ts";
import { pseudoRandomBytes } from "../../../support/content.ts";

const pure = { permissions: "none" } as const;

function entry(seed: number): LocalEntry {
  return { v1Hash: pseudoRandomBytes(20, seed), length: 5, seeders: 1, leechers: 0 };
}

function answer(
  seeds: number[],
  { type = "peerHas" as "peerHas" | "trackerLists", port = 6881 } = {},
): LocalAnswer {
  return { type, transactionId: 1, port, total: seeds.length, entries: seeds.map(entry) };
}

/** The torrents by their numbers, in the order in which they are listed. */
function listed(claims: LocalClaims, most = 200): number[] {
  const byHash = new Map<string, number>();
  for (let seed = 0; seed < 1200; seed++) byHash.set(hex(entry(seed).v1Hash!), seed);
  return claims.list().slice(0, most).map(({ entry }) => byHash.get(hex(entry.v1Hash!))!);
}

Deno.test("one torrent is one claim, with all who have it", pure, () => {
  const claims = new LocalClaims();
  assertEquals(claims.isEmpty, true);
  claims.add(answer([1]), "10.0.0.1");
  claims.add(answer([1], { port: 6882 }), "10.0.0.1");
  claims.add(answer([1]), "fd00::2");
  claims.add(answer([1], { type: "trackerLists", port: 6969 }), "fd00::2");
  const [claim, ...others] = claims.list();
  assertEquals(others, []);
  assertEquals(claim!.hosts, 2);
  assertEquals(claim!.peers, [
    { host: "10.0.0.1", port: 6881 },
    { host: "10.0.0.1", port: 6882 },
    { host: "fd00::2", port: 6881 },
  ]);
  assertEquals(claim!.trackers, ["udp://[fd00::2]:6969"]);
});

Deno.test("an answer that is repeated counts once, one about trackers not at all", pure, () => {
  const claims = new LocalClaims();
  claims.add({ type: "trackerHere", transactionId: 1, port: 6969 }, "10.0.0.1");
  assertEquals(claims.isEmpty, true);
  for (let i = 0; i < 3; i++) claims.add(answer([1]), "10.0.0.1");
  assertEquals(claims.list().map(({ hosts, peers }) => [hosts, peers.length]), [[1, 1]]);
});

Deno.test("hosts that prepare a torrent name none, and are kept up to a bound", pure, () => {
  const claims = new LocalClaims();
  for (let i = 0; i < 2000; i++) {
    claims.add({ type: "peerPrepares", transactionId: 1, port: 6881 }, `10.0.${i >> 8}.${i & 255}`);
  }
  assertEquals([claims.isEmpty, claims.list()], [true, []]);
  assertEquals(claims.preparing, Array.from({ length: 8 }, (_, i) => `10.0.0.${i}`));
  claims.add(answer([1]), "10.9.9.9");
  assertEquals(listed(claims), [1]);
});

Deno.test("torrents that differ in length or in one hash are different torrents", pure, () => {
  const claims = new LocalClaims();
  const entries = [
    entry(1),
    { ...entry(1), length: 6 },
    { ...entry(1), v2Hash: pseudoRandomBytes(32, 1) },
  ];
  const many: LocalAnswer = { type: "peerHas", transactionId: 1, port: 1000, total: 3, entries };
  claims.add(many, "10.0.0.1");
  assertEquals(claims.list().length, 3);
});

Deno.test("fifty machines that claim a name with fifty hashes are fifty claims", pure, () => {
  const claims = new LocalClaims();
  for (let i = 0; i < 50; i++) claims.add(answer([i]), `10.0.0.${i + 1}`);
  assertEquals(claims.list().length, 50);
  assertEquals(claims.dropped, 0);
});

Deno.test("what most machines name comes first, whoever answers first", pure, () => {
  const claims = new LocalClaims();
  claims.add(answer([1, 2, 3]), "10.0.0.66");
  for (let i = 0; i < 3; i++) claims.add(answer([9]), `10.0.0.${i}`);
  claims.add(answer([2]), "10.0.0.7");
  assertEquals(listed(claims), [9, 2, 1, 3]);
});

Deno.test("a liar with more hashes than are kept pushes nobody out, nor down", pure, () => {
  const claims = new LocalClaims();
  for (let port = 1; port <= 1000; port++) {
    const seeds = Array.from({ length: 17 }, (_, k) => (17 * port + k) % 1000);
    claims.add(answer(seeds, { port }), "10.0.0.66");
  }
  assertEquals(claims.list().length, 64);
  for (let i = 0; i < 10; i++) claims.add(answer([1100 + i]), `10.0.0.${i}`);
  const all = listed(claims);
  assertEquals(all.length, 64);
  assertEquals(all.slice(1, 11), Array.from({ length: 10 }, (_, i) => 1100 + i));
  assert(claims.dropped > 0);
});

Deno.test("when all have as much, one more gets no place", pure, () => {
  const claims = new LocalClaims();
  for (let i = 0; i < 100; i++) claims.add(answer([i]), `10.0.0.${i}`);
  assertEquals(listed(claims), Array.from({ length: 64 }, (_, i) => i));
  assertEquals(claims.dropped, 36);
});

Deno.test("ten thousand answers leave no more than the bounds allow", pure, () => {
  const claims = new LocalClaims();
  for (let i = 0; i < 10_000; i++) {
    const type = i % 2 === 0 ? "peerHas" : "trackerLists";
    claims.add(answer([1], { type, port: 1000 + i }), `10.0.${i % 7}.${i % 250}`);
  }
  const [claim] = claims.list();
  assertEquals([claim!.peers.length, claim!.trackers.length], [50, 4]);
  assertEquals(claim!.hosts, 1000);
});

Deno.test("a peer at a port of mail or remote login is not dialled", pure, () => {
  const claims = new LocalClaims();
  claims.add(answer([1], { port: 25 }), "10.0.0.1");
  assertEquals(claims.list().map(({ peers }) => peers), [[]]);
});
