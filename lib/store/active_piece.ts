/**
 * An active piece: which of its blocks are free, requested or received, and from which peers.
 *
 * @module
 */

import type { PieceIndex } from "./layout.ts";

const NOBODY = -1;

/** A piece whose blocks are being collected in one slot of the piece memory. */
export class ActivePiece {
  /** The number of this piece. */
  readonly piece: PieceIndex;
  /** The slot of the piece memory that collects its blocks. */
  readonly slot: number;
  /** Number of blocks. */
  readonly blockCount: number;
  /** The connection that this piece is reserved for, or `undefined` when any may help. */
  owner: number | undefined;
  /** Only the owner may send blocks: the piece failed before, and must pass or fail by one sender alone. */
  exclusive = false;
  /** Blocks neither requested nor received. */
  freeCount: number;
  /** Blocks received. */
  receivedCount = 0;
  readonly #requesters: Uint8Array; // number of connections a block is requested from
  readonly #from: Int32Array; // peer that sent a block
  #firstFree = 0; // no block before this one is free

  /** Creates a piece with all blocks free. */
  constructor(piece: PieceIndex, slot: number, blockCount: number) {
    this.piece = piece;
    this.slot = slot;
    this.blockCount = blockCount;
    this.freeCount = blockCount;
    this.#requesters = new Uint8Array(blockCount);
    this.#from = new Int32Array(blockCount).fill(NOBODY);
  }

  /** Whether it accepts a block from this connection; not if it is exclusive to another one. */
  takesFrom(connectionId: number): boolean {
    return !this.exclusive || this.owner === connectionId;
  }

  /** Whether block `block` has been received. */
  isReceived(block: number): boolean {
    return this.#from[block] !== NOBODY;
  }

  /** Number of connections block `block` is currently requested from. */
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

  /** Records that the block was requested from one more connection. */
  request(block: number): void {
    if (this.#requesters[block] === 0 && !this.isReceived(block)) this.freeCount--;
    this.#requesters[block]!++;
  }

  /** Records that one connection has delivered the block, or will not. */
  release(block: number): void {
    this.#requesters[block]!--;
    if (this.#requesters[block] === 0 && !this.isReceived(block)) {
      this.freeCount++;
      if (block < this.#firstFree) this.#firstFree = block;
    }
  }

  /** Records that block `block` came from peer `peerId`; false when it had already been received. */
  receive(block: number, peerId: number): boolean {
    if (this.isReceived(block)) return false;
    if (this.#requesters[block] === 0) this.freeCount--;
    this.#from[block] = peerId;
    this.receivedCount++;
    return true;
  }

  /** Discards a received block, because it was wrong. */
  discard(block: number): void {
    if (!this.isReceived(block)) return;
    this.#from[block] = NOBODY;
    this.receivedCount--;
    if (this.#requesters[block] !== 0) return;
    this.freeCount++;
    if (block < this.#firstFree) this.#firstFree = block;
  }

  /** Whether no block is requested, including blocks that arrived from another peer meanwhile. */
  get isIdle(): boolean {
    return this.#requesters.every((count) => count === 0);
  }

  /** Whether every block has been received. */
  get isFull(): boolean {
    return this.receivedCount === this.blockCount;
  }

  /** The peers that sent blocks, each once. */
  contributors(): number[] {
    const contributors: number[] = [];
    for (const peer of this.#from) {
      if (peer !== NOBODY && !contributors.includes(peer)) contributors.push(peer);
    }
    return contributors;
  }

  /** The peer that sent the block; -1 when it has not been received. */
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
