/** Peers that tell each other of peers, and what they may not do with it. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { formatHostPort } from "../../../lib/codec/address.ts";
import { utf8 } from "../../../lib/codec/bytes.ts";
import {
  decodeExtendedHandshake,
  encodeExtendedHandshake,
} from "../../../lib/codec/wire/extension.ts";
import type { Message } from "../../../lib/codec/wire/message.ts";
import { decodePex, encodePex, PexFlag, type PexMessage } from "../../../lib/codec/wire/pex.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import type { Connection } from "../../../lib/peer/connection/connection.ts";
import { allOf, bits, sentTo } from "../../support/peer/peers.ts";
import { MemorySwarm } from "../../support/swarm/memory_swarm.ts";
import { MemoryTorrent } from "../../support/swarm/memory_torrent.ts";
import { idOf, SwarmHarness } from "../../support/swarm/swarm_harness.ts";

const permissions = "none";
/** The number that the peers of these tests chose for peer exchange. */
const THEIR_ID = 7;
/** Ours. */
const OUR_ID = 3;

function hello(more: Partial<Parameters<typeof encodeExtendedHandshake>[0]> = {}): Message {
  const ids = new Map([["ut_pex", THEIR_ID]]);
  return { type: "extended", id: 0, payload: encodeExtendedHandshake({ ids, ...more }) };
}

/** A message that adds these addresses, all with the same flags. */
function adding(addresses: readonly (readonly [string, number])[], flags = 0): Message {
  const added = addresses.map(([host, port]) => ({ host, port, flags }));
  return { type: "extended", id: OUR_ID, payload: encodePex({ added, dropped: [] }) };
}

/** What peer exchange said to this connection among `messages`. */
function told(messages: readonly Message[]): PexMessage[] {
  return messages.flatMap((message) =>
    message.type === "extended" && message.id === THEIR_ID ? [decodePex(message.payload)] : []
  );
}

function hosts(peers: readonly { host: string }[]): string[] {
  return peers.map(({ host }) => host).sort();
}

/** A Shoal peer that takes part in peer exchange and listens. */
function shoal(bench: SwarmHarness, id: number, host = `10.0.0.${id}`): Connection {
  const peerId = idOf(id);
  peerId.set(utf8("-SO0100-"));
  const connection = bench.connect(id, { host, peerId });
  bench.say(connection, hello({ port: 6881 }));
  return connection;
}

/** The addresses of everybody the swarm knows and could dial, or does. */
function known(bench: SwarmHarness): string[] {
  return [...bench.swarm.peers.values()].map(({ host, port }) => formatHostPort(host, port)).sort();
}

Deno.test({
  name: "who is connected hears of the others, and of nobody but them",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    bench.swarm.addPeer("10.0.0.99", 6881, "tracker"); // never seen
    const connections = [1, 2, 3].map((id) => shoal(bench, id));
    bench.connect(4); // does not say where it listens
    bench.pass(500);
    const actions = bench.actions();
    for (const [i, connection] of connections.entries()) {
      const [message, ...more] = told(sentTo(actions, connection));
      assertEquals(more, []);
      const others = [1, 2, 3].filter((id) => id !== i + 1).map((id) => `10.0.0.${id}`);
      assertEquals(hosts(message!.added), others);
      assertEquals(new Set(message!.added.map(({ port }) => port)), new Set([6881]));
      assertEquals(message!.dropped, []);
    }
  },
});

Deno.test({
  name: "a peer hears what changed since it was told last, and nothing while nothing does",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    const listener = shoal(bench, 1);
    const hear = (ms: number) => {
      bench.pass(ms);
      return told(sentTo(bench.actions(), listener)).map(({ added, dropped }) =>
        [hosts(added), hosts(dropped)] as const
      );
    };
    assertEquals(hear(5000), [], "there is nobody else");
    const second = shoal(bench, 2);
    assertEquals(hear(2500), [[["10.0.0.2"], []]]);
    assertEquals(hear(60_000), []);
    bench.swarm.closed(second, "closed", bench.nowMs);
    shoal(bench, 3);
    assertEquals(hear(2500), [[["10.0.0.3"], ["10.0.0.2"]]]);
    const brief = shoal(bench, 4);
    bench.swarm.closed(brief, "closed", bench.nowMs);
    assertEquals(hear(5000), [], "it came and went before anybody was told");
  },
});

