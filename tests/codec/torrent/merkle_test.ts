/** Merkle trees of v2 files, against hashes that other programs computed. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { concat, fromHex, hex } from "../../../lib/codec/bytes.ts";
import { sha1, sha256 } from "../../../lib/codec/hash.ts";
import {
  BLOCK_LENGTH,
  blockHashes,
  checkPieceLayer,
  HASH_LENGTH,
  merkleRoot,
  MerkleTree,
  nextPowerOfTwo,
  paddedBlocks,
  padHash,
  pieceHash,
  pieceLayerOf,
} from "../../../lib/codec/torrent/merkle.ts";
import { formulaBytes } from "../../../support/content.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";
import { CONTENT_VECTORS, formulaLayer } from "../../support/vectors/torrent_vectors.ts";

const permissions = "none";

const PAD_HASHES = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b",
  "db56114e00fdd4c1f85c892bf35ac9a89289aaecb1ebd0a96cde606a748b5d71",
  "c78009fdf07fc56a11f122370658a353aaa542ed63e44c4bc15ff4cd105ab33c",
  "536d98837f2dd165a55d5eeae91485954472d56f246df256bf3cae19352a123c",
  "9efde052aa15429fae05bad4d0b1d7c64da64d03d7a1854a588c2cb8430c0d30",
  "d88ddfeed400a8755596b21942c1497e114c302e6118290f91e6772976041fa1",
  "87eb0ddba57e35f6d286673802a4af5975e22506c7cf4c64bb6be5ee11527f2c",
  "26846476fd5fc54a5d43385167c95144f2643f533cc85bb9d16b782f8d7db193",
  "506d86582d252405b840018792cad2bf1259f1ef5aa5f887e13cb2f0094f51e1",
  "ffff0ad7e659772f9534c195c815efc4014ef1e1daed4404c06385d11192e92b",
  "6cf04127db05441cd833107a52be852868890e4317e6a02ab47683aa75964220",
  "b7d05f875f140027ef5118a2247bbb84ce8f2f0f1123623085daf7960c329f5f",
];

/** All hashes of the tree of 81,921 bytes of formula content, from the leaves up. */
const TREE_81921 = [
  [
    "90b834666bd99804aad5f0d312a8862f91872e635fd6063d42fe787c4e1d84ee",
    "6602c191d6cb5362f91f44ec41563915ee19845df7ea2186b288ce2b7591e504",
    "d638f9fa5aad802f7d102a418555e919bd5330e9f4e26e71ce96a419f37bc5c0",
    "9a2bc0d78b8503528abedcb1098cca617c30a2792cadf55c42a73f330c6352dd",
    "7134b8929526696d80e27d58378f6f01a3b87633fbcdffe4eb0f9e7e8f54c515",
    "1f184f101c67d585ba00d24cfde36863f747fbab9e84af7760ec771e9b36ca51",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000000",
  ],
  [
    "6b7702ec93fd7bde4fccf7123b679a0703843fe9d838e7bc9ac4eee2c26e3923",
    "aa998194bca61ba064c9766803e08a07ae1db27d8dec9a3026c5fb683276a939",
    "62da2f4b6816712042b97e7072fefd1d55a5474483554b58d1dd067fd5bc0b19",
    "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b",
  ],
  [
    "88866eeb00fd9d7f8d4b79a31bf452581a9788c0190bf03a1e122a4a19111f80",
    "dfb2af72d6dbc49b8453cac77937f76998e80f2234392f82c283fdae85f3e95c",
  ],
  ["f61b411edd5deec7aec1a7db8c172916d1022bcf9964c7fca4577eef1424adf0"],
];

Deno.test("files of every size have the published hashes and roots", { permissions }, () => {
  for (const vector of CONTENT_VECTORS) {
    const content = formulaBytes(vector.length);
    assertEquals(hex(sha1(content)), vector.sha1);
    assertEquals(hex(sha256(content)), vector.sha256);
    assertEquals(hex(merkleRoot(blockHashes(content), 0)), vector.root);
  }
});

Deno.test("padding has its published hash at every layer", { permissions }, () => {
  for (const [layer, expected] of PAD_HASHES.entries()) {
    assertEquals(hex(padHash(layer)), expected);
    // A row of padding alone gives the padding of the layer above its width.
    if (layer > 0) assertEquals(hex(merkleRoot(padHash(layer - 1), layer - 1, 2)), expected);
  }
});

Deno.test("every node of a tree is the published one, padding included", { permissions }, () => {
  const tree = new MerkleTree(blockHashes(formulaBytes(81921)), 0);
  assertEquals([tree.baseLayer, tree.rootLayer], [0, 3]);
  for (const [layer, row] of TREE_81921.entries()) {
    for (const [index, expected] of row.entries()) {
      assertEquals(hex(tree.node(layer, index)), expected);
    }
  }
  assertEquals(hex(tree.root), TREE_81921[3]![0]);
});

Deno.test("the leaves of 100,000 bytes are the published seven", { permissions }, () => {
  const leaves = hex(blockHashes(formulaBytes(100_000))).match(/.{64}/g)!;
  const beginnings = [
    "90b834666bd99804",
    "6602c191d6cb5362",
    "d638f9fa5aad802f",
    "9a2bc0d78b850352",
    "7134b8929526696d",
    "5cbe2d7c0c3caa57",
    "6dfdc773e8a32b76",
  ];
  assertEquals(leaves.map((leaf) => leaf.slice(0, 16)), beginnings);
});

