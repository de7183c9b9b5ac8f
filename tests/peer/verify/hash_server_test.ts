/** Hashes of v2 files for peers (BEP 52): piece layers, and the leaf hashes of pieces. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { concat, fromHex, hex } from "../../../lib/codec/bytes.ts";
import {
  blockHashes,
  MerkleTree,
  paddedBlocks,
  pieceHash,
} from "../../../lib/codec/torrent/merkle.ts";
import { PieceLayer } from "../../../lib/codec/torrent/piece_layer.ts";
import {
  decodeMessage,
  encodeMessage,
  type HashRangeMessage,
  type Message,
} from "../../../lib/codec/wire/message.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import type { Action } from "../../../lib/peer/connection/actions.ts";
import type { Connection } from "../../../lib/peer/connection/connection.ts";
import { PeerList } from "../../../lib/peer/peers/peer_list.ts";
import { HashServer } from "../../../lib/peer/verify/hash_server.ts";
import type { Bitfield } from "../../../lib/store/bitfield.ts";
import { Layout, type PieceIndex } from "../../../lib/store/layout.ts";
import { Pieces } from "../../../lib/store/pieces.ts";
import { formulaBytes } from "../../../support/content.ts";
import { allOf, at, bits, connect, contextOf, sentTo } from "../../support/peer/peers.ts";

const permissions = "none";
const ROOT = fromHex("f61b411edd5deec7aec1a7db8c172916d1022bcf9964c7fca4577eef1424adf0");
const DATA = formulaBytes(81_921);
const TREE = new MerkleTree(blockHashes(DATA), 0);

interface BenchOptions {
  pieceLength?: number;
  /** The layer is known. */
  known?: boolean;
  /** What is on disk; all by default. */
  have?: (layout: Layout) => Bitfield;
}

/** A server of the 81,921 bytes that libtorrent's answers are known for. */
class HashServerHarness {
  readonly server: HashServer;
  readonly layout: Layout;
  nowMs = 0;
  readonly #book = new PeerList(() => {});
  #actions: Action[] = [];

  constructor({ pieceLength = 16_384, known = true, have }: BenchOptions = {}) {
    const files = [{ length: DATA.length, pad: false, root: ROOT }];
    this.layout = new Layout({ pieceLength, version: "v2", files });
    const { pieceCount } = this.layout;
    const hashes = Array.from({ length: pieceCount }, (_, i) =>
      pieceHash(
        DATA.subarray(i * pieceLength, (i + 1) * pieceLength),
        paddedBlocks(DATA.length, pieceLength),
      ));
    const layer = known
      ? new PieceLayer(ROOT, DATA.length, pieceLength, concat(...hashes))
      : new PieceLayer(ROOT, DATA.length, pieceLength);
    const context = contextOf({
      layout: this.layout,
      pieces: new Pieces(this.layout, have?.(this.layout) ?? allOf(pieceCount), 0),
      emit: (action) => this.#actions.push(action),
    });
    this.server = new HashServer(context, new Map([[hex(ROOT), layer]]));
  }

