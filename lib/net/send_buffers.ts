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
/**
 * While buffers of this size in total are in use, batches are as small as they can be. Peers decide how
 * long they take to read theirs, so nothing may wait for a buffer.
 */
const MANY_BYTES = 32 * 1024 * 1024;

/** Reusable buffers for upload batches. */
export class BatchBuffers {
  readonly #small: Uint8Array[] = [];
  readonly #large: Uint8Array[] = [];
  #usedBytes = 0;

  /** Whether so much is on its way that a batch should be one block. */
  get isShort(): boolean {
    return this.#usedBytes >= MANY_BYTES;
  }

  /**
   * A buffer for one batch.
   *
   * @param portion the bytes of file data it was planned for
   * @param length the bytes it will have, with the headers
   */
  acquire(portion: number, length: number): Uint8Array {
    const buffer = this.isShort ? new Uint8Array(length) : this.#unused(portion);
    this.#usedBytes += buffer.length;
    return buffer;
  }

  /** Returns a buffer for reuse. */
  release(buffer: Uint8Array): void {
    this.#usedBytes -= buffer.length;
    const list = this.#listFor(buffer.length);
    if (list !== undefined && list.length < KEPT_BUFFERS) list.push(buffer);
  }

  #unused(portion: number): Uint8Array {
    const capacity = portion > SMALL_BATCH_BYTES ? LARGE_CAPACITY : SMALL_CAPACITY;
    return this.#listFor(capacity)?.pop() ?? new Uint8Array(capacity);
  }

  /** The buffers kept of this size, if they are. */
  #listFor(capacity: number): Uint8Array[] | undefined {
    if (capacity === LARGE_CAPACITY) return this.#large;
    return capacity === SMALL_CAPACITY ? this.#small : undefined;
  }
}

const SMALL_CAPACITY = capacityFor(SMALL_BATCH_BYTES);
const LARGE_CAPACITY = capacityFor(BATCH_BYTES);

/** The buffers of all connections of this program. */
export const programBuffers: BatchBuffers = new BatchBuffers();

/** The size of a batch with its block headers, plus one block that may exceed the remaining room. */
function capacityFor(dataBytes: number): number {
  return dataBytes + (dataBytes / BLOCK_LENGTH + 1) * PIECE_HEADER_LENGTH + 128 * 1024;
}