Deno.test("piece hashes form the published layer at every piece length", { permissions }, () => {
  for (const [layer, count] of [[0, 6], [1, 3], [2, 2]] as const) {
    const pieceLength = BLOCK_LENGTH << layer;
    const packed = formulaLayer(81921, pieceLength);
    assertEquals(hex(packed), TREE_81921[layer]!.slice(0, count).join(""));
    assertEquals(pieceLayerOf(81921, pieceLength), layer);
    assert(checkPieceLayer(fromHex(TREE_81921[3]![0]!), packed, 81921, pieceLength));
  }
});

Deno.test(
  "a file of one piece is padded to its own power of two, not to a piece",
  { permissions },
  () => {
    const data = formulaBytes(81921);
    for (const pieceLength of [131072, 262144, 16 * 1024 * 1024]) {
      assertEquals(paddedBlocks(data.length, pieceLength), 8);
      assertEquals(hex(pieceHash(data, paddedBlocks(data.length, pieceLength))), TREE_81921[3]![0]);
    }
    assertEquals(paddedBlocks(131072, 131072), 8);
    assertEquals(paddedBlocks(131073, 131072), 8);
    assertEquals(paddedBlocks(1, 131072), 1);
    assertEquals(paddedBlocks(20_000, 65536), 2);
  },
);

Deno.test("a layer that is short, long, changed or swapped does not prove", { permissions }, () => {
  const root = fromHex(TREE_81921[3]![0]!);
  const layer = formulaLayer(81921, 32768);
  const check = (bytes: Uint8Array) => checkPieceLayer(root, bytes, 81921, 32768);
  assert(check(layer));
  assert(!check(layer.subarray(HASH_LENGTH)));
  assert(!check(layer.subarray(1)));
  assert(!check(concat(layer, padHash(1))), "padding does not belong into a layer");
  assert(!check(new Uint8Array()));
  const swapped = concat(layer.subarray(32, 64), layer.subarray(0, 32), layer.subarray(64));
  assert(!check(swapped));
  for (let i = 0; i < layer.length; i += 7) {
    const changed = layer.slice();
    changed[i]! ^= 1;
    assert(!check(changed));
  }
});

Deno.test("a piece in shared memory hashes as it does anywhere else", { permissions }, () => {
  const shared = new Uint8Array(new SharedArrayBuffer(81921 + 3)).subarray(3);
  shared.set(formulaBytes(81921));
  assertEquals(hex(pieceHash(shared, 8)), TREE_81921[3]![0]);
});

Deno.test("results stay what they were when the next piece is hashed", { permissions }, () => {
  const first = pieceHash(formulaBytes(40_000), 4);
  const kept = hex(first);
  pieceHash(formulaBytes(5_000_000), 512);
  assertEquals(hex(first), kept);
});

Deno.test("impossible widths and empty data are errors of the caller", { permissions }, () => {
  assertThrows(() => pieceHash(new Uint8Array(), 1), RangeError);
  assertThrows(() => pieceHash(formulaBytes(16385), 1), RangeError);
  assertThrows(() => pieceHash(formulaBytes(1), 3), RangeError);
  assertThrows(() => merkleRoot(new Uint8Array(), 0), RangeError);
  assertThrows(() => merkleRoot(new Uint8Array(33), 0), RangeError);
  assertThrows(() => new MerkleTree(new Uint8Array(96), 0, 2), RangeError);
});

Deno.test("roots, trees and pieces agree with the rule as BEP 52 words it", { permissions }, () => {
  const random = seededRandom(52);
  const seen = { odd: 0, padded: 0, full: 0 };
  for (let round = 0; round < 150; round++) {
    const count = integerFrom(random, 1, 40);
    const layer = integerFrom(random, 0, 6);
    const row = Uint8Array.from({ length: count * HASH_LENGTH }, () => integerFrom(random, 0, 255));
    const width = nextPowerOfTwo(count) * 2 ** integerFrom(random, 0, 2);
    const expected = plainRoot(row, layer, width);
    assertEquals(merkleRoot(row, layer, width), expected);
    assertEquals(new MerkleTree(row, layer, width).root, expected);
    if (count % 2 === 1) seen.odd++;
    seen[count < width ? "padded" : "full"]++;
  }
  assert(seen.odd > 50 && seen.padded > 50 && seen.full > 5, JSON.stringify(seen));
});

/** Appends all padding, then hashes pair by pair: slow and plainly the specification. */
function plainRoot(row: Uint8Array, layer: number, width: number): Uint8Array {
  let nodes = Array.from(
    { length: width },
    (_, i) =>
      i * HASH_LENGTH < row.length
        ? row.slice(i * HASH_LENGTH, (i + 1) * HASH_LENGTH)
        : fromHex(PAD_HASHES[layer]!),
  );
  while (nodes.length > 1) {
    const pairs = nodes.length / 2;
    nodes = Array.from({ length: pairs }, (_, i) => sha256(nodes[2 * i]!, nodes[2 * i + 1]!));
  }
  return nodes[0]!;
}