  peer(id: number): Connection {
    return connect(this.#book, id, { v2: true });
  }

  /** The peer asks for `base layer, index, length, proof layers`. */
  ask(peer: Connection, range: string, root = ROOT): void {
    this.server.onRequest(peer, requestOf(range, root), this.nowMs);
  }

  /** What was sent to the peer since the last time. */
  said(peer: Connection): Message[] {
    const messages = sentTo(this.#actions, peer);
    this.#actions = this.#actions.filter((action) =>
      action.type !== "send" || action.connection !== peer
    );
    return messages;
  }

  /** The pieces to be read and hashed since the last time. */
  hashing(): PieceIndex[] {
    const pieces = this.#actions.flatMap((a) => a.type === "hashBlocks" ? [a.piece] : []);
    this.#actions = this.#actions.filter(({ type }) => type !== "hashBlocks");
    return pieces;
  }

  /** The driver has hashed a piece. */
  hashed(piece: PieceIndex): void {
    const begin = piece * this.layout.pieceLength;
    const data = DATA.subarray(begin, begin + this.layout.pieceLength);
    this.server.onHashed(piece, blockHashes(data), this.nowMs);
  }
}

function requestOf(range: string, root = ROOT): HashRangeMessage {
  const [baseLayer, index, length, proofLayers] = range.split(",").map(Number) as [
    number,
    number,
    number,
    number,
  ];
  return { type: "hashRequest", root, baseLayer, index, length, proofLayers };
}

/** Nodes of the tree, as `layer.index layer.index`. */
function nodes(places: string): Uint8Array {
  const parsed = places.split(" ").map((place) => place.split(".").map(Number));
  return concat(...parsed.map(([layer, index]) => TREE.node(layer!, index!)));
}

/**
 * Requests, the answers that libtorrent gives to them (none: a reject), and a piece length at which we
 * refuse them, because no one piece of the file has those blocks.
 */
const ROWS: [range: string, answer: string | undefined, refusedAt?: number][] = [
  ["0,4,2,2", "0.4 0.5 1.3 2.0"],
  ["0,0,4,2", "0.0 0.1 0.2 0.3 2.1", 32_768],
  ["0,4,2,0", "0.4 0.5"],
  ["0,6,2,2", "0.6 0.7 1.2 2.0", 32_768],
  ["1,2,2,1", "1.2 1.3 2.0"],
  ["0,4,1,2", "0.4 1.3 2.0"],
  ["0,0,2,3", undefined],
  ["0,0,16,0", undefined],
];

Deno.test({
  name: "hash requests are answered as libtorrent answers them, whatever the piece length",
  permissions,
  fn() {
    let fromDisk = 0;
    for (const pieceLength of [16_384, 32_768, 65_536, 131_072]) {
      for (const [range, answer, refusedAt] of ROWS) {
        const bench = new HashServerHarness({ pieceLength });
        const peer = bench.peer(1);
        bench.ask(peer, range);
        for (const piece of bench.hashing()) bench.hashed(piece), fromDisk++;
        const { type: _, ...fields } = requestOf(range);
        const expected: unknown = answer === undefined || refusedAt === pieceLength
          ? { type: "hashReject", ...fields }
          : { type: "hashes", ...fields, hashes: nodes(answer) };
        assertEquals<unknown>(bench.said(peer), [expected], `${pieceLength}: ${range}`);
      }
    }
    assertEquals(fromDisk, 15);
  },
});

Deno.test({
  name: "a hash request and its answer are, byte for byte, what libtorrent sends",
  permissions,
  fn() {
    const range = "f61b411edd5deec7aec1a7db8c172916d1022bcf9964c7fca4577eef1424adf0" +
      "00000000000000040000000200000002";
    for (const pieceLength of [16_384, 65_536]) {
      const bench = new HashServerHarness({ pieceLength });
      const peer = bench.peer(1);
      const request = decodeMessage(fromHex("15" + range)) as HashRangeMessage;
      bench.server.onRequest(peer, request, 0);
      for (const piece of bench.hashing()) bench.hashed(piece);
      assertEquals(
        hex(encodeMessage(bench.said(peer)[0]!)),
        "000000b116" + range +
          "7134b8929526696d80e27d58378f6f01a3b87633fbcdffe4eb0f9e7e8f54c515" +
          "1f184f101c67d585ba00d24cfde36863f747fbab9e84af7760ec771e9b36ca51" +
          "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b" +
          "88866eeb00fd9d7f8d4b79a31bf452581a9788c0190bf03a1e122a4a19111f80",
      );
    }
  },
});

Deno.test({
  name: "hashes of an unknown file, or not known here yet, are refused",
  permissions,
  fn() {
    for (const known of [true, false]) {
      const bench = new HashServerHarness({ known, pieceLength: 32_768 });
      const peer = bench.peer(1);
      bench.ask(peer, "0,0,2,2", known ? new Uint8Array(32) : ROOT);
      assertEquals(bench.said(peer).map(({ type }) => type), ["hashReject"]);
    }
  },
});

Deno.test({
  name: "leaf hashes of a piece that is not on disk, or no longer what it was, are refused",
  permissions,
  fn() {
    const bench = new HashServerHarness({ pieceLength: 32_768, have: () => bits(3, 0, 2) });
    const peer = bench.peer(1);
    bench.ask(peer, "0,2,2,0");
    assertEquals(bench.said(peer).map(({ type }) => type), ["hashReject"]);
    assertEquals(bench.hashing(), []);
    bench.ask(peer, "0,0,2,0");
    assertEquals(bench.hashing(), [at(0)]);
    bench.server.onHashed(at(0), undefined, 0);
    assertEquals(bench.said(peer).map(({ type }) => type), ["hashReject"]);
    bench.ask(peer, "0,0,2,0");
    bench.server.onHashed(at(0), new Uint8Array(64), 0);
    assertEquals(bench.said(peer).map(({ type }) => type), ["hashReject"], "it has changed");
  },
});

Deno.test({
  name: "an answer does not depend on the receive buffer the request lay in",
  permissions,
  fn() {
    for (const pieceLength of [16_384, 32_768]) {
      const bench = new HashServerHarness({ pieceLength });
      const client = bench.peer(1);
      const root = ROOT.slice();
      bench.ask(client, "0,0,2,2", root);
      root.fill(0);
      for (const piece of bench.hashing()) bench.hashed(piece);
      const [answer] = bench.said(client);
      assert(answer?.type === "hashes");
      assertEquals(answer.root, ROOT);
    }
  },
});

Deno.test({
  name: "a peer that asks for hashes without end has to go, the sooner the more it asks for",
  permissions,
  fn() {
    const counts = [2, 8192].map((length) => {
      const bench = new HashServerHarness();
      const client = bench.peer(1);
      let count = 0;
      const flood = () => {
        for (; count < 200_000; count++) bench.ask(client, `0,0,${length},0`), bench.said(client);
      };
      assertThrows(flood, ProtocolError, "keeps asking");
      return count;
    });
    assertEquals(counts, [131_072, 512]);
  },
});

Deno.test({
  name: "pieces are hashed one after the other, once for all who ask, and remembered for a while",
  permissions,
  fn() {
    const bench = new HashServerHarness({ pieceLength: 32_768 });
    const peers = [1, 2, 3].map((id) => bench.peer(id));
    for (const peer of peers) bench.ask(peer, "0,0,2,0"), bench.ask(peer, "0,2,2,0");
    assertEquals(bench.hashing(), [at(0)]);
    bench.hashed(at(0));
    for (const peer of peers) assertEquals(bench.said(peer).map(({ type }) => type), ["hashes"]);
    assertEquals(bench.hashing(), [at(1)]);
    bench.hashed(at(1));
    for (const peer of peers) assertEquals(bench.said(peer).map(({ type }) => type), ["hashes"]);
    bench.ask(peers[0]!, "0,0,2,0");
    assertEquals(bench.hashing(), [], "not read again");
    assertEquals(bench.said(peers[0]!).map(({ type }) => type), ["hashes"]);
    bench.server.onPieceLost(at(0));
    bench.ask(peers[0]!, "0,0,2,0");
    assertEquals(bench.hashing(), [at(0)]);
  },
});

Deno.test({
  name: "who asks for many leaf hashes at once is refused the rest, and others still get theirs",
  permissions,
  fn() {
    const bench = new HashServerHarness({ pieceLength: 32_768 });
    const greedy = bench.peer(1);
    for (let i = 0; i < 30; i++) bench.ask(greedy, "0,0,2,0");
    assertEquals(bench.said(greedy).length, 22);
    const modest = bench.peer(2);
    bench.ask(modest, "0,4,2,0");
    assertEquals(bench.said(modest), []);
    bench.hashed(at(0));
    assertEquals(bench.said(greedy).filter(({ type }) => type === "hashes").length, 8);
    bench.hashed(at(2));
    assertEquals(bench.said(modest).map(({ type }) => type), ["hashes"]);
    const crowd = Array.from({ length: 20 }, (_, i) => bench.peer(10 + i));
    for (const peer of crowd) for (let i = 0; i < 8; i++) bench.ask(peer, "0,2,2,0");
    const refused = crowd.reduce((sum, peer) => sum + bench.said(peer).length, 0);
    assertEquals(refused, 20 * 8 - 64);
  },
});

Deno.test({
  name: "disk and processor are not worn out: sixteen mebibytes a second are hashed for strangers",
  permissions,
  fn() {
    const pieceLength = 4 * 1024 * 1024;
    const bench = new HashServerHarness({ pieceLength });
    let bytes = 0;
    for (let id = 1; bench.nowMs < 20_000; id++) {
      const peer = bench.peer(1 + id % 200);
      bench.ask(peer, "0,0,8,0");
      for (let [piece] = bench.hashing(); piece !== undefined; [piece] = bench.hashing()) {
        bytes += pieceLength;
        bench.hashed(piece);
        bench.server.onPieceLost(piece); // as if it had been another piece
      }
      bench.server.onDisconnected(peer);
      bench.nowMs += 50;
      bench.server.tick(bench.nowMs);
    }
    assert(bytes > 300 * 1024 * 1024 && bytes < 350 * 1024 * 1024, `${bytes}`);
  },
});

Deno.test({
  name: "a peer that leaves is not answered, and what it asked for is not hashed",
  permissions,
  fn() {
    const bench = new HashServerHarness({ pieceLength: 32_768 });
    const [one, other] = [bench.peer(1), bench.peer(2)];
    bench.ask(one, "0,0,2,0");
    bench.ask(other, "0,2,2,0");
    bench.server.onDisconnected(one);
    bench.server.onDisconnected(other);
    assertEquals(bench.hashing(), [at(0)]);
    bench.hashed(at(0));
    assertEquals([bench.hashing(), bench.said(one)], [[], []]);
  },
});
