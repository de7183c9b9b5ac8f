/** Piece hashes of one file: asked for, proved, handed on. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { concat, fromHex, hex } from "../../../lib/codec/bytes.ts";
import {
  BLOCK_LENGTH,
  blockHashes,
  HASH_LENGTH,
  merkleRoot,
  MerkleTree,
  padHash,
} from "../../../lib/codec/torrent/merkle.ts";
import { type HashRange, PieceLayer } from "../../../lib/codec/torrent/piece_layer.ts";
import { TorrentError } from "../../../lib/errors.ts";
import { formulaBytes } from "../../../support/content.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";
import { formulaLayer } from "../../support/vectors/torrent_vectors.ts";

const permissions = "none";

const ROOT_81921 = fromHex("f61b411edd5deec7aec1a7db8c172916d1022bcf9964c7fca4577eef1424adf0");
const TREE_81921 = new MerkleTree(blockHashes(formulaBytes(81921)), 0);

/** A complete layer of the 81,921 bytes. */
function layerOf81921(pieceLength: number): PieceLayer {
  return new PieceLayer(ROOT_81921, 81921, pieceLength, formulaLayer(81921, pieceLength));
}

function range(baseLayer: number, index: number, length: number, proofLayers: number): HashRange {
  return { baseLayer, index, length, proofLayers };
}

/** A file of so many pieces of 16 KiB with made-up hashes: its root and packed layer. */
function inventedLayer(pieceCount: number, seed: number): { root: Uint8Array; layer: Uint8Array } {
  const random = seededRandom(seed);
  const layer = Uint8Array.from({ length: pieceCount * HASH_LENGTH }, () => random() * 256);
  return { root: merkleRoot(layer, 0), layer };
}

/** Request as base, index, length, proof layers; answer as places (layer, index) of the tree. */
const VECTORS: [number[], [number, number][]][] = [
  [[0, 4, 2, 2], [[0, 4], [0, 5], [1, 3], [2, 0]]],
  [[0, 0, 4, 2], [[0, 0], [0, 1], [0, 2], [0, 3], [2, 1]]],
  [[0, 0, 8, 2], [[0, 0], [0, 1], [0, 2], [0, 3], [0, 4], [0, 5], [0, 6], [0, 7]]],
  [[0, 4, 2, 0], [[0, 4], [0, 5]]],
  [[0, 6, 2, 2], [[0, 6], [0, 7], [1, 2], [2, 0]]],
  [[1, 2, 2, 1], [[1, 2], [1, 3], [2, 0]]],
  [[1, 0, 4, 1], [[1, 0], [1, 1], [1, 2], [1, 3]]],
  [[0, 4, 1, 2], [[0, 4], [1, 3], [2, 0]]],
  [[0, 0, 6, 2], [[0, 0], [0, 1], [0, 2], [0, 3], [0, 4], [0, 5]]],
];

Deno.test("hash requests get the answers libtorrent gives, hash for hash", { permissions }, () => {
  const layer = layerOf81921(16384);
  for (const [request, places] of VECTORS) {
    const [baseLayer, index, length, proofLayers] = request as [number, number, number, number];
    const answer = layer.answer(range(baseLayer, index, length, proofLayers));
    const expected = concat(...places.map(([at, i]) => TREE_81921.node(at, i)));
    assertEquals(hex(answer!), hex(expected), request.join());
  }
});

Deno.test("hash requests beyond the tree or its proof are rejected", { permissions }, () => {
  const layer = layerOf81921(16384);
  const impossible = [
    range(0, 0, 2, 3),
    range(0, 0, 16, 0),
    range(0, 8, 2, 2),
    range(0, 7, 2, 2),
    range(0, 1, 2, 2),
    range(0, 2, 4, 2),
    range(0, 0, 0, 0),
    range(3, 0, 1, 0),
    range(4, 0, 1, 0),
    range(0xffffffff, 0, 2, 0),
    range(0, 0xffffffff, 2, 0),
    range(0, 0xfffffffe, 2, 2),
    range(0, 0, 0xffffffff, 0),
    range(0, 0, 2, 0xffffffff),
  ];
  for (const request of impossible) {
    assertEquals(layer.answer(request), undefined, JSON.stringify(request));
  }
  const big = inventedLayer(16384, 1);
  const complete = new PieceLayer(big.root, 16384 * BLOCK_LENGTH, BLOCK_LENGTH, big.layer);
  assertEquals(complete.answer(range(0, 0, 8192, 0))?.length, 8192 * HASH_LENGTH);
  assertEquals(complete.answer(range(0, 0, 16384, 0)), undefined);
});

