/** Who gets a connection when many want one, and which of two stays. @module */

import { assert, assertEquals } from "@std/assert";
import { ipToBytes } from "../../../lib/codec/address.ts";
import { fromLatin1, utf8 } from "../../../lib/codec/bytes.ts";
import {
  decodeExtendedHandshake,
  encodeExtendedHandshake,
} from "../../../lib/codec/wire/extension.ts";
import type { Message } from "../../../lib/codec/wire/message.ts";
import { peerPriority } from "../../../lib/codec/wire/peer_priority.ts";
import type { Connection } from "../../../lib/peer/connection/connection.ts";
import { allOf, at, bits, sentTo } from "../../support/peer/peers.ts";
import { MemorySwarm } from "../../support/swarm/memory_swarm.ts";
import { MemoryTorrent } from "../../support/swarm/memory_torrent.ts";
import { idOf, SwarmHarness } from "../../support/swarm/swarm_harness.ts";

const permissions = "none";
const OURSELVES = { host: "10.0.0.250", port: 6881 };

function hello(more: Partial<Parameters<typeof encodeExtendedHandshake>[0]> = {}): Message {
  const yourIp = ipToBytes(OURSELVES.host);
  const payload = encodeExtendedHandshake({ ids: new Map(), yourIp, ...more });
  return { type: "extended", id: 0, payload };
}

function priorityOf(host: string): number {
  return peerPriority(OURSELVES, { host, port: 6881 })!;
}

/** Hosts 10.0.0.1 to 10.0.0.`count`, by falling priority. */
function byPriority(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1)
    .sort((a, b) => priorityOf(`10.0.0.${b}`) - priorityOf(`10.0.0.${a}`));
}

Deno.test({
  name: "peers that all dial each other at the same moment are connected once each, at once",
  permissions,
  fn() {
    for (const [count, seed] of [[9, 1], [9, 2], [20, 3], [20, 4]] as const) {
      const latencyMs = 100;
      const world = new MemorySwarm(new MemoryTorrent({ lengths: [50_000_000] }), seed, latencyMs);
      for (let i = 0; i < count; i++) world.add({ has: "nothing", upBytesPerSecond: 1e9 });
      world.introduceAll();
      world.run(30, () => false);
      for (const node of world.nodes.values()) {
        const partners = new Set([...node.endpoints.values()].map(({ remote }) => remote));
        assertEquals([node.endpoints.size, partners.size], [count - 1, count - 1]);
        for (const { openedMs } of node.endpoints.keys()) {
          assert(openedMs < 250 + 3 * 2 * latencyMs, `not before ${openedMs} ms`);
        }
        for (const peer of node.swarm.peers.values()) {
          assertEquals(
            [peer.state, peer.failures],
            ["connected", 0],
            JSON.stringify([node.host, peer]),
          );
        }
        assertEquals(node.swarm.peers.size, count - 1, "each is known once");
      }
    }
  },
});

Deno.test({
  name: "of two connections to aria2, Transmission or rTorrent the first stays, as they have it",
  permissions,
  fn() {
    const stays = { "A2-1-36-0-": true, "-TR3000-": true, "-lt0D80-": true, "-LT2080-": false };
    for (const [client, firstStays] of Object.entries(stays)) {
      for (const weAreGreater of [false, true]) {
        const bench = new SwarmHarness({ have: bits(4), id: weAreGreater ? 255 : 0 });
        const peerId = fromLatin1(client.padEnd(20, "x"));
        // The first was initiated by the one whose peer id is smaller: by rule the second stays.
        const first = weAreGreater ? bench.inbound(1, { peerId }) : bench.outbound(1, { peerId });
        assert(typeof first !== "string");
        const second = weAreGreater ? bench.outbound(1, { peerId }) : bench.inbound(1, { peerId });
        assertEquals(second === "connected already", firstStays, client);
        assertEquals(first.closing, !firstStays, client);
      }
    }
  },
});

Deno.test({
  name: "somebody connected who is dialled under another address is left alone for a while",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4), id: 50 });
    const connection = bench.connect(100);
    bench.say(connection, hello({ port: 6881 }));
    assertEquals(bench.outbound(100, { host: "10.9.9.9" }), "connected already");
    const other = bench.peerAt("10.9.9.9", 6881)!;
    assertEquals([other.state, other.failures], ["away", 0]);
    bench.pass(55_000);
    assertEquals(other.state, "away");
    bench.say(connection, { type: "keepAlive" });
    bench.pass(10_000);
    assertEquals(other.state, "connecting");
    assert(!connection.closing);
  },
});

