/**
 * Where blocks are collected until their piece is full: one buffer per slot.
 *
 * A buffer is made when its slot is first used, goes to a piece worker when its piece is full, and comes
 * back; so there are never more buffers than pieces were ever active at once, and none is copied. They
 * are not shared between threads, because copying into shared memory is several times slower.
 *
 * @module
 */

/** The buffers of all slots. */
export class PieceBuffers {
  readonly #pieceLength: number;
  readonly #slots: Array<Uint8Array<ArrayBuffer> | undefined>;

  /** No buffer is made yet. */
  constructor(slotCount: number, pieceLength: number) {
    this.#pieceLength = pieceLength;
    this.#slots = new Array(slotCount);
  }

  /** Copies a block to its place in a slot. */
  store(slot: number, begin: number, block: Uint8Array): void {
    this.#slots[slot] ??= new Uint8Array(this.#pieceLength);
    this.#slots[slot].set(block, begin);
  }

  /** Takes the buffer of a slot out, to be handed to a worker. */
  take(slot: number): ArrayBuffer {
    const buffer = this.#slots[slot]!.buffer;
    this.#slots[slot] = undefined;
    return buffer;
  }

  /** Puts it back. */
  giveBack(slot: number, buffer: ArrayBuffer): void {
    this.#slots[slot] = new Uint8Array(buffer);
  }
}
