/**
 * Connections that the torrents of a client share.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Connection } from "../../../lib/peer/connection/connection.ts";
import { ConnectionLimit, type ConnectionShare } from "../../../lib/peer/peers/connection_limit.ts";
import { bits } from "../../support/peer/peers.ts";
import { SwarmHarness } from "../../support/swarm/swarm_harness.ts";

const permissions = "none";

/** A torrent that takes what it can get, and gives up what it may. */
class FakeTorrent {
  readonly share: ConnectionShare;

  /** `fixed` of its connections are the user's own. */
  constructor(limit: ConnectionLimit, readonly fixed = 0) {
    this.share = limit.join({
      giveUp: () => {
        if (this.share.held <= this.fixed) return false;
        this.share.held--;
        return true;
      },
      open: () => [],
      close: () => {},
    });
  }

  /** Wants to dial so many peers; returns how many it may. */
  dial(wanted: number): number {
    this.share.wants = wanted > 0;
    const begun = this.share.makeRoom(wanted, "10.0.0.1", 0);
    this.share.held += begun;
    return begun;
  }
}

function held(torrents: readonly FakeTorrent[]): number[] {
  return torrents.map(({ share }) => share.held);
}

Deno.test("while there is room, a torrent has as many connections as it wants", {
  permissions,
}, () => {
  const limit = new ConnectionLimit(10);
  const [one, other] = [new FakeTorrent(limit), new FakeTorrent(limit)];
  assertEquals([one.dial(7), other.dial(7), one.dial(1)], [7, 3, 0]);
  assertEquals([limit.used, limit.total], [10, 10]);
  assertEquals(new ConnectionLimit().total, 500);
});

Deno.test("who has less than its share gets it from whoever has most", { permissions }, () => {
  const limit = new ConnectionLimit(12);
  const torrents = Array.from({ length: 4 }, () => new FakeTorrent(limit));
  const [first, second, third, fourth] = torrents as
    & [FakeTorrent, ...FakeTorrent[]]
    & FakeTorrent[];
  first.dial(9);
  second!.dial(3);
  assertEquals([third!.dial(20), held(torrents)], [1, [8, 3, 1, 0]]);
  for (let i = 0; i < 20; i++) third!.dial(20);
  assertEquals(held(torrents), [5, 3, 4, 0], "a third each, and the least of the three is content");
  for (let i = 0; i < 20; i++) for (const torrent of torrents) torrent.dial(20);
  assertEquals(held(torrents), [3, 3, 3, 3]);
  fourth!.share.held = 0;
  fourth!.dial(0);
  for (let i = 0; i < 20; i++) first.dial(20);
  assertEquals(held(torrents), [6, 3, 3, 0], "what nobody wants is for all");
});

Deno.test("torrents without connections cost the others nothing", { permissions }, () => {
  const limit = new ConnectionLimit(10);
  const idle = Array.from({ length: 1000 }, () => new FakeTorrent(limit));
  const [one, other] = [new FakeTorrent(limit), new FakeTorrent(limit)];
  one.dial(10);
  for (let i = 0; i < 10; i++) other.dial(10);
  assertEquals([...held([one, other]), limit.used], [5, 5, 10]);
  for (const torrent of idle) torrent.dial(1);
  assertEquals(limit.used, 10);
  assertEquals(Math.max(...held([...idle, one, other])), 1, "one each, for the first ten");
});

Deno.test("a torrent that may give up nothing is passed over", { permissions }, () => {
  const limit = new ConnectionLimit(10);
  const [named, second, newcomer] = [
    new FakeTorrent(limit, 6),
    new FakeTorrent(limit),
    new FakeTorrent(limit),
  ];
  named.dial(6);
  second.dial(4);
  assertEquals([newcomer.dial(5), held([named, second])], [1, [6, 3]]);
  assertEquals([newcomer.dial(5), held([named, second])], [0, [6, 3]], "3 is its share");
});

