/** Piece hashes from peers (BEP 52). @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromHex, hex } from "../../../lib/codec/bytes.ts";
import { merkleRoot } from "../../../lib/codec/torrent/merkle.ts";
import { PieceLayer } from "../../../lib/codec/torrent/piece_layer.ts";
import type { HashesMessage, HashRangeMessage } from "../../../lib/codec/wire/message.ts";
import { CorruptDataError } from "../../../lib/errors.ts";
import type { Action } from "../../../lib/peer/connection/actions.ts";
import type { Connection, Negotiated } from "../../../lib/peer/connection/connection.ts";
import { PeerList } from "../../../lib/peer/peers/peer_list.ts";
import { PieceLayerFetch } from "../../../lib/peer/verify/piece_layer_fetch.ts";
import { seededRandom } from "../../../support/random.ts";
import { allOf, bits, connect, sentTo } from "../../support/peer/peers.ts";

const permissions = "none";
const ROOT = fromHex("f61b411edd5deec7aec1a7db8c172916d1022bcf9964c7fca4577eef1424adf0");

/** An exchange and what it wants sent. */
class PieceLayerFetchHarness {
  readonly exchange: PieceLayerFetch;
  readonly #book = new PeerList(() => {});
  #actions: Action[] = [];

  constructor(...layers: PieceLayer[]) {
    const byRoot = new Map(layers.map((layer) => [hex(layer.root), layer]));
    this.exchange = new PieceLayerFetch(byRoot, (action) => this.#actions.push(action));
  }

  peer(id: number, negotiated: Partial<Negotiated> = {}): Connection {
    const connection = connect(this.#book, id, { v2: true, ...negotiated });
    connection.pieces.have = allOf(6);
    return connection;
  }

  /** What is asked of the peer now. */
  asked(connection: Connection, nowMs = 0): HashRangeMessage[] {
    this.exchange.poll(connection, nowMs);
    return this.sent(connection).flatMap((message) =>
      message.type === "hashRequest" ? [message] : []
    );
  }

  sent(connection: Connection) {
    const messages = sentTo(this.#actions, connection);
    this.#actions = this.#actions.filter((action) =>
      action.type !== "send" || action.connection !== connection
    );
    return messages;
  }
}

/** A file of so many pieces with made-up hashes: known, and known by its root only. */
function inventedLayers(pieceCount: number): { known: PieceLayer; unknown: PieceLayer } {
  const random = seededRandom(pieceCount);
  const hashes = Uint8Array.from({ length: pieceCount * 32 }, () => random() * 256);
  const root = merkleRoot(hashes, 0);
  return {
    known: new PieceLayer(root, pieceCount * 16384, 16384, hashes),
    unknown: new PieceLayer(root, pieceCount * 16384, 16384),
  };
}

/** What somebody who knows the layer answers to a request. */
function answerOf(known: PieceLayer, request: HashRangeMessage): HashesMessage {
  return { ...request, type: "hashes", hashes: known.answer(request)! };
}

Deno.test({
  name: "a piece layer arrives in ranges, two at a time, with proofs",
  permissions,
  fn() {
    const { known, unknown } = inventedLayers(1300);
    const bench = new PieceLayerFetchHarness(unknown);
    const peer = bench.peer(1);
    const asked: number[][] = [];
    assert(!bench.exchange.isComplete);
    for (let i = 0; i < 10 && !bench.exchange.isComplete; i++) {
      const requests = bench.asked(peer);
      assert(requests.length <= 2);
      assertEquals(bench.asked(peer), [], "not asked twice");
      for (const request of requests) {
        asked.push([request.baseLayer, request.index, request.length, request.proofLayers]);
        const answer = answerOf(known, request);
        assert(bench.exchange.onHashes(peer, answer));
      }
    }
    assertEquals(asked, [[0, 0, 512, 10], [0, 512, 512, 10], [0, 1024, 512, 10]]);
    assert(bench.exchange.isComplete);
    assertEquals(unknown.hash(1299), known.hash(1299));
  },
});

Deno.test({
  name: "hashes are asked of v2 connections only, and only of peers that have something",
  permissions,
  fn() {
    const bench = new PieceLayerFetchHarness(inventedLayers(4).unknown);
    assertEquals(bench.asked(bench.peer(1, { v2: false })), []);
    const empty = bench.peer(2);
    empty.pieces.have = bits(6);
    assertEquals(bench.asked(empty), []);
    assertEquals(bench.asked(bench.peer(3)).length, 1);
  },
});

Deno.test({
  name: "several peers are asked for different ranges",
  permissions,
  fn() {
    const bench = new PieceLayerFetchHarness(inventedLayers(3000).unknown);
    const indexes = [1, 2, 3, 4].flatMap((id) => bench.asked(bench.peer(id)).map((m) => m.index));
    assertEquals(indexes, [0, 512, 1024, 1536, 2048, 2560]);
  },
});

Deno.test({
  name: "hashes that do not lead to the root convict their sender and are not taken",
  permissions,
  fn() {
    const { known, unknown } = inventedLayers(8);
    const bench = new PieceLayerFetchHarness(unknown);
    const liar = bench.peer(1);
    const [request] = bench.asked(liar);
    const answer = answerOf(known, request!);
    answer.hashes[40]! ^= 1;
    assertThrows(() => bench.exchange.onHashes(liar, answer), CorruptDataError, "do not lead");
    assertEquals(unknown.hash(0), undefined);
    answer.hashes[40]! ^= 1;
    const honest = bench.peer(2);
    assertEquals(bench.asked(honest).length, 1);
    assert(bench.exchange.onHashes(honest, answer));
    assert(bench.exchange.isComplete);
  },
});

Deno.test({
  name: "hashes nobody asked this peer for are ignored, right or wrong",
  permissions,
  fn() {
    const { known, unknown } = inventedLayers(8);
    const bench = new PieceLayerFetchHarness(unknown);
    const asked = bench.peer(1);
    const stranger = bench.peer(2);
    const [request] = bench.asked(asked);
    const answer = answerOf(known, request!);
    assert(!bench.exchange.onHashes(stranger, answer));
    assert(!bench.exchange.onHashes(asked, { ...answer, index: 8 }));
    assert(!bench.exchange.onHashes(asked, { ...answer, root: ROOT }));
    assert(bench.exchange.onHashes(asked, answer));
    assert(!bench.exchange.onHashes(asked, answer), "nor the same a second time");
  },
});

Deno.test({
  name: "a peer that refuses, is silent or leaves is followed by others, and asked again later",
  permissions,
  fn() {
    for (const how of ["refuses", "is silent", "leaves"]) {
      const { known, unknown } = inventedLayers(8);
      const bench = new PieceLayerFetchHarness(unknown);
      const first = bench.peer(1);
      const other = bench.peer(2);
      const [request] = bench.asked(first);
      assertEquals(bench.asked(other), []);
      if (how === "refuses") {
        bench.exchange.onHashReject(other, { ...request!, type: "hashReject" }, 5000);
        assertEquals(bench.asked(other, 5000), [], "a refusal by somebody else means nothing");
        bench.exchange.onHashReject(first, { ...request!, type: "hashReject" }, 5000);
      } else if (how === "leaves") bench.exchange.onDisconnected(first);
      else {
        bench.exchange.tick(4999);
        assertEquals(bench.asked(other, 4999), []);
        bench.exchange.tick(5000);
      }
      if (how !== "leaves") {
        assertEquals(bench.asked(first, 5000), [], "not at once");
        assertEquals(bench.asked(first, 15_000).length, 1, "it may be the only one");
        bench.exchange.onDisconnected(first);
      }
      const [again] = bench.asked(other, 5000);
      const answer = answerOf(known, again!);
      assert(bench.exchange.onHashes(other, answer));
      assert(bench.exchange.isComplete);
    }
  },
});
