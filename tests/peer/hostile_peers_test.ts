/** Peers that flood, lie or dawdle: what each costs them, and that others are served all the same. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { encodeDontHave } from "../../lib/codec/wire/extension.ts";
import type { Message } from "../../lib/codec/wire/message.ts";
import { ProtocolError } from "../../lib/errors.ts";
import type { Connection } from "../../lib/peer/connection/connection.ts";
import { OurExtension } from "../../lib/peer/extension/extended_handshake.ts";
import type { Swarm } from "../../lib/peer/swarm.ts";
import { allOf, bits, sentTo } from "../support/peer/peers.ts";
import { MemorySwarm } from "../support/swarm/memory_swarm.ts";
import { MemoryTorrent } from "../support/swarm/memory_torrent.ts";
import { SwarmHarness } from "../support/swarm/swarm_harness.ts";

const permissions = "none";
const MIB = 1024 * 1024;

/** How often a peer gets to say one of `messages` before it has to go, all at the same moment. */
function saidBefore(bench: SwarmHarness, peer: Connection, ...messages: Message[]): number {
  let said = 0;
  assertThrows(
    () => {
      for (; said < 200_000; said++) bench.say(peer, messages[said % messages.length]!);
    },
    ProtocolError,
    "says the same again and again",
  );
  bench.swarm.closed(peer, "flood", bench.nowMs);
  bench.actions();
  return said;
}

const haveField = { type: "bitfield", bits: Uint8Array.of(0xf0) } as const;

Deno.test({
  name: "who says the same of its pieces, or changes its mind, without end has to go",
  permissions,
  fn() {
    const floods: [messages: Message[], least: number, most: number][] = [
      [[{ type: "have", piece: 2 }], 2000, 2010],
      [[haveField], 4, 4],
      [[haveField, { type: "bitfield", bits: Uint8Array.of(0xe0) }], 4, 8],
      [[{ type: "haveAll" }, { type: "haveNone" }], 4, 4],
      [[{ type: "choke" }, { type: "unchoke" }], 2000, 2010],
      [[{ type: "interested" }, { type: "notInterested" }], 2000, 2010],
    ];
    const lost = {
      type: "extended",
      id: OurExtension.dontHave,
      payload: encodeDontHave(1),
    } as const;
    floods.push([[{ type: "have", piece: 1 }, lost], 4000, 4020]);
    for (const [messages, least, most] of floods) {
      const bench = new SwarmHarness({ have: bits(4) });
      const peer = bench.connect(1);
      const said = saidBefore(bench, peer, ...messages);
      assert(said >= least && said <= most, `${messages.map(({ type }) => type)}: ${said}`);
    }
  },
});

Deno.test({
  name: "a peer that gets piece after piece, or changes its mind now and then, may stay",
  permissions,
  fn() {
    const torrent = new MemoryTorrent({ lengths: [4096 * 1024], pieceLength: 1024, version: "v1" });
    const bench = new SwarmHarness({ torrent, have: bits(4096) });
    const peer = bench.connect(1);
    for (let piece = 0; piece < 4096; piece++) bench.say(peer, { type: "have", piece });
    for (let i = 0; i < 10_000; i++) {
      bench.nowMs += 100;
      bench.say(peer, { type: i % 2 === 0 ? "choke" : "unchoke" });
    }
    assertEquals(bench.swarm.connections.size, 1);
  },
});

Deno.test({
  name: "a peer that sends all its pieces anew with each that it gets, as aria2 does, may stay",
  permissions,
  fn() {
    for (const pieces of [31, 4096]) {
      const lengths = [pieces * 1024];
      const torrent = new MemoryTorrent({ lengths, pieceLength: 1024, version: "v1" });
      const bench = new SwarmHarness({ torrent, have: bits(pieces, 0) });
      const peer = bench.connect(1);
      const own = bits(pieces);
      bench.say(peer, { type: "haveNone" });
      for (let piece = 0; piece < pieces; piece++) {
        own.set(piece);
        bench.say(peer, { type: "bitfield", bits: own.bytes() });
        assertEquals(peer.pieces.wantedCount, piece);
      }
      bench.say(peer, { type: "haveAll" });
      assertEquals([bench.swarm.connections.size, peer.pieces.have.isFull], [1, true]);
    }
  },
});

