/**
 * A tracker as a page sees it.
 * @module
 */

import { assertEquals, assertLessOrEqual } from "@std/assert";
import { clientName } from "../../lib/codec/wire/peer_id.ts";
import { summary, trackerSnapshot } from "../../lib/ui/tracker_snapshot.ts";
import type { SwarmMember } from "../../mod.ts";

const INTERVAL_SECONDS = 60;
const STATS = {
  torrents: 2,
  peers: 1,
  seeders: 1,
  leechers: 0,
  connects: 0,
  announces: 7,
  scrapes: 0,
  finds: 0,
  reaches: 0,
  refused: 3,
};

function member(n: number, changes: Partial<SwarmMember> = {}): SwarmMember {
  return {
    address: `10.0.${n >> 8}.${n & 255}:6881`,
    seeder: false,
    progress: 0.5,
    lastSeenSeconds: 5,
    sinceSeconds: 100,
    stillSeconds: 0,
    agent: "-SO0010-",
    ...changes,
  };
}

Deno.test("the roll-call says who is through, who lags behind and who does not answer", () => {
  const complete = Array.from({ length: 37 }, (_, n) => member(n, { seeder: true, progress: 1 }));
  const others = [
    member(40, { stillSeconds: 45 }),
    member(41, { progress: 0.1 }),
    member(42, { lastSeenSeconds: 91 }),
  ];
  const { rollCall: sentence, peers } = summary([...complete, ...others], INTERVAL_SECONDS);
  assertEquals(sentence, "37 of 40 complete, 2 slow, 1 silent");
  assertEquals(peers.slice(0, 4).map(({ state }) => state), ["silent", "slow", "slow", "complete"]);
  assertEquals(peers[0], {
    address: "10.0.0.42:6881",
    progress: 0.5,
    lastSeenSeconds: 91,
    client: "Shoal 0.0.1",
    state: "silent",
  });
});

Deno.test("who cannot be connected to is counted and marked, where that was tried", () => {
  const members = [
    member(1, { seeder: true, progress: 1, reachable: false }),
    member(2, { seeder: true, progress: 1, reachable: true }),
    member(3, { seeder: true, progress: 1 }),
  ];
  const { rollCall: sentence, peers } = summary(members, INTERVAL_SECONDS);
  assertEquals(sentence, "3 of 3 complete, 1 unreachable");
  assertEquals(peers.map(({ reachable }) => reachable), ["no", "yes", undefined]);
});

Deno.test("who came later has less, and is not slow for that", () => {
  const members = [
    member(1, { sinceSeconds: 100, progress: 0.9 }),
    member(2, { sinceSeconds: 40, progress: 0.2 }),
    member(3, { sinceSeconds: 100, progress: 0.2 }),
  ];
  const { peers } = summary(members, INTERVAL_SECONDS);
  assertEquals(peers.map(({ state, progress }) => `${state} ${progress}`), [
    "slow 0.2",
    "downloading 0.9",
    "downloading 0.2",
  ]);
});

Deno.test("who has only just come is not slow, and who moves as fast as the others is not either", () => {
  const members = [
    member(1, { progress: 0.8 }),
    member(2, { progress: 0.02, sinceSeconds: 10, stillSeconds: 10 }),
    member(3, { progress: 0.6 }),
    member(4, { progress: undefined! }),
  ].map(({ progress, ...rest }) => ({ ...rest, ...(progress !== undefined && { progress }) }));
  assertEquals(summary(members, INTERVAL_SECONDS).rollCall, "0 of 4 complete, 4 downloading");
  assertEquals(summary([], INTERVAL_SECONDS), { rollCall: "0 of 0 complete", peers: [] });
});

Deno.test("of a swarm of 100,000 all are called, and 500 are listed", () => {
  const many = Array.from({ length: 100_000 }, (_, n) => member(n, { seeder: n % 2 === 0 }));
  const { rollCall: sentence, peers } = summary(many, INTERVAL_SECONDS);
  assertEquals(sentence, "50000 of 100000 complete, 50000 downloading");
  assertEquals([peers.length, peers[0]!.state], [500, "downloading"]);
});

Deno.test("a tracker's snapshot has its counters, its swarms and one sentence", () => {
  const input = {
    url: "udp://10.0.0.2:6969",
    elapsedSeconds: 12,
    stats: STATS,
    answersPerSecond: 4,
    found: {
      total: 1,
      swarms: [{ hash: "ab", name: "x".repeat(5000), seeders: 1, leechers: 0, completed: 2 }],
    },
    intervalSeconds: INTERVAL_SECONDS,
  };
  const snapshot = trackerSnapshot(input);
  assertEquals([snapshot.sentence, snapshot.tone], ["answering 1 peer in 2 swarms", "good"]);
  assertEquals(snapshot.counters, {
    swarms: 2,
    seeders: 1,
    leechers: 0,
    announces: 7,
    answersPerSecond: 4,
    errors: 3,
  });
  assertLessOrEqual(snapshot.swarms[0]!.name!.length, 300);
  assertEquals(snapshot.selected, undefined);
  const idle = trackerSnapshot({ ...input, stats: { ...STATS, peers: 0, seeders: 0 } });
  assertEquals([idle.sentence, idle.tone], ["waiting for the first peer", "wait"]);
});

Deno.test("of a crowd that is too big to be listed the roll-call says that it is a sample", () => {
  const two = [1, 2].map((n) => member(n, { seeder: true, progress: 1 }));
  assertEquals(
    summary(two, INTERVAL_SECONDS, 70_000).rollCall,
    "2 of 2 complete, a sample of 70000",
  );
});

Deno.test("a peer id tells the program, and nonsense tells nothing", () => {
  assertEquals(clientName("-qB4630-"), "qBittorrent 4.6.3");
  assertEquals(clientName("-TR3000-"), "Transmission 3.0.0");
  assertEquals(clientName("-lt0D98-"), "rTorrent 0.13.9.8");
  assertEquals(clientName("A2-1-36-"), "aria2 1.36");
  assertEquals(clientName("-XX1234-"), "XX 1.2.3.4");
  for (const nonsense of ["", "\u0000\u0001", "-<b1234-", "M4-4-0--"]) {
    assertEquals(clientName(nonsense), undefined, nonsense);
  }
});