Deno.test("a smaller total holds at once, and a larger one too", { permissions }, () => {
  const limit = new ConnectionLimit(20);
  const torrents = [new FakeTorrent(limit), new FakeTorrent(limit), new FakeTorrent(limit, 4)];
  for (const [i, torrent] of torrents.entries()) torrent.dial([10, 6, 4][i]!);
  limit.setTotal(12, 0);
  assertEquals([held(torrents), limit.used], [[4, 4, 4], 12]);
  limit.setTotal(3, 0);
  assertEquals(held(torrents), [0, 0, 4], "the user's own stay");
  limit.setTotal(14, 0);
  assertEquals(torrents[0]!.dial(20), 10);
});

/** Torrents of one client; the first has `count` connections, for a minute. */
function client(
  total: number,
  count: number,
): { limit: ConnectionLimit; one: SwarmHarness; taken: Connection[]; other: SwarmHarness } {
  const connectionLimit = new ConnectionLimit(total);
  const [one, other] = [
    new SwarmHarness({ have: bits(4), connectionLimit }),
    new SwarmHarness({ have: bits(4), connectionLimit }),
  ];
  const taken = Array.from({ length: count }, (_, i) => one.connect(i + 1));
  for (const connection of taken) one.say(connection, { type: "interested" });
  one.pass(60_000);
  other.pass(60_000);
  one.actions();
  return { limit: connectionLimit, one, taken, other };
}

function dials(bench: SwarmHarness): string[] {
  return bench.actions().flatMap((action) => action.type === "dial" ? [action.peer.host] : []);
}

Deno.test("a peer that comes to a torrent without connections gets in at the cost of the largest", {
  permissions,
}, () => {
  const { limit, one, taken, other } = client(4, 4);
  taken[2]!.download.meter.add(1, one.nowMs);
  const useless = taken[1]!;
  one.say(useless, { type: "notInterested" });
  assertEquals(limit.used, 4);
  const newcomer = other.inbound(99);
  assert(typeof newcomer !== "string", String(newcomer));
  assertEquals(limit.used, 4);
  assertEquals(one.carryOutCloses(), ["makes room for another torrent"]);
  assert(!one.swarm.connections.has(useless.id), "the one that is of no use");
  assert(typeof other.inbound(98) !== "string", "two of four are its share");
  assertEquals(one.carryOutCloses(), ["makes room for another torrent"]);
  assertEquals([one.swarm.connections.size, other.swarm.connections.size], [2, 2]);
  assertEquals(other.inbound(97), "not accepted", "there is no more for it");
  assertEquals(one.inbound(96), "not accepted");
});

Deno.test("dials count, one place is made for them at a time", { permissions }, () => {
  const { limit, one, other } = client(6, 6);
  for (let i = 1; i <= 9; i++) other.swarm.addPeer(`10.1.0.${i}`, 6881, "tracker");
  other.pass(250);
  assertEquals([dials(other).length, one.carryOutCloses().length, limit.used], [1, 1, 6]);
  other.pass(250);
  assertEquals([dials(other).length, one.carryOutCloses().length, limit.used], [1, 1, 6]);
  other.pass(2500);
  assertEquals([dials(other).length, one.carryOutCloses().length, limit.used], [1, 1, 6]);
  const [dialled] = other.swarm.peers.connecting;
  other.swarm.dialFailed(dialled!, "no answer", other.nowMs);
  assertEquals(limit.used, 5);
  one.pass(250);
  assertEquals(dials(one), [], "it knows nobody else");
  other.pass(250);
  assertEquals([dials(other).length, limit.used], [1, 6]);
});

/** A hundred torrents, with a connection each from one of these hosts; and one more torrent. */
function everywhere(hosts: readonly string[]) {
  const connectionLimit = new ConnectionLimit(100);
  const torrents = Array.from({ length: 100 }, () => {
    return new SwarmHarness({ have: bits(4), connectionLimit });
  });
  for (const [i, torrent] of torrents.entries()) {
    const connection = torrent.connect(i + 101, { host: hosts[i % hosts.length]! });
    torrent.say(connection, { type: "interested" });
  }
  const other = new SwarmHarness({ have: bits(4), connectionLimit });
  const held = () => torrents.reduce((sum, { swarm }) => sum + swarm.connections.size, 0);
  const closed = () => torrents.flatMap((torrent) => torrent.carryOutCloses());
  return { limit: connectionLimit, torrents, other, held, closed };
}

