/**
 * Collects blocks until their piece is complete, in one buffer per slot.
 *
 * A buffer is allocated when its slot is first used, goes to a piece worker when its piece is complete, and
 * comes back. So there are never more buffers than pieces were active at once, and none is copied. Buffers
 * are not shared between threads, because copying into shared memory is several times slower.
 *
 * @module
 */

/** The buffers of all slots. */
export class PieceBuffers {
  readonly #pieceLength: number;
  readonly #slots: Array<Uint8Array<ArrayBuffer> | undefined>;

  /** Allocates no buffer yet. */
  constructor(slotCount: number, pieceLength: number) {
    this.#pieceLength = pieceLength;
    this.#slots = new Array(slotCount);
  }

  /** Copies a block to its place in a slot. */
  store(slot: number, begin: number, block: Uint8Array): void {
    this.#slots[slot] ??= new Uint8Array(this.#pieceLength);
    this.#slots[slot].set(block, begin);
  }

  /** Takes the buffer out of a slot to hand it to a worker. */
  take(slot: number): ArrayBuffer {
    const buffer = this.#slots[slot]!.buffer;
    this.#slots[slot] = undefined;
    return buffer;
  }

  /** Returns a buffer to its slot. */
  giveBack(slot: number, buffer: ArrayBuffer): void {
    this.#slots[slot] = new Uint8Array(buffer);
  }
}
