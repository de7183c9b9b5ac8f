/** A swarm's connections: who is welcome, who is dialled, how they end. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { hex } from "../../lib/codec/bytes.ts";
import {
  decodeExtendedHandshake,
  encodeExtendedHandshake,
  encodeMetadataMessage,
} from "../../lib/codec/wire/extension.ts";
import type { Message } from "../../lib/codec/wire/message.ts";
import { ProtocolError } from "../../lib/errors.ts";
import type { Connection } from "../../lib/peer/connection/connection.ts";
import { allOf, at, bits, sentTo } from "../support/peer/peers.ts";
import { MemoryTorrent } from "../support/swarm/memory_torrent.ts";
import { idOf, SwarmHarness } from "../support/swarm/swarm_harness.ts";

const permissions = "none";
const BLOCK = 16_384;

function hello(more: Partial<Parameters<typeof encodeExtendedHandshake>[0]> = {}): Message {
  const ids = new Map([["ut_metadata", 3], ["lt_donthave", 4]]);
  return { type: "extended", id: 0, payload: encodeExtendedHandshake({ ids, ...more }) };
}

function torrentOf(version: "v1" | "v2" | "hybrid"): MemoryTorrent {
  return new MemoryTorrent({ version, lengths: [4 * 32_768], pieceLength: 32_768 });
}

Deno.test({
  name: "a connection begins with the extended handshake and then what we have",
  permissions,
  fn() {
    const cases = [
      [allOf(4), true, "haveAll"],
      [bits(4), true, "haveNone"],
      [bits(4, 2), true, "bitfield"],
      [allOf(4), false, "bitfield"],
      [bits(4, 2), false, "bitfield"],
      [bits(4), false, undefined],
    ] as const;
    for (const [have, fast, said] of cases) {
      const bench = new SwarmHarness({ have });
      const types = bench.said(bench.connect(1, { fast })).map(({ type }) => type);
      assertEquals<unknown>(types, ["extended", ...(said ? [said] : [])]);
    }
  },
});

Deno.test({
  name: "without the fast and the extension protocol nothing of either is sent",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4, 0) });
    const connection = bench.connect(1, { fast: false, extensions: false });
    bench.say(connection, { type: "bitfield", bits: Uint8Array.of(0xf0) }, { type: "unchoke" });
    bench.say(connection, { type: "interested" }, { type: "choke" }, { type: "unchoke" });
    bench.say(connection, { type: "request", piece: 3, begin: 0, length: BLOCK });
    bench.swarm.pieceLost(at(0));
    const types = new Set(bench.said(connection).map(({ type }) => type));
    assertEquals(types, new Set(["bitfield", "interested", "unchoke", "request"]));
  },
});

Deno.test({
  name: "the extended handshake says who we are, and what we can give",
  permissions,
  fn() {
    for (const [have, uploadOnly] of [[allOf(4), true], [bits(4), undefined]] as const) {
      const bench = new SwarmHarness({ have });
      const [message] = bench.said(bench.connect(1));
      assert(message?.type === "extended" && message.id === 0);
      const said = decodeExtendedHandshake(message.payload);
      assertEquals([...said.ids.keys()].sort(), ["lt_donthave", "ut_metadata", "ut_pex"]);
      assertEquals(said.metadataSize, bench.torrent.info.bytes.length);
      assertEquals([said.port, said.client, said.uploadOnly], [6881, "bench", uploadOnly]);
      assertEquals(said.yourIp, Uint8Array.of(10, 0, 0, 1));
      assert(said.requestQueue! >= 250);
    }
  },
});

Deno.test({
  name: "what a peer says of itself is kept, however often, and no more of it than is of use",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    const connection = bench.connect(1);
    bench.say(connection, hello({ client: "other 1", requestQueue: 7, metadataSize: 9 }));
    bench.say(connection, hello({ ids: new Map([["lt_donthave", 0]]) }));
    const { peer, extension: { ids: extensionIds, requestQueue, metadataSize } } = connection;
    assertEquals([requestQueue, metadataSize, peer.client], [7, 9, "other 1"]);
    assertEquals(extensionIds.get("ut_metadata"), 3, "a later handshake adds to an earlier one");
    for (let i = 0; i < 100; i++) bench.say(connection, hello({ ids: new Map([[`x${i}`, 9]]) }));
    assertEquals(extensionIds.size, 2);
  },
});

Deno.test({
  name: "requests never exceed what the peer says it queues",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    const connection = bench.connect(1);
    bench.say(connection, hello({ requestQueue: 3 }), { type: "haveAll" }, { type: "unchoke" });
    const requests = bench.said(connection).filter(({ type }) => type === "request");
    assertEquals(requests.length, 3);
  },
});

Deno.test({
  name: "a connection to ourselves ends, and that address is never tried again",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4), id: 100 });
    assertEquals(bench.outbound(100), "that is ourselves");
    assertEquals(bench.swarm.connections.size, 0);
    bench.swarm.addPeer("10.0.0.100", 6881, "tracker");
    bench.pass(120_000);
    assertEquals(bench.actions().filter(({ type }) => type === "dial"), []);
    assertEquals(bench.inbound(100, { host: "10.0.0.9" }), "that is ourselves");
    assert(typeof bench.outbound(1) !== "string", "others are welcome");
  },
});

Deno.test({
  name: "of two connections to one peer both sides keep the one that the greater id began",
  permissions,
  fn() {
    const order = (first: "in" | "out") => first === "in" ? ["in", "out"] : ["out", "in"];
    for (const first of ["in", "out"] as const) {
      for (const [id, other] of [[100, 50], [50, 100]] as const) {
        const bench = new SwarmHarness({ have: bits(4), id });
        for (const way of order(first)) {
          if (way === "in") bench.inbound(other);
          else bench.outbound(other);
        }
        bench.carryOutCloses();
        const kept = [...bench.swarm.connections.values()];
        assertEquals(kept.map((one) => one.negotiated.inbound), [id < other], `${first} ${id}`);
      }
    }
  },
});

Deno.test({
  name: "a second connection the same way is refused",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    bench.connect(1);
    assertEquals(bench.inbound(1, { host: "10.0.1.1" }), "connected already");
    assertEquals(bench.swarm.connections.size, 1);
  },
});

Deno.test({
  name: "a peer that is connected already is not dialled again and again",
  permissions,
  fn() {
    // It came to us without saying where it listens, and the tracker named its address.
    const bench = new SwarmHarness({ have: bits(4), id: 50 });
    const connection = bench.connect(100);
    assertEquals(bench.outbound(100), "connected already");
    assertEquals([connection.peer.port, connection.peer.dialable], [6881, true]);
    bench.swarm.addPeer("10.0.0.100", 6881, "tracker");
    bench.pass(60_000);
    assertEquals(bench.actions().filter(({ type }) => type === "dial"), []);
  },
});

Deno.test({
  name: "a hybrid is answered on the v2 hash wherever the other side can",
  permissions,
  fn() {
    const other = new Uint8Array(20).fill(9);
    for (const version of ["v1", "v2", "hybrid"] as const) {
      const bench = new SwarmHarness({ torrent: torrentOf(version), have: bits(4) });
      const { v1Hash, v2Hash } = bench.torrent.info;
      const ask = (infoHash: Uint8Array, v2Upgrade: boolean) => {
        const answer = bench.swarm.infoHashes.answer({
          ...bench.handshake(1),
          infoHash,
          v2Upgrade,
        });
        return answer && [hex(answer.handshake.infoHash), answer.v2, answer.handshake.v2Upgrade];
      };
      const v1 = v1Hash && hex(v1Hash);
      const v2 = v2Hash && hex(v2Hash.subarray(0, 20));
      assertEquals(ask(other, true), undefined);
      if (v1Hash) {
        assertEquals<unknown>(ask(v1Hash, false), [v1, false, version === "hybrid"]);
        const upgraded = version === "hybrid" ? [v2, true, false] : [v1, false, false];
        assertEquals<unknown>(ask(v1Hash, true), upgraded);
      }
      if (v2Hash) assertEquals<unknown>(ask(v2Hash.subarray(0, 20), false), [v2, true, false]);
    }
  },
});

Deno.test({
  name: "the answer to our own handshake may be on either hash of the torrent, and no other",
  permissions,
  fn() {
    const bench = new SwarmHarness({ torrent: torrentOf("hybrid"), have: bits(4) });
    const { v1Hash, v2Hash } = bench.torrent.info;
    const on = (infoHash: Uint8Array) =>
      bench.swarm.infoHashes.versionOf({ ...bench.handshake(1), infoHash });
    assertEquals([on(v1Hash!), on(v2Hash!.subarray(0, 20)), on(new Uint8Array(20))], [
      "v1",
      "v2",
      undefined,
    ]);
  },
});

Deno.test({
  name:
    "peers are dialled on the v1 hash with the upgrade bit, on the v2 hash where only that is known",
  permissions,
  fn() {
    const dials = (version: "v1" | "v2" | "hybrid", viaV2: boolean) => {
      const bench = new SwarmHarness({ torrent: torrentOf(version), have: bits(4) });
      bench.swarm.addPeer("10.0.0.1", 6881, "tracker", viaV2);
      bench.pass(250);
      const [dial] = bench.actions().filter(({ type }) => type === "dial");
      assert(dial?.type === "dial");
      return [dial.v2, bench.swarm.infoHashes.handshake(dial.v2).v2Upgrade];
    };
    assertEquals(dials("v1", false), [false, false]);
    assertEquals(dials("v2", false), [true, false]);
    assertEquals(dials("hybrid", false), [false, true]);
    assertEquals(dials("hybrid", true), [true, false], "it was found under the v2 hash");
  },
});

Deno.test({
  name: "a hybrid found by its v1 hash connects anew as v2 to peers that can, and to no others",
  permissions,
  fn() {
    const torrent = torrentOf("hybrid");
    const bench = new SwarmHarness({ torrent, hashes: ["v1"], layersKnown: false });
    const able = bench.outbound(1, { v2Upgrade: true }) as Connection;
    const unable = bench.outbound(2) as Connection;
    const unreachable = bench.connect(3, { v2Upgrade: true });
    bench.begin();
    assertEquals([able, unable, unreachable].map((one) => one.closing), [true, false, false]);
    assertEquals(bench.carryOutCloses(), ["connecting anew as v2"]);
    const [dial] = bench.actions().filter(({ type }) => type === "dial");
    assert(dial?.type === "dial" && dial.peer === able.peer, "and at once");
    assert(bench.swarm.infoHashes.handshake(dial.v2).v2Upgrade);
  },
});

Deno.test({
  name: "a hybrid whose hashes nobody gives is fetched by its SHA-1 hashes after a while",
  permissions,
  fn() {
    const torrent = torrentOf("hybrid");
    const bench = new SwarmHarness({ torrent, have: bits(4), layersKnown: false });
    const connection = bench.connect(1);
    bench.say(connection, { type: "haveAll" }, { type: "unchoke" });
    const requests = () => bench.said(connection).filter(({ type }) => type === "request").length;
    assertEquals(requests(), 0);
    bench.pass(3000);
    assertEquals(requests(), 0);
    bench.pass(500);
    assertEquals(requests(), 8);
    assertEquals(bench.transfer.expected(at(0))!.kind, "sha1");
  },
});

Deno.test({
  name: "not more than thirty peers are dialled at once, nor more than there is room for",
  permissions,
  fn() {
    const dials = (maxConnections: number, connected: number) => {
      const bench = new SwarmHarness({ have: bits(4), maxConnections });
      for (let i = 0; i < connected; i++) bench.connect(i + 1);
      for (let i = 0; i < 100; i++) bench.swarm.addPeer(`10.1.${i}.1`, 6881, "tracker");
      bench.pass(1000);
      return bench.actions().filter(({ type }) => type === "dial").length;
    };
    assertEquals([dials(500, 0), dials(10, 0), dials(10, 7), dials(5, 5)], [30, 10, 3, 0]);
  },
});

Deno.test({
  name: "who connects when there is no room is turned away, and not remembered",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4), maxConnections: 2 });
    bench.connect(1);
    bench.connect(2);
    assertEquals(bench.inbound(3), "not accepted");
    assertEquals([bench.swarm.connections.size, bench.swarm.peers.size], [2, 2]);
  },
});

Deno.test({
  name: "a failed dial puts the peer away until its back-off is over",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    bench.swarm.addPeer("10.0.0.1", 6881, "tracker");
    bench.pass(250);
    bench.actions();
    const peer = bench.peerAt("10.0.0.1", 6881)!;
    assertEquals(peer.state, "connecting");
    bench.swarm.dialFailed(peer, "refuses connections", bench.nowMs);
    assertEquals([peer.state, peer.reason], ["away", "refuses connections"]);
    bench.pass(1250);
    assertEquals(peer.state, "away");
    bench.pass(1500);
    assertEquals(peer.state, "connecting");
  },
});

Deno.test({
  name: "once complete, nobody is dialled who was complete when last seen",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: allOf(4) });
    const connection = bench.outbound(1) as Connection;
    bench.say(connection, { type: "haveAll" });
    bench.pass(1500);
    assertEquals(bench.carryOutCloses(), ["both sides are complete"]);
    bench.swarm.addPeer("10.0.0.2", 6881, "tracker");
    bench.pass(60_000);
    const dialled = bench.actions().flatMap((a) => a.type === "dial" ? [a.peer.host] : []);
    assertEquals(dialled, ["10.0.0.2"]);
  },
});

Deno.test({
  name: "a connection that is silent for two and a half minutes ends",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    const connection = bench.connect(1);
    bench.pass(100_000);
    bench.say(connection, { type: "keepAlive" });
    bench.pass(150_000);
    assertEquals(bench.carryOutCloses(), []);
    bench.pass(250);
    assertEquals(bench.carryOutCloses(), ["said nothing for too long"]);
    assertEquals(bench.swarm.connections.size, 0);
  },
});

Deno.test({
  name: "a keep-alive goes out when nothing else has for a while, much sooner to rqbit",
  permissions,
  fn() {
    const count = (peerId: Uint8Array, busy: boolean) => {
      const bench = new SwarmHarness({ have: bits(4) });
      const connection = bench.connect(1, { peerId });
      let keepAlives = 0;
      for (let i = 0; i < 120; i++) {
        if (i % 5 === 0) bench.say(connection, { type: "keepAlive" });
        if (busy) bench.swarm.sent(connection, 0, bench.nowMs);
        bench.pass(1000);
        keepAlives += bench.said(connection).filter(({ type }) => type === "keepAlive").length;
      }
      return keepAlives;
    };
    const rqbit = Uint8Array.from("-rQ0001-abcdefghijkl", (c) => c.charCodeAt(0));
    assertEquals(count(idOf(1), false), 2);
    assertEquals(count(rqbit, false), 15);
    assertEquals(count(rqbit, true), 0);
  },
});

Deno.test({
  name: "metadata that does not match bans who sent it; so do hashes that do not",
  permissions,
  fn() {
    const bench = new SwarmHarness();
    const liar = bench.outbound(1) as Connection;
    const { length } = bench.torrent.info.bytes;
    bench.say(liar, hello({ metadataSize: length }));
    assertEquals(bench.said(liar).at(-1)!.type, "extended");
    const data = new Uint8Array(length);
    const lie = encodeMetadataMessage({ type: "data", piece: 0, totalSize: length, data });
    const say = () => bench.say(liar, { type: "extended", id: 1, payload: lie });
    assertThrows(say, ProtocolError, "does not match");
    assertEquals(liar.peer.state, "banned");
    assertEquals(bench.carryOutCloses().length, 1);
    bench.pass(120_000);
    assertEquals(bench.actions().filter(({ type }) => type === "dial"), []);
    assertEquals(bench.inbound(1), "banned before", "nor may it come back by itself");
    assert(typeof bench.inbound(1, { host: "10.9.9.9" }) !== "string");

    const torrent = torrentOf("v2");
    const other = new SwarmHarness({ torrent, have: bits(4), layersKnown: false });
    const liar2 = other.connect(2, { v2: true });
    other.say(liar2, { type: "haveAll" });
    const request = other.said(liar2).find(({ type }) => type === "hashRequest");
    assert(request?.type === "hashRequest");
    const hashes = new Uint8Array(request.length * 32);
    const answer = { ...request, type: "hashes", hashes } as const;
    assertThrows(() => other.say(liar2, answer), ProtocolError, "do not lead");
    assertEquals(liar2.peer.state, "banned");
  },
});

/** The peer gives every block it owes; the pieces that are full then fail. */
function failAll(bench: SwarmHarness, connection: Connection): void {
  for (const message of bench.said(connection)) {
    if (message.type !== "request") continue;
    const block = new Uint8Array(message.length);
    bench.say(connection, { type: "piece", piece: message.piece, begin: message.begin, block });
  }
  for (const { piece, isFull } of [...bench.transfer.pieces.active.values()]) {
    if (isFull) bench.swarm.verified(piece, false, false);
  }
}