Deno.test({
  name: "hash requests without end cost the connection, and each one until then gets an answer",
  permissions,
  fn() {
    const torrent = new MemoryTorrent({ version: "v2", lengths: [8 * 65_536] });
    const bench = new SwarmHarness({ torrent, have: allOf(8) });
    const peer = bench.connect(1, { v2: true });
    const { root } = torrent.info.files[0]!;
    const request = { type: "hashRequest", root: root!, index: 0, proofLayers: 0 } as const;
    let answers = 0;
    let hashing = 0;
    assertThrows(
      () => {
        for (let i = 0; i < 200_000; i++) {
          bench.say(peer, { ...request, baseLayer: i % 3, length: 4 });
          if (i % 1000 !== 0) continue;
          const actions = bench.actions();
          answers += sentTo(actions, peer).length;
          hashing += actions.filter(({ type }) => type === "hashBlocks").length;
        }
      },
      ProtocolError,
      "keeps asking for hashes",
    );
    assertEquals(hashing, 1, "one piece at a time, and this one was never read");
    assert(answers > 130_000 - 9 && answers < 131_073, `${answers}`);
  },
});

Deno.test({
  name:
    "seeders that claim everything and then choke, refuse or are silent hold up nobody for long",
  permissions,
  fn() {
    for (const how of ["silent", "refusing"] as const) {
      const world = new MemorySwarm(new MemoryTorrent({ lengths: [2 * MIB] }), 5);
      const liars = [1, 2, 3].map(() => world.add({ has: "everything" }));
      for (const liar of liars) {
        liar.read = () => new Uint8Array(0);
        liar.swarm.takeUploads = () => [];
        if (how === "refusing") {
          refuse(liar.swarm);
        }
      }
      world.add({ has: "everything" });
      const leecher = world.add({ has: "nothing", slotCount: 8 });
      world.introduceAll();
      assert(world.run(40, () => leecher.isComplete), how);
      assertEquals([...leecher.swarm.peers.values()].filter(({ state }) => state === "banned"), []);
      const limitMs = how === "silent" ? 22_000 : 12_000;
      assert(leecher.completeMs! < limitMs, `${how}: ${leecher.completeMs} ms`);
    }
  },
});

/** Every request is answered by a reject. */
function refuse(swarm: Swarm): void {
  const { received } = swarm;
  swarm.received = (connection, message, nowMs) => {
    received.call(swarm, connection, message, nowMs);
    for (const block of connection.upload.queue.splice(0)) swarm.uploadRefused(connection, block);
  };
}

Deno.test({
  name: "a peer that takes our requests and dawdles loses its place when others come",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4), maxConnections: 1 });
    const slow = bench.connect(1);
    bench.say(slow, { type: "haveAll" }, { type: "unchoke" });
    bench.pass(9000);
    assert(slow.download.outstanding.size > 0);
    // A message now and then keeps the connection, but not the place.
    bench.say(slow, { type: "keepAlive" });
    assertEquals(bench.inbound(2), "not accepted", "too early");
    bench.pass(2000);
    bench.say(slow, { type: "keepAlive" });
    assert(typeof bench.inbound(3) !== "string");
    assertEquals(bench.carryOutCloses(), ["makes room for another peer"]);
  },
});

Deno.test({
  name: "a connection that never finishes a message ends, however slowly its bytes trickle",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    const peer = bench.connect(1);
    bench.say(peer, { type: "haveAll" }, { type: "unchoke" });
    bench.pass(149_000);
    assertEquals(bench.carryOutCloses(), []);
    bench.pass(3000);
    assertEquals(bench.carryOutCloses(), ["said nothing for too long"]);
  },
});