Deno.test({
  name: "a duplicate is judged by its peer id also when there is no room left",
  permissions,
  fn() {
    for (const [id, kept] of [[50, true], [200, false]] as const) {
      const bench = new SwarmHarness({ have: bits(4), maxConnections: 2, id });
      bench.connect(1);
      const first = bench.outbound(100) as Connection;
      const second = bench.inbound(100);
      assertEquals(typeof second !== "string", kept);
      bench.carryOutCloses();
      assertEquals(bench.swarm.connections.has(first.id), !kept);
      assertEquals(bench.swarm.connections.size, 2);
    }
  },
});

Deno.test({
  name: "with more peers than room those of higher priority are dialled",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4), maxConnections: 11 });
    bench.say(bench.connect(251), hello());
    for (let i = 1; i <= 100; i++) bench.swarm.addPeer(`10.0.0.${i}`, 6881, "tracker");
    bench.pass(250);
    const dialled = bench.actions().flatMap((a) => a.type === "dial" ? [a.peer.host] : []);
    assertEquals(dialled, byPriority(100).slice(0, 10).map((i) => `10.0.0.${i}`));
  },
});

Deno.test({
  name: "while our own address is unknown, chance decides whom to dial",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4), maxConnections: 10 });
    for (let i = 1; i <= 100; i++) bench.swarm.addPeer(`10.0.0.${i}`, 6881, "tracker");
    bench.pass(250);
    const dialled = bench.actions().flatMap((a) => a.type === "dial" ? [a.peer.host] : []);
    assertEquals(new Set(dialled).size, 10);
    const first = Array.from({ length: 10 }, (_, i) => `10.0.0.${i + 1}`);
    const best = byPriority(100).slice(0, 10).map((i) => `10.0.0.${i}`);
    for (const order of [first, best]) {
      assert(dialled.filter((host) => order.includes(host)).length < 6);
    }
  },
});

/** A bench with room for four, all taken, by peers of middling priority, for a minute. */
function crowded(have = bits(4)): { bench: SwarmHarness; middling: number[]; taken: Connection[] } {
  const bench = new SwarmHarness({ have, maxConnections: 4 });
  const middling = byPriority(100).slice(40, 44);
  const taken = middling.map((id) => bench.connect(id));
  for (const connection of taken) bench.say(connection, hello({ port: 6881 }));
  bench.pass(60_000);
  bench.actions();
  return { bench, middling, taken };
}

Deno.test({
  name: "when all places are taken, a peer of higher priority gets that of the lowest idle one",
  permissions,
  fn() {
    const [best, worst] = [byPriority(100)[0]!, byPriority(100).at(-1)!];
    const { bench, taken } = crowded();
    assertEquals(bench.inbound(worst), "not accepted");
    const newcomer = bench.inbound(best);
    assert(typeof newcomer !== "string");
    assertEquals(bench.carryOutCloses(), ["makes room for another peer"]);
    const leaver = taken.at(-1)!;
    assertEquals(bench.swarm.connections.has(leaver.id), false);
    assertEquals(bench.swarm.connections.size, 4);
    assertEquals(bench.inbound(byPriority(100)[45]!), "not accepted", "lower than all");
  },
});

Deno.test({
  name: "no place is taken from a peer that gives, takes, is new, or was named by the user",
  permissions,
  fn() {
    const best = byPriority(100)[0]!;
    const cases: Record<string, (bench: SwarmHarness, taken: Connection[]) => void> = {
      "owes us blocks": (bench, taken) => {
        for (const one of taken) bench.say(one, { type: "haveAll" }, { type: "unchoke" });
      },
      "gives us data": (bench, taken) => {
        for (const one of taken) one.download.meter.add(1, bench.nowMs);
      },
      "takes data": (bench, taken) => {
        for (const one of taken) bench.swarm.sent(one, 1, bench.nowMs);
      },
      "named by the user": (bench, taken) => {
        for (const one of taken) bench.swarm.addPeer(one.peer.host, 6881, "user");
      },
    };
    for (const [why, arrange] of Object.entries(cases)) {
      const { bench, taken } = crowded();
      arrange(bench, taken);
      bench.actions();
      assertEquals(bench.inbound(best), "not accepted", why);
      assertEquals(bench.carryOutCloses(), []);
    }
    const bench = new SwarmHarness({ have: bits(4), maxConnections: 4 });
    for (const id of byPriority(100).slice(40, 44)) bench.say(bench.connect(id), hello());
    bench.pass(5000);
    assertEquals(bench.inbound(best), "not accepted", "new ones had no time yet");
  },
});

