/**
 * The hashes of the blocks of a piece, from disk, for peers that ask for them (BEP 52).
 *
 * They are computed on the main thread, a mebibyte at a time with a read in between, because who only
 * seeds has no hashing threads; the peer machine sees to it that they are seldom asked for.
 *
 * @module
 */

import { BLOCK_LENGTH, blockHashes, HASH_LENGTH } from "../codec/merkle.ts";
import type { Layout, PieceIndex } from "../store/layout.ts";

/** Bytes read and hashed at once: about a millisecond of hashing. */
const CHUNK_BYTES = 64 * BLOCK_LENGTH;

/**
 * The SHA-256 of each block of a piece, packed.
 *
 * @param read Reads the piece from `begin` on to fill `out`; false when the data is not what it was.
 * @returns `undefined` when a part of the piece could not be read.
 */
export async function leafHashes(
  read: (begin: number, out: Uint8Array) => Promise<boolean>,
  layout: Layout,
  piece: PieceIndex,
): Promise<Uint8Array | undefined> {
  const dataLength = layout.dataLength(piece);
  const leaves = new Uint8Array(layout.blockCount(piece) * HASH_LENGTH);
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, dataLength));
  for (let begin = 0; begin < dataLength; begin += CHUNK_BYTES) {
    const data = chunk.subarray(0, Math.min(CHUNK_BYTES, dataLength - begin));
    if (!await read(begin, data)) return undefined;
    leaves.set(blockHashes(data), begin / BLOCK_LENGTH * HASH_LENGTH);
  }
  return leaves;
}