Deno.test({
  name: "who alone sent a bad piece is banned, closed, asked for nothing more and not heard again",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    const bad = bench.outbound(1) as Connection;
    bench.say(bad, { type: "haveAll" }, { type: "unchoke" });
    failAll(bench, bad);
    const actions = bench.actions();
    assertEquals(sentTo(actions, bad).filter(({ type }) => type === "request"), []);
    assertEquals(actions.filter(({ type }) => type === "close").length, 1);
    assertEquals(bad.peer.state, "banned");
    bench.say(bad, { type: "have", piece: 99 }, {
      type: "piece",
      piece: 0,
      begin: 1,
      block: idOf(1),
    });
    bench.swarm.closed(bad, "closed", bench.nowMs);
    assertEquals([bad.peer.state, bad.peer.reason.startsWith("sent corrupt data")], [
      "banned",
      true,
    ]);
    assertEquals(bench.inbound(1), "banned before");
  },
});

Deno.test({
  name: "a verdict that comes while its culprit is being dialled again does not upset the swarm",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    const bad = bench.outbound(1) as Connection;
    bench.say(bad, { type: "haveAll" }, { type: "unchoke" });
    for (const message of bench.said(bad)) {
      if (message.type !== "request") continue;
      const { piece, begin, length } = message;
      bench.say(bad, { type: "piece", piece, begin, block: new Uint8Array(length) });
    }
    bench.swarm.closed(bad, "closed by the peer", bench.nowMs);
    bench.pass(3000);
    assertEquals(bad.peer.state, "connecting");
    bench.swarm.verified(at(0), false, false);
    assertEquals(bad.peer.state, "banned");
    const settled = { inbound: false, v2: false };
    const opened = bench.swarm.opened(bad.peer, bench.handshake(1), settled, bench.nowMs);
    assert(typeof opened === "string" && opened.startsWith("sent corrupt data"));
  },
});

