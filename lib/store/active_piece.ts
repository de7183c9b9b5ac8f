/**
 * A piece on its way: which of its blocks are free, requested, received, and from whom.
 *
 * @module
 */

import type { PieceIndex } from "./layout.ts";

const NOBODY = -1;

/** A piece whose blocks are being collected in one slot of the piece memory. */
export class ActivePiece {
  /** The number of this piece. */
  readonly piece: PieceIndex;
  /** Which slot of the piece memory collects its blocks. */
  readonly slot: number;
  /** Blocks it has. */
  readonly blockCount: number;
  /** The connection that has this piece to itself, or `undefined` when anybody may help. */
  owner: number | undefined;
  /** Nobody but the owner may help: it failed before, and must pass or fail by one sender alone. */
  exclusive = false;
  /** Blocks neither requested nor received. */
  freeCount: number;
  /** Blocks received. */
  receivedCount = 0;
  readonly #requesters: Uint8Array; // how many connections a block is requested from
  readonly #from: Int32Array; // peer that a block was received from
  #firstFree = 0; // no free block lies before this one

  /** A piece with all blocks free. */
  constructor(piece: PieceIndex, slot: number, blockCount: number) {
    this.piece = piece;
    this.slot = slot;
    this.blockCount = blockCount;
    this.freeCount = blockCount;
    this.#requesters = new Uint8Array(blockCount);
    this.#from = new Int32Array(blockCount).fill(NOBODY);
  }

  /** Whether a block over this connection may become part of it: not where it is another's alone. */
  takesFrom(connectionId: number): boolean {
    return !this.exclusive || this.owner === connectionId;
  }

  /** Whether block `block` has arrived. */
  isReceived(block: number): boolean {
    return this.#from[block] !== NOBODY;
  }

  /** How many connections block `block` is requested from at the moment. */
  requesters(block: number): number {
    return this.#requesters[block]!;
  }

  /** The first block neither requested nor received, or -1. */
  nextFree(): number {
    if (this.freeCount === 0) return -1;
    for (let block = this.#firstFree; block < this.blockCount; block++) {
      if (this.#requesters[block] === 0 && this.#from[block] === NOBODY) {
        this.#firstFree = block;
        return block;
      }
    }
    return -1;
  }

  /** Notes that one more connection was asked for the block. */
  request(block: number): void {
    if (this.#requesters[block] === 0 && !this.isReceived(block)) this.freeCount--;
    this.#requesters[block]!++;
  }

  /** Notes that one connection will not deliver the block after all, or has delivered it. */
  release(block: number): void {
    this.#requesters[block]!--;
    if (this.#requesters[block] === 0 && !this.isReceived(block)) {
      this.freeCount++;
      if (block < this.#firstFree) this.#firstFree = block;
    }
  }

  /** Notes that the block arrived from peer `peerId`; false when it was there already. */
  receive(block: number, peerId: number): boolean {
    if (this.isReceived(block)) return false;
    if (this.#requesters[block] === 0) this.freeCount--;
    this.#from[block] = peerId;
    this.receivedCount++;
    return true;
  }

  /** Takes back that the block arrived: it was not the right one. */
  discard(block: number): void {
    if (!this.isReceived(block)) return;
    this.#from[block] = NOBODY;
    this.receivedCount--;
    if (this.#requesters[block] !== 0) return;
    this.freeCount++;
    if (block < this.#firstFree) this.#firstFree = block;
  }

  /** Whether nobody owes us any block of it, be it one that has arrived from elsewhere meanwhile. */
  get isIdle(): boolean {
    return this.#requesters.every((count) => count === 0);
  }

  /** True when every block has arrived. */
  get isFull(): boolean {
    return this.receivedCount === this.blockCount;
  }

  /** The peers that blocks were received from, each once. */
  contributors(): number[] {
    const contributors: number[] = [];
    for (const peer of this.#from) {
      if (peer !== NOBODY && !contributors.includes(peer)) contributors.push(peer);
    }
    return contributors;
  }

  /** Which peer the block came from; -1 when it has not arrived. */
  contributorOf(block: number): number {
    return this.#from[block]!;
  }

  /** @throws {Error} when the counters do not match the blocks */
  checkInvariant(): void {
    let free = 0, received = 0;
    for (let block = 0; block < this.blockCount; block++) {
      if (this.isReceived(block)) received++;
      else if (this.#requesters[block] === 0) free++;
      if (free > 0 && this.#firstFree > block && !this.isReceived(block)) {
        if (this.#requesters[block] === 0) throw new Error("a free block lies before the first");
      }
    }
    if (free !== this.freeCount) throw new Error(`${free} free blocks counted ${this.freeCount}`);
    if (received !== this.receivedCount) throw new Error("received blocks are counted wrongly");
  }
}
