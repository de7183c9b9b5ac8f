/**
 * The cost of a piece's hashes: a block, a node of the tree, and both kinds for a whole piece.
 *
 *     deno bench -A bench/micro/hashing_bench.ts
 *
 * @module
 */

import { createHash } from "node:crypto";
import { sha1, sha256 } from "../../lib/codec/hash.ts";
import { hashPair } from "../../lib/codec/torrent/hash_pair.ts";
import {
  BLOCK_LENGTH,
  blockHashes,
  merkleRoot,
  pieceHash,
} from "../../lib/codec/torrent/merkle.ts";

const BLOCKS = 32;

const piece = new Uint8Array(BLOCKS * BLOCK_LENGTH).fill(7);
const block = piece.subarray(0, BLOCK_LENGTH);
const pair = piece.slice(0, 64);
const leaves = blockHashes(piece);
const out = new Uint8Array(32);

Deno.bench("hashPair", { group: "node of 64 bytes", baseline: true }, () => {
  hashPair(pair, 0, out, 0);
});
Deno.bench("node:crypto, hex digits", { group: "node of 64 bytes" }, () => {
  createHash("sha256").update(pair).digest("hex");
});
Deno.bench("node:crypto, buffer", { group: "node of 64 bytes" }, () => {
  createHash("sha256").update(pair).digest();
});

Deno.bench("node:crypto, hex digits", { group: "block of 16 KiB", baseline: true }, () => {
  createHash("sha256").update(block).digest("hex");
});
Deno.bench("node:crypto, buffer", { group: "block of 16 KiB" }, () => {
  createHash("sha256").update(block).digest();
});

Deno.bench("SHA-256 in one go", { group: "piece of 512 KiB", baseline: true }, () => {
  sha256(piece);
});
Deno.bench("v2: leaves and nodes", { group: "piece of 512 KiB" }, () => {
  pieceHash(piece, BLOCKS);
});
Deno.bench("v2: nodes only", { group: "piece of 512 KiB" }, () => {
  merkleRoot(leaves, 0);
});
Deno.bench("v1: SHA-1", { group: "piece of 512 KiB" }, () => {
  sha1(piece);
});
