/**
 * The file data of a simulation: none. All blocks are one block, and there is a wrong one, for peers
 * that send corrupt data; what is in a block is told from which of the two it is.
 *
 * @module
 */

import { BLOCK_LENGTH } from "../../lib/codec/torrent/merkle.ts";

const GOOD = new Uint8Array(BLOCK_LENGTH);
const WRONG = new Uint8Array(BLOCK_LENGTH).fill(1);

/** A block of this length, right or wrong. */
export function blockOf(length: number, wrong: boolean): Uint8Array {
  const block = wrong ? WRONG : GOOD;
  return length === BLOCK_LENGTH ? block : block.subarray(0, length);
}

/** Whether a block is the wrong one. */
export function isWrong(block: Uint8Array): boolean {
  return block[0] !== 0;
}