Deno.test({
  name: "who comes back from a banned peer's address under another name is closed once it is known",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    const bad = bench.outbound(1) as Connection;
    bench.say(bad, { type: "haveAll" }, { type: "unchoke" });
    failAll(bench, bad);
    bench.carryOutCloses();
    const again = bench.connect(7, { host: "10.0.0.1" });
    bench.say(again, hello({ port: 6881 }));
    assertEquals(bench.carryOutCloses().length, 1);
  },
});

Deno.test({
  name: "what peers said before the metadata was known counts once it is",
  permissions,
  fn() {
    const bench = new SwarmHarness();
    const [one, two, bad] = [bench.connect(1), bench.connect(2, { fast: false }), bench.connect(3)];
    bench.say(one, { type: "haveAll" }, { type: "unchoke" });
    bench.say(two, { type: "bitfield", bits: Uint8Array.of(0x80) }, { type: "have", piece: 3 });
    bench.say(two, { type: "interested" });
    bench.say(bad, { type: "have", piece: 7 });
    bench.begin(bits(4, 1));
    const actions = bench.actions();
    const said = (connection: Connection) => sentTo(actions, connection).map(({ type }) => type);
    assertEquals(one.pieces.have.isFull && two.pieces.have.count === 2, true);
    assert(said(one).includes("request"));
    assert(said(one).includes("have"), "we had said that we have nothing");
    assertEquals(said(one).filter((type) => type === "haveNone").length, 1);
    assert(said(two).includes("unchoke") && said(two).includes("interested"));
    assert(bad.closing, "a piece that does not exist");
  },
});