Deno.test({
  name: "seeds that parted from us are named to newcomers, some of them, for some minutes",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: allOf(4) });
    for (let id = 1; id <= 30; id++) bench.say(shoal(bench, id), { type: "haveAll" });
    bench.pass(1500);
    assertEquals(bench.carryOutCloses().length, 30);
    const named = (id: number) => {
      const newcomer = shoal(bench, id);
      bench.pass(250);
      const [message] = told(sentTo(bench.actions(), newcomer));
      bench.swarm.closed(newcomer, "closed", bench.nowMs);
      return message?.added.filter(({ flags }) => flags === PexFlag.seed).length ?? 0;
    };
    assertEquals(named(100), 25);
    bench.pass(4 * 60_000);
    assertEquals(named(101), 25);
    const back = shoal(bench, 30);
    bench.pass(60_000);
    assertEquals([named(102), back.closing], [0, false]);
  },
});

Deno.test({
  name: "other programs hear it once a minute, Shoal every two seconds",
  permissions,
  fn() {
    const count = (peerId: Uint8Array) => {
      const bench = new SwarmHarness({ have: bits(4), maxConnections: 200 });
      const listener = bench.connect(1, { peerId });
      bench.say(listener, hello());
      let messages = 0;
      for (let i = 0; i < 100; i++) {
        shoal(bench, 2 + i);
        bench.say(listener, { type: "keepAlive" });
        bench.pass(1200);
        messages += told(sentTo(bench.actions(), listener)).length;
      }
      return messages;
    };
    assertEquals(count(idOf(9)), 2, "in two minutes");
    const messages = count(utf8("-SO0100-abcdefghijkl"));
    assert(messages >= 45 && messages <= 60, `${messages}`);
  },
});

Deno.test({
  name: "nobody is told of more than fifty peers at once, and all are told in the end",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4), maxConnections: 200 });
    const listener = shoal(bench, 200);
    for (let id = 1; id <= 120; id++) shoal(bench, id);
    bench.pass(8000);
    const messages = told(sentTo(bench.actions(), listener));
    assertEquals(messages.map(({ added }) => added.length), [50, 50, 20]);
    assertEquals(new Set(messages.flatMap(({ added }) => hosts(added))).size, 120);
  },
});

Deno.test({
  name: "what is said of a peer: whether it wants something, whether it can be reached",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    const listener = shoal(bench, 1);
    const seeder = bench.outbound(2) as Connection;
    bench.say(seeder, hello(), { type: "haveAll" });
    bench.say(shoal(bench, 3), hello({ uploadOnly: true }));
    bench.pass(250);
    const [message] = told(sentTo(bench.actions(), listener));
    const flags = Object.fromEntries(message!.added.map(({ host, flags }) => [host, flags]));
    assertEquals(flags, {
      "10.0.0.2": PexFlag.seed | PexFlag.reachable,
      "10.0.0.3": PexFlag.seed,
    });
  },
});

Deno.test({
  name: "an address is told to none to whom it means another host",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    const from = ["127.0.0.1", "10.0.0.2", "192.0.2.3"];
    const connections = from.map((host, i) => shoal(bench, i + 1, host));
    bench.pass(250);
    const actions = bench.actions();
    const heard = connections.map((connection) => {
      const [message] = told(sentTo(actions, connection));
      return hosts(message?.added ?? []);
    });
    assertEquals(heard, [["10.0.0.2", "192.0.2.3"], ["192.0.2.3"], []]);
  },
});

Deno.test({
  name: "a peer that others tell of is dialled, after those that trackers and the user named",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4), maxConnections: 4 });
    const connection = bench.connect(1);
    bench.say(connection, hello(), adding([["10.1.0.1", 1], ["10.1.0.2", 2], ["10.1.0.3", 3]]));
    bench.swarm.addPeer("10.2.0.1", 6881, "tracker");
    bench.swarm.addPeer("10.3.0.1", 6881, "user");
    bench.pass(250);
    const dials = bench.actions().flatMap((a) => a.type === "dial" ? [a.peer.host] : []);
    assertEquals(dials.slice(0, 2), ["10.3.0.1", "10.2.0.1"]);
    assertEquals(dials.length, 3);
    assert(dials[2]!.startsWith("10.1."));
  },
});

Deno.test({
  name: "once we want nothing, a peer that is said to want nothing either is not dialled",
  permissions,
  fn() {
    for (const [have, dialled] of [[allOf(4), 0], [bits(4), 1]] as const) {
      const bench = new SwarmHarness({ have });
      bench.say(bench.connect(1), hello(), adding([["10.1.0.1", 1]], PexFlag.seed));
      bench.pass(60_000);
      assertEquals(bench.actions().filter(({ type }) => type === "dial").length > 0, dialled > 0);
    }
  },
});

