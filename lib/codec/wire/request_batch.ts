/**
 * Writes many block requests at once (BEP 3), without an object for each.
 *
 * @module
 */

import { writeUint32 } from "../bytes.ts";
import { MessageId, REQUEST_MESSAGE_LENGTH } from "./message.ts";

/** Numbers per block: piece, begin, length. */
const NUMBERS = 3;

/** Number of bytes {@link writeRequests} writes. */
export function requestsLength(blocks: readonly number[]): number {
  return blocks.length / NUMBERS * REQUEST_MESSAGE_LENGTH;
}

/**
 * Writes a `request` message for each block.
 *
 * @param blocks piece, begin and length of each block, one after the other
 * @returns the offset after the last message
 */
export function writeRequests(blocks: readonly number[], out: Uint8Array, offset: number): number {
  for (let i = 0; i < blocks.length; i += NUMBERS) {
    offset = writeUint32(out, offset, REQUEST_MESSAGE_LENGTH - 4);
    out[offset++] = MessageId.request;
    for (let j = i; j < i + NUMBERS; j++) offset = writeUint32(out, offset, blocks[j]!);
  }
  return offset;
}
