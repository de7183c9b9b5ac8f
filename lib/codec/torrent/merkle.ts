/**
 * The Merkle tree of a v2 file (BEP 52): SHA-256 over blocks of 16 KiB, padded to a power of two with
 * leaves that are zero *hashes*, then pairwise up to the file's `pieces root`.
 *
 * Layers count from the leaves (0) upward. A row of hashes is one packed array, 32 bytes each.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { equalBytes } from "../bytes.ts";
import { SHA256_LENGTH, writeDigest } from "../hash.ts";
import { hashPair } from "./hash_pair.ts";

/** Bytes of a block: a leaf of the tree, and the size of a request. */
export const BLOCK_LENGTH = 16384;

/** Bytes of a SHA-256. */
export const HASH_LENGTH = SHA256_LENGTH;

const padHashes: Uint8Array[] = [new Uint8Array(HASH_LENGTH)];

/**
 * The hash of a subtree of padding only, `layer` steps above the leaves: 32 zero bytes at layer 0, else the
 * hash of two of the layer below. The array is shared: do not write to it.
 */
export function padHash(layer: number): Uint8Array {
  while (padHashes.length <= layer) {
    const below = padHashes.at(-1)!;
    const pair = new Uint8Array(2 * HASH_LENGTH);
    pair.set(below, 0);
    pair.set(below, HASH_LENGTH);
    const hash = new Uint8Array(HASH_LENGTH);
    hashPair(pair, 0, hash, 0);
    padHashes.push(hash);
  }
  return padHashes[layer]!;
}

/** The smallest power of two that is at least `n` (1 for 0). */
export function nextPowerOfTwo(n: number): number {
  let power = 1;
  while (power < n) power *= 2;
  return power;
}

/**
 * The root above a row of hashes that starts at the left end of `layer`.
 *
 * @param hashes Packed, at least one.
 * @param layer The row's height above the leaves, which determines the padding.
 * @param width The length of the row with its padding, a power of two; by default the next one.
 * @throws RangeError when there is no hash, the row is not a whole number of hashes, or the width is wrong.
 */
export function merkleRoot(
  hashes: Uint8Array,
  layer: number,
  width: number = nextPowerOfTwo(hashes.length / HASH_LENGTH),
): Uint8Array {
  const count = hashes.length / HASH_LENGTH;
  checkWidth(count, width);
  const row = scratchFor(count);
  row.set(hashes);
  return fold(row, count, layer, width);
}

/** The leaves of data that starts on a block boundary, packed; the last block may be short. */
export function blockHashes(data: Uint8Array): Uint8Array {
  const leaves = new Uint8Array(Math.ceil(data.length / BLOCK_LENGTH) * HASH_LENGTH);
  writeBlockHashes(data, leaves);
  return leaves;
}

/**
 * The hash of one piece: the root over the data's leaves, padded with zero leaves to `paddedBlocks` (see
 * {@link paddedBlocks}). The data may be in shared memory.
 *
 * @throws RangeError when there is no data, or `paddedBlocks` is no power of two or too few for the data.
 */
export function pieceHash(data: Uint8Array, paddedBlocks: number): Uint8Array {
  const count = Math.ceil(data.length / BLOCK_LENGTH);
  checkWidth(count, paddedBlocks);
  const row = scratchFor(count);
  writeBlockHashes(data, row);
  return fold(row, count, 0, paddedBlocks);
}

/**
 * The number of blocks a file's pieces are padded to before hashing: a whole piece, except that a file of
 * one piece is only padded to a power of two, because its piece hash is its root.
 */
export function paddedBlocks(fileLength: number, pieceLength: number): number {
  return fileLength > pieceLength
    ? pieceLength / BLOCK_LENGTH
    : nextPowerOfTwo(Math.ceil(fileLength / BLOCK_LENGTH));
}

/** The layer of a file's tree that holds its piece hashes. */
export function pieceLayerOf(fileLength: number, pieceLength: number): number {
  return Math.log2(paddedBlocks(fileLength, pieceLength));
}

/** Whether a row of piece hashes has the length the file needs and hashes up to the file's root. */
export function checkPieceLayer(
  root: Uint8Array,
  layer: Uint8Array,
  fileLength: number,
  pieceLength: number,
): boolean {
  const count = Math.ceil(fileLength / pieceLength);
  if (count === 0 || layer.length !== count * HASH_LENGTH) return false;
  return equalBytes(merkleRoot(layer, pieceLayerOf(fileLength, pieceLength)), root);
}