Deno.test({
  name: "addresses at which nobody can be, our own and those of other networks are not learned",
  permissions,
  fn() {
    const learned = (from: string, addresses: [string, number][]) => {
      const bench = new SwarmHarness({ have: bits(4) });
      bench.swarm.ownAddresses.here = ["10.0.0.77"];
      const connection = bench.connect(1, { host: from });
      bench.say(connection, hello({ port: 5 }));
      bench.say(connection, adding(addresses));
      const book = known(bench);
      return addresses.filter(([host, port]) => book.includes(formatHostPort(host, port)))
        .map(([host]) => host);
    };
    const everything: [string, number][] = [
      ["127.0.0.1", 9],
      ["10.0.0.77", 6881], // that is us
      ["10.0.0.78", 6881],
      ["192.0.2.9", 0],
      ["192.0.2.10", 9],
      ["192.0.2.11", 25], // mail is served there
      ["::1", 9],
      ["fd00::1", 9],
      ["fe80::1", 9],
      ["2001:db8::1", 9],
    ];
    const nowhere = ["224.0.0.1", "0.0.0.0", "255.255.255.255", "ff02::1"];
    const world = ["192.0.2.10", "2001:db8::1"];
    assertEquals(learned("192.0.2.1", everything).sort(), world);
    const site = ["10.0.0.78", "fd00::1", ...world].sort();
    assertEquals(learned("10.0.0.1", everything).sort(), site);
    assertEquals(learned("127.0.0.1", everything).sort(), ["127.0.0.1", "::1", ...site].sort());
    for (const ip of nowhere) {
      // Who says that has not heard from those it names, so it does not send us to loopback either.
      assertEquals(learned("127.0.0.1", [...everything, [ip, 9]]).sort(), site, ip);
    }
  },
});

Deno.test({
  name: "a peer that floods us with lists is not listened to, and has to go",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    const connection = bench.connect(1);
    bench.say(connection, hello());
    for (let i = 0; i < 60; i++) bench.say(connection, adding([[`10.1.0.${i}`, 1]]));
    assertEquals(bench.swarm.peers.size, 1 + 10);
    const more = () => bench.say(connection, adding([["10.1.1.1", 1]]));
    assertThrows(more, ProtocolError, "lists of peers without end");
  },
});

Deno.test({
  name: "a list once a second is borne for as long as it likes",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    const connection = bench.connect(1);
    bench.say(connection, hello());
    for (let i = 0; i < 3600; i++) {
      bench.pass(1000);
      bench.say(connection, adding([["10.1.0.1", 1]]));
    }
    assert(!connection.closing);
  },
});

Deno.test({
  name: "one peer can make us learn so many addresses, and all together so many",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4), maxConnections: 50 });
    const list = (from: number, message: number) =>
      adding(Array.from({ length: 50 }, (_, i) => [`10.${from}.${message}.${i + 1}`, 6881]));
    const liars = Array.from({ length: 12 }, (_, i) => bench.connect(i + 1));
    for (let message = 0; message < 8; message++) bench.say(liars[0]!, list(101, message));
    assertEquals(bench.swarm.peers.size, 12 + 200);
    for (const [i, liar] of liars.entries()) {
      if (i === 0) continue;
      for (let message = 0; message < 8; message++) bench.say(liar, list(101 + i, message));
    }
    assertEquals(bench.swarm.peers.size, 12 + 1000);
    for (let i = 0; i < 1980; i++) {
      bench.swarm.addPeer(`10.200.${i >> 8}.${i & 255}`, 6881, "tracker");
    }
    assertEquals(bench.swarm.peers.size, 12 + 1000 + 1980);
    bench.swarm.addPeer("10.201.0.1", 6881, "user");
    for (let i = 0; i < 20; i++) bench.swarm.addPeer(`10.202.0.${i}`, 6881, "tracker");
    assertEquals(bench.swarm.peers.size, 3000);
    const kept = known(bench);
    for (let i = 0; i < 20; i++) {
      assert(kept.includes(`10.202.0.${i}:6881`), "a tracker's word counts more");
    }
  },
});

Deno.test({
  name: "nobody can make us try the ports of one host one by one",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    const [one, two] = [bench.connect(1), bench.connect(2)];
    bench.say(one, adding(Array.from({ length: 50 }, (_, i) => ["192.0.2.1", i + 1])));
    bench.say(two, adding(Array.from({ length: 50 }, (_, i) => ["192.0.2.1", i + 100])));
    assertEquals(known(bench).filter((address) => address.startsWith("192.0.2.1:")).length, 32);
  },
});

Deno.test({
  name: "what is no list of peers costs the connection",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    const say = () =>
      bench.say(bench.connect(1), { type: "extended", id: OUR_ID, payload: utf8("5:hello") });
    assertThrows(say, ProtocolError);
  },
});

/** The numbers that our last extended handshake to this connection names, `undefined`: none was sent. */
function offered(messages: readonly Message[]): ReadonlyMap<string, number> | undefined {
  const handshake = messages.findLast((m) => m.type === "extended" && m.id === 0);
  if (handshake?.type !== "extended") return undefined;
  return decodeExtendedHandshake(handshake.payload).ids;
}