Deno.test({
  name: "when the first peers asked for the metadata say nothing, the next is asked",
  permissions,
  fn() {
    const bench = new SwarmHarness();
    const peers = [1, 2, 3, 4].map((id) => bench.connect(id));
    const asked = () => {
      const actions = bench.actions();
      const isRequest = ({ type, ...more }: Message) =>
        type === "extended" && "id" in more && more.id === 3;
      return peers.map((peer) => sentTo(actions, peer).filter(isRequest).length);
    };
    for (const peer of peers) bench.say(peer, hello({ metadataSize: 500 }));
    assertEquals(asked(), [1, 1, 1, 0]);
    bench.pass(5250);
    assertEquals(asked(), [0, 0, 0, 1]);
  },
});

Deno.test({
  name: "the metadata is given to who asks for it, some times over",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    const connection = bench.connect(1);
    bench.say(connection, hello());
    bench.actions();
    const ask = (piece: number) => {
      const payload = encodeMetadataMessage({ type: "request", piece });
      bench.say(connection, { type: "extended", id: 1, payload });
      const [answer] = bench.said(connection);
      assert(answer?.type === "extended" && answer.id === 3);
      return answer.payload.length > bench.torrent.info.bytes.length ? "data" : "reject";
    };
    assertEquals([ask(0), ask(1), ask(0), ask(0), ask(0)], [
      "data",
      "reject",
      "data",
      "data",
      "reject",
    ]);
  },
});