Deno.test("a request below the piece layer is answered from the blocks of one piece", {
  permissions,
}, () => {
  const layer = layerOf81921(32768);
  const blocksOf = (piece: number) =>
    blockHashes(formulaBytes(81921).subarray(piece * 32768, (piece + 1) * 32768));
  const request = range(0, 4, 2, 2);
  assertEquals(layer.pieceBelow(request), 2);
  const places = [[0, 4], [0, 5], [1, 3], [2, 0]] as const;
  const expected = concat(...places.map(([at, i]) => TREE_81921.node(at, i)));
  assertEquals(layer.answer(request, blocksOf(2)), expected);
  assertEquals(layer.answer(request), undefined, "without the blocks");
  assertEquals(layer.answer(request, blocksOf(0)), undefined, "with another piece's blocks");
  assertEquals(layer.pieceBelow(range(0, 2, 4, 2)), undefined, "two pieces at once");
  assertEquals(layer.pieceBelow(range(1, 0, 2, 1)), undefined, "the piece layer itself");
  assertEquals(layer.pieceBelow(range(0, 6, 2, 2)), undefined, "padding has no blocks");
});

Deno.test("the leaves of a file of one piece are answered from its blocks", { permissions }, () => {
  const layer = new PieceLayer(ROOT_81921, 81921, 1048576);
  const request = range(0, 4, 2, 2);
  assertEquals(layer.pieceBelow(request), 0);
  const answer = layer.answer(request, blockHashes(formulaBytes(81921)));
  assertEquals(answer?.length, 4 * HASH_LENGTH);
  assertEquals(hex(answer!.subarray(96)), hex(TREE_81921.node(2, 0)));
});

Deno.test("a file of one piece is complete from the beginning: its hash is its root", {
  permissions,
}, () => {
  for (const pieceLength of [131072, 1048576]) {
    const layer = new PieceLayer(ROOT_81921, 81921, pieceLength);
    assert(layer.complete && layer.proves());
    assertEquals(layer.pieceCount, 1);
    assertEquals(layer.hash(0), ROOT_81921);
    assertEquals([...layer.requests()], []);
  }
});

Deno.test("a layer is asked for as libtorrent asks: chunks of 512, proved to the root", {
  permissions,
}, () => {
  const requestsOf = (pieceCount: number, pieceLength: number) => {
    const length = pieceCount * pieceLength - 1;
    return [...new PieceLayer(new Uint8Array(32), length, pieceLength).requests()];
  };
  assertEquals(requestsOf(601, 16384), [range(0, 0, 512, 9), range(0, 512, 128, 9)]);
  assertEquals(requestsOf(3, 32768), [range(1, 0, 4, 1)]);
  assertEquals(requestsOf(2, 524288), [range(5, 0, 2, 0)]);
  assertEquals(requestsOf(512, 16384), [range(0, 0, 512, 8)]);
  // Never a single hash: its proof would lack the sibling.
  assertEquals(requestsOf(513, 16384), [range(0, 0, 512, 9), range(0, 512, 2, 9)]);
});

Deno.test("answers have the sizes seen from libtorrent", { permissions }, () => {
  const { root, layer } = inventedLayer(601, 3);
  const seeder = new PieceLayer(root, 601 * BLOCK_LENGTH, BLOCK_LENGTH, layer);
  const sizes = [range(0, 0, 512, 9), range(0, 512, 128, 9)]
    .map((request) => seeder.answer(request)!.length / HASH_LENGTH);
  assertEquals(sizes, [513, 131]);
});

Deno.test(
  "a leecher learns a layer from a seeder's answers, whatever its size",
  { permissions },
  () => {
    const counts = [2, 3, 4, 5, 7, 8, 9, 511, 512, 513, 514, 600, 1023, 1025, 1300];
    for (const pieceCount of counts) {
      const { root, layer } = inventedLayer(pieceCount, pieceCount);
      const length = pieceCount * BLOCK_LENGTH;
      const seeder = new PieceLayer(root, length, BLOCK_LENGTH, layer);
      const leecher = new PieceLayer(root, length, BLOCK_LENGTH);
      assertEquals(leecher.hash(0), undefined);
      // The last chunk first: no order is needed.
      for (const request of [...leecher.requests()].reverse()) {
        assert(!leecher.complete);
        const before = [...leecher.requests()].length;
        assert(leecher.accept(request, seeder.answer(request)!), `${pieceCount}`);
        assertEquals([...leecher.requests()].length, before - 1);
        assertEquals(leecher.hash(request.index), seeder.hash(request.index));
      }
      assert(leecher.complete);
      assertEquals(leecher.bytes, layer);
      assert(leecher.accept(range(0, 0, 2, 0), new Uint8Array()), "a late answer changes nothing");
      assertEquals(leecher.answer(range(0, 0, 2, 0)), seeder.answer(range(0, 0, 2, 0)));
    }
  },
);

Deno.test("a whole layer without uncles is proof enough", { permissions }, () => {
  const seeder = layerOf81921(32768);
  const leecher = new PieceLayer(ROOT_81921, 81921, 32768);
  const request = range(1, 0, 4, 0);
  assert(leecher.accept(request, seeder.answer(request)!));
  assert(leecher.complete);
});