Deno.test({
  name: "in a private torrent peer exchange is not offered, sent or listened to",
  permissions,
  fn() {
    const torrent = new MemoryTorrent({
      lengths: [4 * 32_768],
      pieceLength: 32_768,
      private: true,
    });
    const bench = new SwarmHarness({ torrent, have: bits(4) });
    assert(bench.swarm.private);
    const [one, two] = [shoal(bench, 1), shoal(bench, 2)];
    bench.say(one, adding([["10.1.0.1", 1]]));
    bench.swarm.addPeer("10.1.0.2", 6881, "peer");
    bench.swarm.addPeer("10.1.0.3", 6881, "local");
    bench.pass(10_000);
    const actions = bench.actions();
    for (const connection of [one, two]) {
      const said = sentTo(actions, connection);
      assertEquals([told(said), offered(said)!.has("ut_pex")], [[], false]);
    }
    assertEquals(known(bench), ["10.0.0.1:6881", "10.0.0.2:6881"]);
    bench.swarm.addPeer("10.1.0.3", 6881, "tracker");
    bench.swarm.addPeer("10.1.0.4", 6881, "user");
    assertEquals(bench.swarm.peers.size, 4);
  },
});

Deno.test({
  name: "a torrent known to be private is so before its pieces move",
  permissions,
  fn() {
    const bench = new SwarmHarness();
    bench.swarm.becomePrivate();
    assert(bench.swarm.private);
    const connection = bench.connect(1);
    assertEquals(offered(bench.said(connection))!.has("ut_pex"), false);
    bench.say(connection, hello(), adding([["10.1.0.1", 1]]));
    assertEquals(bench.swarm.peers.size, 1);
  },
});

Deno.test({
  name: "a torrent that turns out to be private drops those whom other peers introduced",
  permissions,
  fn() {
    const torrent = new MemoryTorrent({
      lengths: [4 * 32_768],
      pieceLength: 32_768,
      private: true,
    });
    const bench = new SwarmHarness({ torrent });
    assert(!bench.swarm.private);
    const tracked = bench.outbound(1) as Connection;
    bench.say(tracked, hello(), adding([["10.1.0.1", 6881], ["10.1.0.2", 6881]]));
    const heardOf = bench.outbound(2, { host: "10.1.0.1" }) as Connection;
    const named = bench.connect(3);
    // The tracker named 10.1.0.1 as well when it was dialled above, so it may stay.
    bench.say(tracked, adding([["10.1.0.9", 6881]]));
    const stranger = bench.peerAt("10.1.0.9", 6881)!;
    bench.swarm.peers.apply(stranger, "dial");
    bench.actions();
    bench.begin();
    const actions = bench.actions();
    assertEquals(offered(sentTo(actions, tracked))!.get("ut_pex"), 0, "it is taken back");
    assertEquals([tracked, heardOf, named].map(({ closing }) => closing), [false, false, false]);
    assertEquals(bench.peerAt("10.1.0.2", 6881), undefined);
    const settled = { inbound: false, v2: false };
    const opened = bench.swarm.opened(stranger, bench.handshake(9), settled, bench.nowMs);
    assertEquals(opened, "the torrent is private");
    assertEquals(bench.peerAt("10.1.0.9", 6881), undefined);
  },
});

Deno.test({
  name: "an open connection to somebody whom peers introduced ends when the torrent is private",
  permissions,
  fn() {
    const torrent = new MemoryTorrent({
      lengths: [4 * 32_768],
      pieceLength: 32_768,
      private: true,
    });
    const bench = new SwarmHarness({ torrent });
    bench.say(bench.connect(1), adding([["10.1.0.9", 6881]]));
    const stranger = bench.peerAt("10.1.0.9", 6881)!;
    bench.swarm.peers.apply(stranger, "dial");
    const settled = { inbound: false, v2: false };
    bench.swarm.opened(stranger, bench.handshake(9), settled, bench.nowMs);
    bench.actions();
    bench.begin();
    assertEquals(bench.carryOutCloses(), ["the torrent is private"]);
    assertEquals(known(bench), ["10.0.0.1:50001"]);
  },
});

Deno.test({
  name: "leechers that know the seeder only find each other in three seconds",
  permissions,
  fn() {
    const world = new MemorySwarm(new MemoryTorrent({ lengths: [16 * 1024 * 1024] }), 5);
    const seeder = world.add({ has: "everything" });
    const leechers = Array.from({ length: 8 }, () => world.add({ has: "magnet", slotCount: 32 }));
    for (const leecher of leechers) leecher.learn(seeder);
    const sizes = () => Array.from(world.nodes.values(), ({ endpoints }) => endpoints.size);
    assert(world.run(3, () => sizes().every((size) => size === 8)), `${sizes()}`);
  },
});