for (
  const [who, hosts] of [
    ["one host", ["10.9.0.1"]],
    ["one network", Array.from({ length: 100 }, (_, i) => `10.9.0.${i + 1}`)],
  ] as const
) {
  Deno.test(`${who} with a connection of every torrent keeps nobody else out`, {
    permissions,
  }, () => {
    const { limit, torrents, other, held, closed } = everywhere(hosts);
    const wait = () => [...torrents, other].forEach((each) => each.pass(60_000));
    wait(); // the network may be somebody's, so it is given some time
    assertEquals([limit.used, held()], [100, 100]);
    for (let id = 1; id <= 20; id++) {
      const newcomer = other.inbound(id, { host: `10.${100 + id}.0.1` });
      assert(typeof newcomer !== "string", `${id}: ${newcomer}`);
      assertEquals(closed(), ["makes room for another torrent"]);
    }
    assertEquals([limit.used, held(), other.swarm.connections.size], [100, 80, 20]);
    for (const torrent of torrents) {
      if (torrent.swarm.connections.size > 0) continue;
      const again = torrent.inbound(220, { host: hosts[0]! });
      assert(typeof again === "string", "it gets no place of others back");
    }
    assertEquals(closed(), []);
  });
}

Deno.test("a torrent that wants pieces dials into the places of a crowd, one at a time", {
  permissions,
}, () => {
  const { limit, torrents, closed } = everywhere(["10.9.0.1"]);
  const other = new SwarmHarness({ have: bits(4), connectionLimit: limit });
  for (const each of [...torrents, other]) each.pass(60_000);
  for (let i = 1; i <= 3; i++) other.swarm.addPeer(`10.${i}.0.1`, 6881, "tracker");
  for (let round = 0; round < 4; round++) {
    other.pass(250);
    assertEquals([dials(other).length, closed().length], round === 0 ? [1, 1] : [0, 0]);
  }
  const [dialled] = other.swarm.peers.connecting;
  other.swarm.dialFailed(dialled!, "no answer", other.nowMs);
  other.pass(250);
  assertEquals(dials(other).length, 1, "the place that is free again");
});

Deno.test("where everybody has one connection, a newcomer is no better than they", {
  permissions,
}, () => {
  const hosts = Array.from({ length: 100 }, (_, i) => `10.${i + 1}.0.1`);
  const { other, closed } = everywhere(hosts);
  assertEquals(other.inbound(1, { host: "10.200.0.1" }), "not accepted");
  assertEquals(closed(), []);
});

Deno.test("a torrent that is closed leaves all connections to the others", { permissions }, () => {
  const { limit, one, other } = client(4, 2);
  for (let i = 1; i <= 9; i++) other.swarm.addPeer(`10.1.0.${i}`, 6881, "tracker");
  other.pass(250);
  assertEquals([dials(other).length, limit.used], [2, 4]);
  for (const peer of [...other.swarm.peers.connecting]) {
    other.swarm.dialFailed(peer, "we are leaving", other.nowMs);
  }
  other.swarm.leave();
  assertEquals(limit.used, 2);
  for (const id of [51, 52]) one.connect(id);
  assertEquals(one.inbound(53), "not accepted");
  assertEquals([limit.used, one.swarm.connections.size], [4, 4]);
});

Deno.test("web seeds do not count", { permissions }, () => {
  const { limit, other } = client(2, 2);
  other.swarm.peers.addWebSeed(new URL("http://10.0.0.9/file"));
  other.pass(250);
  assertEquals([dials(other), limit.used], [["10.0.0.9"], 2]);
});

Deno.test("without a common limit a torrent has its own only", { permissions }, () => {
  const bench = new SwarmHarness({ have: bits(4), maxConnections: 3 });
  for (const id of [1, 2, 3]) bench.connect(id);
  assertEquals(bench.inbound(4), "not accepted");
  bench.swarm.leave();
});
