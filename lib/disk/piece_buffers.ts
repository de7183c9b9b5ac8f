/**
 * Collects blocks until their piece is complete, in one buffer per slot.
 *
 * A buffer is taken when its slot is first used, goes to a piece worker when its piece is complete, and
 * comes back. When the piece has ended, the next piece of any download may have it. So there are never more
 * buffers than pieces were active at once, and none is copied. Buffers are not shared between threads,
 * because copying into shared memory is several times slower.
 *
 * @module
 */

import { PieceBudget, type PieceShare } from "../store/piece_budget.ts";
import type { PieceMemory } from "../store/pieces.ts";

/** The buffers of all downloads of a client. */
export class BufferPool {
  /** Says who may have how many. */
  readonly budget: PieceBudget;
  /** Buffers that no piece uses, of any length. */
  readonly #unused: Uint8Array<ArrayBuffer>[] = [];
  #unusedBytes = 0;
  #usedBytes = 0;

  /** Allocates no buffer yet. */
  constructor(budget: PieceBudget = new PieceBudget()) {
    this.budget = budget;
  }

  /** Bytes of all buffers. */
  get bytes(): number {
    return this.#usedBytes + this.#unusedBytes;
  }

  /** A buffer for one piece. */
  acquire(length: number): Uint8Array<ArrayBuffer> {
    this.#usedBytes += length;
    const place = this.#unused.findLastIndex((buffer) => buffer.length === length);
    if (place < 0) {
      this.#tidy();
      return new Uint8Array(length);
    }
    this.#unusedBytes -= length;
    return this.#unused.splice(place, 1)[0]!;
  }

  /** Keeps a buffer for another piece, if there is room for it. */
  release(buffer: Uint8Array<ArrayBuffer>): void {
    this.lost(buffer.length);
    this.#unused.push(buffer);
    this.#unusedBytes += buffer.length;
    this.#tidy();
  }

  /** A buffer of this length does not come back. */
  lost(length: number): void {
    this.#usedBytes -= length;
  }

  /** A download has ended. When no other has pieces, nothing is kept. */
  left(): void {
    if (this.budget.busyCount > 0) return;
    this.#unused.length = 0;
    this.#unusedBytes = 0;
  }

  /** Drops buffers that are not used, the oldest first, until the budget is kept. */
  #tidy(): void {
    while (this.#unused.length > 0 && this.bytes > this.budget.bytes) {
      this.#unusedBytes -= this.#unused.shift()!.length;
    }
  }
}

/** In place of a buffer that a worker has. */
const AWAY = new Uint8Array(0);

/** The buffers of one download, by slot. */
export class PieceBuffers implements PieceMemory {
  readonly #pool: BufferPool;
  readonly #share: PieceShare;
  readonly #pieceLength: number;
  readonly #slots: Array<Uint8Array<ArrayBuffer> | undefined>;

  /** Takes no buffer yet. */
  constructor(slotCount: number, pieceLength: number, pool: BufferPool = new BufferPool()) {
    this.#pool = pool;
    this.#share = pool.budget.share(pieceLength);
    this.#pieceLength = pieceLength;
    this.#slots = new Array(slotCount);
  }

  /** See {@link PieceMemory.ask}. */
  ask(): boolean {
    return this.#share.ask();
  }

  /** See {@link PieceMemory.taken}. */
  taken(): void {
    this.#share.take();
  }

  /** See {@link PieceMemory.freed}. */
  freed(slot: number): void {
    this.#share.giveBack();
    this.#vacate(slot);
  }

  /** Copies a block to its place in a slot. */
  store(slot: number, begin: number, block: Uint8Array): void {
    this.#slots[slot] ??= this.#pool.acquire(this.#pieceLength);
    this.#slots[slot].set(block, begin);
  }

  /** Takes the buffer out of a slot to hand it to a worker. */
  take(slot: number): ArrayBuffer {
    const { buffer } = this.#slots[slot]!;
    this.#slots[slot] = AWAY;
    return buffer;
  }

  /** Returns a buffer to its slot. */
  giveBack(slot: number, buffer: ArrayBuffer): void {
    this.#slots[slot] = new Uint8Array(buffer);
  }

  /** Gives everything back, because the download has ended. */
  close(): void {
    for (const slot of this.#slots.keys()) this.#vacate(slot);
    this.#share.leave();
    this.#pool.left();
  }

  /** A buffer that is still away was lost: its piece could not be stored. */
  #vacate(slot: number): void {
    const buffer = this.#slots[slot];
    this.#slots[slot] = undefined;
    if (buffer === AWAY) this.#pool.lost(this.#pieceLength);
    else if (buffer !== undefined) this.#pool.release(buffer);
  }
}