Deno.test({
  name: "a piece lost from the disk is taken back from those who understand it",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: allOf(4) });
    const [knows, not] = [bench.connect(1), bench.connect(2)];
    bench.say(knows, hello());
    bench.say(not, hello({ ids: new Map() }));
    bench.actions();
    bench.swarm.pieceLost(at(2));
    bench.swarm.pieceLost(at(2));
    const actions = bench.actions();
    const payload = Uint8Array.of(0, 0, 0, 2);
    assertEquals<unknown>(sentTo(actions, knows), [{ type: "extended", id: 4, payload }]);
    assertEquals(sentTo(actions, not), []);
    bench.say(knows, { type: "request", piece: 2, begin: 0, length: BLOCK });
    assertEquals(bench.said(knows).at(-1)!.type, "reject");
  },
});

Deno.test({
  name: "bytes are counted over all connections, also those that are gone",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    const one = bench.connect(1);
    bench.say(one, { type: "haveAll" }, { type: "unchoke" });
    const { piece, begin } = bench.said(one).find(({ type }) => type === "request") as {
      piece: number;
      begin: number;
    } & Message;
    bench.say(one, { type: "piece", piece, begin, block: new Uint8Array(BLOCK) });
    bench.swarm.sent(one, 500, bench.nowMs);
    bench.swarm.closed(one, "closed", bench.nowMs);
    bench.swarm.closed(one, "closed", bench.nowMs);
    bench.swarm.sent(bench.connect(2), 70, bench.nowMs);
    assertEquals([bench.swarm.downloadedBytes, bench.swarm.uploadedBytes], [BLOCK, 570]);
  },
});