Deno.test({
  name: "while our own address is unknown, nobody loses a place to chance",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4), maxConnections: 2 });
    for (const id of [1, 2]) bench.connect(id);
    bench.pass(60_000);
    for (let id = 3; id < 100; id++) assertEquals(bench.inbound(id), "not accepted");
  },
});

Deno.test({
  name: "a full seeder makes room for anybody where a peer wants nothing of it",
  permissions,
  fn() {
    const worst = byPriority(100).at(-1)!;
    const { bench, taken } = crowded(allOf(4));
    for (const one of taken) bench.say(one, { type: "interested" });
    assertEquals(bench.inbound(worst), "not accepted");
    bench.say(taken[1]!, { type: "notInterested" });
    assert(typeof bench.inbound(worst) !== "string");
    assertEquals(bench.carryOutCloses(), ["makes room for another peer"]);
    assertEquals(bench.swarm.connections.has(taken[1]!.id), false);
  },
});

Deno.test({
  name: "somebody unwelcome costs nobody a place",
  permissions,
  fn() {
    const best = byPriority(100)[0]!;
    const { bench, taken } = crowded();
    const peer = bench.swarm.accept(`10.0.0.${best}`, 50_000)!;
    const ourselves = bench.handshake(100);
    const opened = bench.swarm.opened(peer, ourselves, { inbound: true, v2: false }, bench.nowMs);
    assertEquals(opened, "that is ourselves");
    assertEquals([bench.carryOutCloses(), bench.swarm.connections.size], [[], taken.length]);
  },
});

Deno.test({
  name: "two that both want nothing more part, complete or not, and do not dial each other again",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: allOf(4) });
    const connection = bench.outbound(1) as Connection;
    bench.say(connection, hello({ uploadOnly: true }), {
      type: "bitfield",
      bits: Uint8Array.of(0x80),
    });
    bench.pass(1500);
    assertEquals(bench.carryOutCloses(), ["both sides want nothing more"]);
    assertEquals(connection.peer.complete, false);
    bench.pass(60_000);
    assertEquals(bench.actions().filter(({ type }) => type === "dial"), []);
    bench.swarm.pieceLost(at(2));
    bench.pass(500);
    assertEquals(bench.actions().filter(({ type }) => type === "dial").length, 1);
  },
});

Deno.test({
  name: "peers are told when we want nothing any more, and when we want something again",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: allOf(4) });
    const connection = bench.connect(1);
    bench.connect(2, { extensions: false });
    const said = () =>
      sentTo(bench.actions(), connection).flatMap((message) =>
        message.type === "extended" && message.id === 0
          ? [decodeExtendedHandshake(message.payload)]
          : []
      );
    assertEquals(said().map(({ uploadOnly }) => uploadOnly), [true]);
    bench.pass(1000);
    said();
    bench.swarm.pieceLost(at(2));
    bench.pass(1000);
    assertEquals(said(), [{ ids: new Map(), uploadOnly: false }]);
    bench.pass(1000);
    assertEquals(said(), []);
  },
});

/** A bench whose places are all taken by connections of these hosts, for `forMs`; we are not told where we are. */
function takenBy(
  hosts: readonly string[],
  forMs: number,
): { bench: SwarmHarness; taken: Connection[] } {
  const bench = new SwarmHarness({ have: allOf(4), maxConnections: hosts.length });
  const taken = hosts.map((host, i) => {
    const peer = bench.swarm.accept(host, 40_000 + i)!;
    const handshake = bench.handshake(200, { peerId: idOf(1).fill(i >> 8, 0, 1).fill(i, 1) });
    const settled = { inbound: true, v2: false };
    const connection = bench.swarm.opened(peer, handshake, settled, bench.nowMs);
    assert(typeof connection !== "string", `${connection}`);
    bench.say(connection, { type: "interested" });
    return connection;
  });
  bench.pass(forMs);
  bench.actions();
  return { bench, taken };
}

Deno.test({
  name: "when one host holds all places it makes room for every other one, at once",
  permissions,
  fn() {
    const { bench, taken } = takenBy(Array(20).fill("192.0.2.1"), 500);
    for (const one of taken) bench.swarm.sent(one, 1000, bench.nowMs); // it makes use of them even
    for (let id = 101; id <= 110; id++) {
      assert(typeof bench.inbound(id, { host: `10.0.${id}.1` }) !== "string", `${id}`);
      assertEquals(bench.carryOutCloses(), ["makes room for another peer"]);
    }
    assertEquals(taken.filter(({ id }) => bench.swarm.connections.has(id)).length, 10);
    assertEquals(bench.inbound(111, { host: "192.0.2.1" }), "no room");
  },
});

