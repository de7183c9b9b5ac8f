/**
 * Memory for what is on its way from disk to a socket.
 *
 * @module
 */

import { BLOCK_LENGTH } from "../codec/torrent/merkle.ts";
import { PIECE_HEADER_LENGTH } from "../codec/wire/message.ts";

/** File data per write, at most. */
export const BATCH_BYTES = 512 * 1024;
/** File data per write to a peer that takes little. */
export const LEAST_BATCH_BYTES = 32 * 1024;
/** What the smaller buffers hold. */
const SMALL_BATCH_BYTES = 128 * 1024;
/** How many buffers of each size are kept when nobody needs them. */
const KEPT_BUFFERS = 16;

/** The buffers of upload batches, used again by whoever uploads next. */
export class BatchBuffers {
  readonly #small: Uint8Array[] = [];
  readonly #large: Uint8Array[] = [];

  /** A buffer for one batch with so many bytes of file data. */
  acquire(dataBytes: number): Uint8Array {
    const size = dataBytes > SMALL_BATCH_BYTES ? BATCH_BYTES : SMALL_BATCH_BYTES;
    return this.#listFor(capacityFor(size)).pop() ?? new Uint8Array(capacityFor(size));
  }

  /** Gives it back. */
  release(buffer: Uint8Array): void {
    const list = this.#listFor(buffer.length);
    if (list.length < KEPT_BUFFERS) list.push(buffer);
  }

  #listFor(capacity: number): Uint8Array[] {
    return capacity > capacityFor(SMALL_BATCH_BYTES) ? this.#large : this.#small;
  }
}

/** A batch with the headers of its blocks, and the one block that may be larger than what is left. */
function capacityFor(dataBytes: number): number {
  return dataBytes + (dataBytes / BLOCK_LENGTH + 1) * PIECE_HEADER_LENGTH + 128 * 1024;
}
