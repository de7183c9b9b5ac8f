/** Web seeds among the peers, and places that are of no use. @module */

import { assert, assertEquals } from "@std/assert";
import { encodeExtendedHandshake } from "../../lib/codec/wire/extension.ts";
import { decodePex, PEX_EXTENSION } from "../../lib/codec/wire/pex.ts";
import type { Action } from "../../lib/peer/connection/actions.ts";
import { addressOf, type Peer } from "../../lib/peer/connection/peer.ts";
import { allOf, bits, sentTo } from "../support/peer/peers.ts";
import { SwarmHarness } from "../support/swarm/swarm_harness.ts";

const permissions = "none";
const URL_TEXT = "http://10.0.0.77:8080/data.bin";

function dialled(actions: readonly Action[]): Peer[] {
  return actions.flatMap((action) => action.type === "dial" ? [action.peer] : []);
}

/** Learns of the web seed and connects to it as its driver does. */
function openWebSeed(bench: SwarmHarness) {
  bench.swarm.peers.addWebSeed(new URL(URL_TEXT));
  bench.pass(250);
  const [peer] = dialled(bench.actions()).filter(({ url }) => url !== undefined);
  const handshake = bench.handshake(200, { extensions: false });
  const settled = { inbound: false, v2: false };
  const connection = bench.swarm.opened(peer!, handshake, settled, bench.nowMs);
  assert(typeof connection !== "string", String(connection));
  bench.say(connection, { type: "haveAll" }, { type: "unchoke" });
  bench.swarm.poll(bench.nowMs);
  return { peer: peer!, connection };
}

Deno.test("a web seed is dialled, asked for blocks, and told nothing a peer would be told", {
  permissions,
}, () => {
  const bench = new SwarmHarness({ have: bits(4) });
  const { peer, connection } = openWebSeed(bench);
  assertEquals([peer.state, addressOf(peer)], ["connected", URL_TEXT]);
  const types = new Set(sentTo(bench.actions(), connection).map(({ type }) => type));
  assertEquals(types, new Set(["haveNone", "interested", "request"]));
  bench.pass(20_000);
  assertEquals(connection.upload.amChoking, true);
});

Deno.test("a web seed takes no peer's place, and is no peer to tell others of", {
  permissions,
}, () => {
  const bench = new SwarmHarness({ have: bits(4), maxConnections: 2 });
  openWebSeed(bench);
  const peers = [1, 2].map((id) => bench.connect(id));
  assertEquals(bench.inbound(3), "not accepted");
  const payload = encodeExtendedHandshake({ ids: new Map([[PEX_EXTENSION, 5]]), port: 6881 });
  for (const peer of peers) bench.say(peer, { type: "extended", id: 0, payload });
  bench.actions();
  bench.pass(30_000);
  const told = sentTo(bench.actions(), peers[0]!)
    .flatMap((message) => message.type === "extended" && message.id === 5 ? [message] : [])
    .flatMap((message) => decodePex(message.payload).added.map(({ host }) => host));
  assertEquals(told, ["10.0.0.2"]);
});

Deno.test("a web seed that fails again and again is tried ever less often, and never given up", {
  permissions,
}, () => {
  const bench = new SwarmHarness({ have: bits(4) });
  for (let attempt = 0; attempt < 12; attempt++) {
    const { connection } = openWebSeed(bench);
    bench.swarm.closed(connection, "answers 500", bench.nowMs);
    bench.pass(50_000);
  }
  const { peer, connection } = openWebSeed(bench);
  bench.swarm.closed(connection, "answers 500", bench.nowMs);
  bench.actions();
  bench.pass(20_000);
  assertEquals([peer.state, dialled(bench.actions())], ["away", []]);
  bench.swarm.peers.postpone(peer, bench.nowMs + 300_000);
  bench.pass(299_000);
  assertEquals(dialled(bench.actions()), []);
  bench.pass(2000);
  assertEquals(dialled(bench.actions()), [peer]);
});

Deno.test("who has everything asks no web seed", { permissions }, () => {
  const bench = new SwarmHarness({ have: allOf(4) });
  bench.swarm.peers.addWebSeed(new URL(URL_TEXT));
  bench.pass(60_000);
  assertEquals(dialled(bench.actions()), []);
});

Deno.test("a web seed is known once, and not confused with a peer at its address", {
  permissions,
}, () => {
  const bench = new SwarmHarness({ have: bits(4) });
  bench.swarm.peers.addWebSeed(new URL(URL_TEXT));
  bench.swarm.peers.addWebSeed(new URL(URL_TEXT));
  bench.swarm.addPeer("10.0.0.77", 8080, "tracker");
  assertEquals([...bench.swarm.peers.values()].map(addressOf), [URL_TEXT, "10.0.0.77:8080"]);
});

Deno.test("when all places are taken, one of no use to either side goes for somebody untried", {
  permissions,
}, () => {
  const bench = new SwarmHarness({ have: bits(4), maxConnections: 2 });
  bench.connect(1);
  const other = bench.connect(2);
  bench.say(other, { type: "have", piece: 1 });
  bench.pass(30_000);
  assertEquals(bench.carryOutCloses(), [], "there is nobody else");
  bench.swarm.addPeer("10.0.0.3", 6881, "tracker");
  bench.pass(250);
  assertEquals(bench.carryOutCloses(), ["has nothing we want, nor wants anything"]);
  assertEquals([...bench.swarm.connections.values()], [other]);
  bench.pass(250);
  assertEquals(dialled(bench.actions()).map(({ host }) => host), ["10.0.0.3"]);
});

Deno.test(
  "what corrupt data of a web seed means is left to who knows its files, and it may be banned",
  {
    permissions,
  },
  () => {
    const bench = new SwarmHarness({ have: bits(4) });
    const { peer, connection } = openWebSeed(bench);
    const requests = sentTo(bench.actions(), connection)
      .flatMap((message) => message.type === "request" ? [message] : []);
    for (const { piece, begin, length } of requests) {
      if (piece !== requests[0]!.piece) continue;
      bench.say(connection, { type: "piece", piece, begin, block: new Uint8Array(length) });
    }
    const [verify] = bench.actions().filter(({ type }) => type === "verify");
    assert(verify?.type === "verify");
    const { piece } = verify.active;
    bench.swarm.verified(piece, false, false, new Uint8Array(64));
    const spoiled = bench.actions().filter(({ type }) => type === "spoiled");
    assertEquals(spoiled, [{ type: "spoiled", peer, piece }]);
    assertEquals([peer.state, peer.badPieces], ["connected", 1]);
    bench.swarm.ban(peer, piece);
    assertEquals(bench.carryOutCloses(), [`sent corrupt data (piece ${piece})`]);
    assertEquals(peer.state, "banned");
  },
);
