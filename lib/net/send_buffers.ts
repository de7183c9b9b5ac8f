/**
 * Buffers for data on its way from disk to a socket.
 *
 * @module
 */

import { BLOCK_LENGTH } from "../codec/torrent/merkle.ts";
import { PIECE_HEADER_LENGTH } from "../codec/wire/message.ts";

/** Maximum file data per write. */
export const BATCH_BYTES = 512 * 1024;
/** File data per write to a slow peer. */
export const LEAST_BATCH_BYTES = 32 * 1024;
/** Capacity of the smaller buffers. */
const SMALL_BATCH_BYTES = 128 * 1024;
/** Number of unused buffers of each size that are kept. */
const KEPT_BUFFERS = 16;

/** Reusable buffers for upload batches. */
export class BatchBuffers {
  readonly #small: Uint8Array[] = [];
  readonly #large: Uint8Array[] = [];

  /** A buffer for one batch with this many bytes of file data. */
  acquire(dataBytes: number): Uint8Array {
    const size = dataBytes > SMALL_BATCH_BYTES ? BATCH_BYTES : SMALL_BATCH_BYTES;
    return this.#listFor(capacityFor(size)).pop() ?? new Uint8Array(capacityFor(size));
  }

  /** Returns a buffer for reuse. */
  release(buffer: Uint8Array): void {
    const list = this.#listFor(buffer.length);
    if (list.length < KEPT_BUFFERS) list.push(buffer);
  }

  #listFor(capacity: number): Uint8Array[] {
    return capacity > capacityFor(SMALL_BATCH_BYTES) ? this.#large : this.#small;
  }
}

/** The size of a batch with its block headers, plus one block that may exceed the remaining room. */
function capacityFor(dataBytes: number): number {
  return dataBytes + (dataBytes / BLOCK_LENGTH + 1) * PIECE_HEADER_LENGTH + 128 * 1024;
}
