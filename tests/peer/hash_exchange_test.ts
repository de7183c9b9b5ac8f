/** Piece hashes from peers and for peers (BEP 52). @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { concat, fromHex, hex } from "../../lib/codec/bytes.ts";
import { decodeMessage, encodeMessage, type HashRangeMessage } from "../../lib/codec/message.ts";
import { blockHashes, merkleRoot, MerkleTree } from "../../lib/codec/merkle.ts";
import { PieceLayer } from "../../lib/codec/piece_layer.ts";
import { ProtocolError } from "../../lib/errors.ts";
import type { Action } from "../../lib/peer/actions.ts";
import type { Connection, Negotiated } from "../../lib/peer/connection.ts";
import { CorruptDataError } from "../../lib/peer/corrupt_data.ts";
import { HashExchange } from "../../lib/peer/hash_exchange.ts";
import { PeerBook } from "../../lib/peer/peer_book.ts";
import { formulaBytes } from "../support/content.ts";
import { allOf, bits, connect, sentTo } from "../support/peers.ts";
import { seededRandom } from "../support/random.ts";

const permissions = "none";
const ROOT = fromHex("f61b411edd5deec7aec1a7db8c172916d1022bcf9964c7fca4577eef1424adf0");
const TREE = new MerkleTree(blockHashes(formulaBytes(81921)), 0);

/** The 81,921 bytes in pieces of one block: their layer is the row of leaves. */
function knownLayer(): PieceLayer {
  return new PieceLayer(ROOT, 81921, 16384, blockHashes(formulaBytes(81921)));
}

/** An exchange and what it wants sent. */
class Bench {
  readonly exchange: HashExchange;
  readonly #book = new PeerBook(() => {});
  #actions: Action[] = [];