Deno.test("an answer with any bit wrong is not taken", { permissions }, () => {
  const { root, layer } = inventedLayer(600, 5);
  const length = 600 * BLOCK_LENGTH;
  const seeder = new PieceLayer(root, length, BLOCK_LENGTH, layer);
  const leecher = new PieceLayer(root, length, BLOCK_LENGTH);
  const random = seededRandom(11);
  const hit = { base: 0, uncle: 0 };
  for (const request of leecher.requests()) {
    const answer = seeder.answer(request)!;
    for (let round = 0; round < 12; round++) {
      const changed = answer.slice();
      const uncles = changed.length - request.length * HASH_LENGTH;
      const at = round % 2 === 0
        ? integerFrom(random, 0, changed.length - 1)
        : changed.length - integerFrom(random, 1, uncles);
      changed[at]! ^= 1 << integerFrom(random, 0, 7);
      assert(!leecher.accept(request, changed));
      hit[at < request.length * HASH_LENGTH ? "base" : "uncle"]++;
    }
    assert(!leecher.accept(request, answer.subarray(HASH_LENGTH)));
    assert(!leecher.accept(request, concat(answer, padHash(0))));
    assert(!leecher.accept(request, new Uint8Array()));
    assertEquals(leecher.hash(request.index), undefined);
  }
  assert(hit.base > 3 && hit.uncle >= 12, JSON.stringify(hit));
  assertEquals([...leecher.requests()].length, 2);
});

Deno.test(
  "an answer for another place, or with too short a proof, is not taken",
  { permissions },
  () => {
    const { root, layer } = inventedLayer(1024, 6);
    const length = 1024 * BLOCK_LENGTH;
    const seeder = new PieceLayer(root, length, BLOCK_LENGTH, layer);
    const leecher = new PieceLayer(root, length, BLOCK_LENGTH);
    const [first, second] = [...leecher.requests()] as [HashRange, HashRange];
    assert(!leecher.accept(second, seeder.answer(first)!));
    const unproved = { ...first, proofLayers: 8 };
    assert(!leecher.accept(unproved, seeder.answer(unproved)!));
    const impossible = [
      { ...first, baseLayer: 1 },
      { ...first, length: 1 },
      { ...first, length: 511 },
      { ...first, index: 256 },
      { ...first, index: 1024 },
      { ...first, index: 0xffffffff },
      { ...first, proofLayers: 0xffffffff },
    ];
    for (const request of impossible) assert(!leecher.accept(request, seeder.answer(first)!));
    assertEquals([...leecher.requests()].length, 2);
  },
);

Deno.test("hashes computed from local data count once all of them lead to the root", {
  permissions,
}, () => {
  const packed = formulaLayer(81921, 16384);
  const hashOf = (piece: number) => packed.subarray(piece * HASH_LENGTH, (piece + 1) * HASH_LENGTH);
  const layer = new PieceLayer(ROOT_81921, 81921, 16384);
  for (let piece = 0; piece < 6; piece++) {
    assert(!layer.proves());
    layer.set(piece, piece === 3 ? padHash(5) : hashOf(piece));
    assertEquals(layer.hash(piece), undefined, "computed is not proved");
  }
  assert(!layer.proves(), "one piece of the data is wrong");
  assertEquals([...layer.requests()].length, 1);
  assertEquals(layer.answer(range(0, 0, 8, 0)), undefined);
  layer.set(3, hashOf(3));
  assert(layer.proves() && layer.complete);
  assertEquals(layer.hash(3), hashOf(3));
  layer.set(3, padHash(5));
  assertEquals(layer.hash(3), hashOf(3), "what is proved stays");
});

Deno.test("peers' proofs replace hashes that local data got wrong", { permissions }, () => {
  const leecher = new PieceLayer(ROOT_81921, 81921, 16384);
  for (let piece = 0; piece < 6; piece++) leecher.set(piece, padHash(1));
  const [request] = leecher.requests();
  assert(leecher.accept(request!, layerOf81921(16384).answer(request!)!));
  assert(leecher.complete);
  assertEquals(leecher.hash(6), undefined);
});

Deno.test("a layer that does not belong to its root is refused", { permissions }, () => {
  const layer = formulaLayer(81921, 16384);
  const make = (bytes: Uint8Array) => () => new PieceLayer(ROOT_81921, 81921, 16384, bytes);
  assertThrows(make(layer.subarray(32)), TorrentError, "wrong length");
  assertThrows(make(layer.map((byte) => byte ^ 1)), TorrentError, "does not match");
});

Deno.test(
  "a proof of padding alone is not taken, though it leads to the root",
  { permissions },
  () => {
    const { root, layer } = inventedLayer(5, 3); // of eight leaves the last three are padding
    const full = new PieceLayer(root, 5 * 16384, 16384, layer);
    const leecher = new PieceLayer(root, 5 * 16384, 16384);
    const padding = range(0, 6, 2, 2);
    assertEquals(leecher.accept(padding, full.answer(padding)!), false);
    assertEquals([...leecher.requests()].length, 1);
  },
);