/** A row of a tree and all rows above it, packed. Padding is computed, not stored. */
export class MerkleTree {
  /** The layer of the lowest row. */
  readonly baseLayer: number;
  /** The layer of the root. */
  readonly rootLayer: number;
  readonly #rows: Uint8Array[];

  /**
   * Computes the rows above `hashes`, which start at the left end of `baseLayer` and are padded to the next
   * power of two, or to `width`. Keeps the array instead of copying it.
   *
   * @throws RangeError when there is no hash, or the width is wrong.
   */
  constructor(hashes: Uint8Array, baseLayer: number, width?: number) {
    const count = hashes.length / HASH_LENGTH;
    const padded = width ?? nextPowerOfTwo(count);
    checkWidth(count, padded);
    this.baseLayer = baseLayer;
    this.rootLayer = baseLayer + Math.log2(padded);
    this.#rows = [hashes];
    for (let layer = baseLayer; layer < this.rootLayer; layer++) {
      this.#rows.push(rowAbove(this.#rows.at(-1)!, layer));
    }
  }

  /** The root hash. */
  get root(): Uint8Array {
    return this.node(this.rootLayer, 0);
  }

  /** The hash at a position of the tree, padding included. A view; the position must be in the tree. */
  node(layer: number, index: number): Uint8Array {
    const row = this.#rows[layer - this.baseLayer]!;
    const offset = index * HASH_LENGTH;
    return offset < row.length ? row.subarray(offset, offset + HASH_LENGTH) : padHash(layer);
  }

  /** `count` stored hashes of a layer: a view. `undefined` if padding is among them. */
  nodes(layer: number, index: number, count: number): Uint8Array | undefined {
    const row = this.#rows[layer - this.baseLayer]!;
    const end = (index + count) * HASH_LENGTH;
    return end <= row.length ? row.subarray(index * HASH_LENGTH, end) : undefined;
  }

  /** Copies `count` hashes of a layer to the front of `out`, padding included; they must be in the tree. */
  copyNodes(layer: number, index: number, count: number, out: Uint8Array): void {
    const row = this.#rows[layer - this.baseLayer]!;
    const known = row.subarray(index * HASH_LENGTH, (index + count) * HASH_LENGTH);
    out.set(known);
    const pad = padHash(layer);
    for (let at = known.length; at < count * HASH_LENGTH; at += HASH_LENGTH) out.set(pad, at);
  }
}

let scratch = new Uint8Array(64 * HASH_LENGTH);

/** Room for a row and one hash of padding; every call returns the same memory. */
function scratchFor(count: number): Uint8Array {
  const needed = (count + 1) * HASH_LENGTH;
  if (scratch.length < needed) scratch = new Uint8Array(needed);
  return scratch;
}

/** Hashes a row up to its root in place; its memory has room for one hash more than `count`. */
function fold(row: Uint8Array, count: number, layer: number, width: number): Uint8Array {
  while (width > 1) {
    if (count % 2 === 1) row.set(padHash(layer), count++ * HASH_LENGTH);
    count /= 2;
    hashPairs(row, count, row);
    width /= 2;
    layer++;
  }
  return row.slice(0, HASH_LENGTH);
}

function rowAbove(row: Uint8Array, layer: number): Uint8Array {
  const pairs = Math.ceil(row.length / (2 * HASH_LENGTH));
  const padded = new Uint8Array(pairs * 2 * HASH_LENGTH);
  padded.set(row);
  if (padded.length > row.length) padded.set(padHash(layer), row.length);
  const above = new Uint8Array(pairs * HASH_LENGTH);
  hashPairs(padded, pairs, above);
  return above;
}

/**
 * Writes the hash of each pair of `row` to `out`, which may be the same memory, because writes stay behind
 * reads.
 */
function hashPairs(row: Uint8Array, pairs: number, out: Uint8Array): void {
  for (let i = 0; i < pairs; i++) hashPair(row, i * 2 * HASH_LENGTH, out, i * HASH_LENGTH);
}

function writeBlockHashes(data: Uint8Array, out: Uint8Array): void {
  let offset = 0;
  for (let from = 0; from < data.length; from += BLOCK_LENGTH) {
    const block = data.subarray(from, from + BLOCK_LENGTH);
    const hash = createHash("sha256").update(block);
    writeDigest(hash, out.subarray(offset, offset += HASH_LENGTH));
  }
}

function checkWidth(count: number, width: number): void {
  if (!Number.isInteger(count) || count < 1) throw new RangeError("no whole number of hashes");
  if (width < count || nextPowerOfTwo(width) !== width) {
    throw new RangeError(`${count} hashes cannot be padded to ${width}`);
  }
}