  constructor(...layers: PieceLayer[]) {
    const byRoot = new Map(layers.map((layer) => [hex(layer.root), layer]));
    this.exchange = new HashExchange(byRoot, (action) => this.#actions.push(action));
  }

  peer(id: number, negotiated: Partial<Negotiated> = {}): Connection {
    const connection = connect(this.#book, id, { v2: true, ...negotiated });
    connection.remote = allOf(6);
    return connection;
  }

  /** What is asked of the peer now. */
  asked(connection: Connection, nowMs = 0): HashRangeMessage[] {
    this.exchange.settle(connection, nowMs);
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

/** What `server` answers to a request. */
function answerOf(server: Bench, request: HashRangeMessage) {
  const client = server.peer(99);
  server.exchange.request(client, request);
  return server.sent(client)[0]!;
}

Deno.test({
  name: "hash requests are answered as libtorrent answers them",
  permissions,
  fn() {
    const rows: [range: string, answer: string | undefined][] = [
      ["0,4,2,2", "0.4 0.5 1.3 2.0"],
      ["0,0,4,2", "0.0 0.1 0.2 0.3 2.1"],
      ["0,0,8,2", "0.0 0.1 0.2 0.3 0.4 0.5 0.6 0.7"],
      ["0,4,2,0", "0.4 0.5"],
      ["0,6,2,2", "0.6 0.7 1.2 2.0"],
      ["1,2,2,1", "1.2 1.3 2.0"],
      ["1,0,4,1", "1.0 1.1 1.2 1.3"],
      ["0,4,1,2", "0.4 1.3 2.0"],
      ["0,0,2,3", undefined],
      ["0,0,16,0", undefined],
    ];
    for (const [range, answer] of rows) {
      const [baseLayer, index, length, proofLayers] = range.split(",").map(Number) as number[];
      const fields = { root: ROOT, baseLayer, index, length, proofLayers } as HashRangeMessage;
      const message = answerOf(new Bench(knownLayer()), { ...fields, type: "hashRequest" });
      if (answer === undefined) assertEquals(message, { ...fields, type: "hashReject" }, range);
      else {
        const nodes = answer.split(" ").map((node) => node.split(".").map(Number));
        const hashes = concat(...nodes.map(([layer, at]) => TREE.node(layer!, at!)));
        assertEquals<unknown>(message, { ...fields, type: "hashes", hashes }, range);
      }
    }
  },
});

Deno.test({
  name: "a hash request and its answer are, byte for byte, what libtorrent sends",
  permissions,
  fn() {
    const range = "f61b411edd5deec7aec1a7db8c172916d1022bcf9964c7fca4577eef1424adf0" +
      "00000000000000040000000200000002";
    const request = decodeMessage(fromHex("15" + range)) as HashRangeMessage;
    const answer = answerOf(new Bench(knownLayer()), request);
    assertEquals(
      hex(encodeMessage(answer)),
      "000000b116" + range +
        "7134b8929526696d80e27d58378f6f01a3b87633fbcdffe4eb0f9e7e8f54c515" +
        "1f184f101c67d585ba00d24cfde36863f747fbab9e84af7760ec771e9b36ca51" +
        "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b" +
        "88866eeb00fd9d7f8d4b79a31bf452581a9788c0190bf03a1e122a4a19111f80",
    );
  },
});

Deno.test({
  name: "hashes of an unknown file, or not known here yet, are refused",
  permissions,
  fn() {
    const request = {
      type: "hashRequest",
      baseLayer: 0,
      index: 0,
      length: 2,
      proofLayers: 2,
    } as const;
    for (const bench of [new Bench(), new Bench(new PieceLayer(ROOT, 81921, 16384))]) {
      assertEquals(answerOf(bench, { ...request, root: ROOT }).type, "hashReject");
    }
  },
});

Deno.test({
  name: "an answer does not depend on the receive buffer the request lay in",
  permissions,
  fn() {
    const bench = new Bench(knownLayer());
    const client = bench.peer(1);
    const root = ROOT.slice();
    const range = { baseLayer: 0, index: 0, length: 2, proofLayers: 2 };
    bench.exchange.request(client, { type: "hashRequest", root, ...range });
    root.fill(0);
    const [answer] = bench.sent(client);
    assert(answer?.type === "hashes");
    assertEquals(answer.root, ROOT);
  },
});

Deno.test({
  name: "a peer that asks for hashes without end has to go",
  permissions,
  fn() {
    const bench = new Bench();
    const client = bench.peer(1);
    const range = { baseLayer: 0, index: 0, length: 2, proofLayers: 0 };
    const request = { type: "hashRequest", root: ROOT, ...range } as const;
    assertThrows(
      () => {
        for (let i = 0; i < 200_000; i++) bench.exchange.request(client, request);
      },
      ProtocolError,
      "keeps asking",
    );
  },
});

Deno.test({
  name: "a piece layer arrives in ranges, two at a time, with proofs",
  permissions,
  fn() {
    const { known, unknown } = inventedLayers(1300);
    const bench = new Bench(unknown);
    const server = new Bench(known);
    const peer = bench.peer(1);
    const asked: number[][] = [];
    assert(!bench.exchange.isComplete);
    for (let i = 0; i < 10 && !bench.exchange.isComplete; i++) {
      const requests = bench.asked(peer);
      assert(requests.length <= 2);
      assertEquals(bench.asked(peer), [], "not asked twice");
      for (const request of requests) {
        asked.push([request.baseLayer, request.index, request.length, request.proofLayers]);
        const answer = answerOf(server, request);
        assert(answer.type === "hashes" && bench.exchange.hashes(peer, answer));
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
    const bench = new Bench(inventedLayers(4).unknown);
    assertEquals(bench.asked(bench.peer(1, { v2: false })), []);
    const empty = bench.peer(2);
    empty.remote = bits(6);
    assertEquals(bench.asked(empty), []);
    assertEquals(bench.asked(bench.peer(3)).length, 1);
  },
});

Deno.test({
  name: "several peers are asked for different ranges",
  permissions,
  fn() {
    const bench = new Bench(inventedLayers(3000).unknown);
    const indexes = [1, 2, 3, 4].flatMap((id) => bench.asked(bench.peer(id)).map((m) => m.index));
    assertEquals(indexes, [0, 512, 1024, 1536, 2048, 2560]);
  },
});

Deno.test({
  name: "hashes that do not lead to the root convict their sender and are not taken",
  permissions,
  fn() {
    const { known, unknown } = inventedLayers(8);
    const bench = new Bench(unknown);
    const liar = bench.peer(1);
    const [request] = bench.asked(liar);
    const answer = answerOf(new Bench(known), request!);
    assert(answer.type === "hashes");
    answer.hashes[40]! ^= 1;
    assertThrows(() => bench.exchange.hashes(liar, answer), CorruptDataError, "do not lead");
    assertEquals(unknown.hash(0), undefined);
    answer.hashes[40]! ^= 1;
    const honest = bench.peer(2);
    assertEquals(bench.asked(honest).length, 1);
    assert(bench.exchange.hashes(honest, answer));
    assert(bench.exchange.isComplete);
  },
});

Deno.test({
  name: "hashes nobody asked this peer for are ignored, right or wrong",
  permissions,
  fn() {
    const { known, unknown } = inventedLayers(8);
    const bench = new Bench(unknown);
    const asked = bench.peer(1);
    const stranger = bench.peer(2);
    const [request] = bench.asked(asked);
    const answer = answerOf(new Bench(known), request!);
    assert(answer.type === "hashes");
    assert(!bench.exchange.hashes(stranger, answer));
    assert(!bench.exchange.hashes(asked, { ...answer, index: 8 }));
    assert(!bench.exchange.hashes(asked, { ...answer, root: ROOT }));
    assert(bench.exchange.hashes(asked, answer));
    assert(!bench.exchange.hashes(asked, answer), "nor the same a second time");
  },
});

Deno.test({
  name: "a peer that refuses, is silent or leaves is followed by others, and asked again later",
  permissions,
  fn() {
    for (const how of ["refuses", "is silent", "leaves"]) {
      const { known, unknown } = inventedLayers(8);
      const bench = new Bench(unknown);
      const first = bench.peer(1);
      const other = bench.peer(2);
      const [request] = bench.asked(first);
      assertEquals(bench.asked(other), []);
      if (how === "refuses") {
        bench.exchange.rejected(other, { ...request!, type: "hashReject" }, 5000);
        assertEquals(bench.asked(other, 5000), [], "a refusal by somebody else means nothing");
        bench.exchange.rejected(first, { ...request!, type: "hashReject" }, 5000);
      } else if (how === "leaves") bench.exchange.left(first);
      else {
        bench.exchange.tick(4999);
        assertEquals(bench.asked(other, 4999), []);
        bench.exchange.tick(5000);
      }
      if (how !== "leaves") {
        assertEquals(bench.asked(first, 5000), [], "not at once");
        assertEquals(bench.asked(first, 15_000).length, 1, "it may be the only one");
        bench.exchange.left(first);
      }
      const [again] = bench.asked(other, 5000);
      const answer = answerOf(new Bench(known), again!);
      assert(answer.type === "hashes" && bench.exchange.hashes(other, answer));
      assert(bench.exchange.isComplete);
    }
  },
});