Deno.test({
  name: "when one network holds all places, one connection a host, it makes room for others",
  permissions,
  fn() {
    const network = Array.from({ length: 40 }, (_, i) => `192.0.2.${i}`);
    const { bench, taken } = takenBy(network, 500);
    for (const one of taken) bench.swarm.sent(one, 1000, bench.nowMs);
    for (let id = 101; id <= 110; id++) {
      assert(typeof bench.inbound(id, { host: `198.51.100.${id}` }) !== "string", `${id}`);
      assertEquals(bench.carryOutCloses().length, 1);
    }
    assertEquals(
      bench.inbound(111, { host: "192.0.2.99" }),
      "not accepted",
      "it holds most as it is",
    );
  },
});

Deno.test({
  name: "addresses of one IPv6 /64 count as one host",
  permissions,
  fn() {
    const hosts = Array.from({ length: 20 }, (_, i) => `2001:db8:0:1::${i + 1}`);
    const { bench } = takenBy(hosts, 500);
    assertEquals(bench.inbound(101, { host: "2001:db8:0:1::ffff" }), "not accepted");
    assert(typeof bench.inbound(102, { host: "2001:db8:0:2::1" }) !== "string");
  },
});

Deno.test({
  name: "machines behind one address have as many places as they like while there is room",
  permissions,
  fn() {
    const { bench, taken } = takenBy(Array(20).fill("192.0.2.1"), 60_000);
    assertEquals([taken.length, bench.carryOutCloses()], [20, []]);
  },
});

Deno.test({
  name: "a leecher whose places one host took dials others all the same",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4), maxConnections: 10 });
    for (let i = 1; i <= 10; i++) {
      bench.say(bench.connect(i, { host: "192.0.2.1" }), { type: "interested" });
    }
    bench.pass(500);
    bench.actions();
    bench.swarm.addPeer("192.0.2.1", 7000, "tracker");
    bench.pass(500);
    assertEquals(bench.actions().filter(({ type }) => type === "dial"), [], "it has enough");
    assert(typeof bench.outbound(101, { host: "198.51.100.1" }) !== "string");
    assertEquals(bench.carryOutCloses(), ["makes room for another peer"]);
    bench.swarm.addPeer("198.51.101.1", 6881, "tracker");
    bench.pass(500);
    assertEquals(bench.actions().filter(({ type }) => type === "dial").length, 1);
  },
});

/** A seeder that we are connected to, silent for a minute, and answers what it is asked or does not. */
function seederAtOldAddress(): { bench: SwarmHarness; old: Connection } {
  const bench = new SwarmHarness({ have: bits(4), id: 50 });
  const old = bench.outbound(100) as Connection;
  bench.say(old, hello({ ids: new Map([["ut_metadata", 7]]) }), { type: "haveAll" });
  bench.pass(60_000);
  bench.actions();
  return { bench, old };
}

Deno.test({
  name:
    "a peer that comes from a new address is taken up within seconds when its old one is silent",
  permissions,
  fn() {
    for (const comes of ["inbound", "outbound"] as const) {
      const { bench, old } = seederAtOldAddress();
      assertEquals(bench[comes](100, { host: "10.9.0.77" }), "connected already");
      const asked = bench.said(old).filter((message) =>
        message.type === "extended" && message.id === 7
      );
      assertEquals(asked.length, 1, "it is asked whether it is there");
      bench.pass(4250);
      assertEquals(bench.carryOutCloses(), ["answers no more, and came back from elsewhere"]);
      if (comes === "inbound") {
        assert(typeof bench.inbound(100, { host: "10.9.0.77" }) !== "string");
      } else {
        bench.pass(500);
        assertEquals(bench.peerAt("10.9.0.77", 6881)!.state, "connecting", "it is dialled again");
      }
    }
  },
});

Deno.test({
  name:
    "nobody who copies a peer id drives out a peer that is alive, whenever and however it comes",
  permissions,
  fn() {
    for (const [id, peer] of [[50, 100], [200, 100]] as const) {
      const bench = new SwarmHarness({ have: bits(4), id });
      const honest = bench.outbound(peer) as Connection;
      bench.say(honest, hello({ ids: new Map([["ut_metadata", 7]]) }), { type: "haveAll" });
      bench.pass(1250);
      for (let i = 0; i < 60; i++) {
        const copy = i % 2 === 0 ? "inbound" : "outbound";
        assertEquals(bench[copy](peer, { host: `203.0.113.${i}` }), "connected already");
        bench.pass(1500);
        bench.say(honest, { type: "extended", id: 1, payload: utf8("d8:msg_typei2e5:piecei0ee") });
        bench.pass(1500);
      }
      assertEquals([honest.closing, bench.carryOutCloses()], [false, []]);
    }
  },
});
