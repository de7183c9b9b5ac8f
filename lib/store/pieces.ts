/**
 * What we have of each piece: missing -> in flight -> verifying -> have.
 *
 * The invariant, asserted by {@link Pieces.checkInvariant}:
 *
 * - a piece is in exactly one state;
 * - `have` in the table and in the bitfield mean the same;
 * - a piece is in flight or verifying exactly when there is an {@link ActivePiece} for it, and each
 *   of those owns one slot of the piece memory that no other owns;
 * - in an active piece, blocks are free, requested or received, and the counters say how many;
 * - a piece is verifying exactly when all its blocks are received.
 *
 * @module
 */

import { Bitfield } from "./bitfield.ts";
import type { Layout, PieceIndex } from "./layout.ts";

/** One of the four states of a piece. */
export type PieceState = "missing" | "inFlight" | "verifying" | "have";

const MISSING = 0, IN_FLIGHT = 1, VERIFYING = 2, HAVE = 3;
const STATE_NAMES: readonly PieceState[] = ["missing", "inFlight", "verifying", "have"];

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
  /** Nobody but the owner may help: its owner is under suspicion. */
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
    return [...new Set(this.#from.filter((peer) => peer !== NOBODY))];
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

/** The state of every piece of one torrent. */
export class Pieces {
  /** The pieces that are verified and stored. */
  readonly have: Bitfield;
  /** The pieces in flight or verifying, oldest first. */
  readonly active: ReadonlyMap<PieceIndex, ActivePiece>;
  /** How many slots of piece memory there are. */
  readonly slotCount: number;
  readonly #active = new Map<PieceIndex, ActivePiece>();
  readonly #states: Uint8Array;
  readonly #freeSlots: number[];
  readonly #layout: Layout;

  /** Starts from what is on disk; `slotCount` bounds how many pieces may be active at once. */
  constructor(layout: Layout, have: Bitfield, slotCount: number) {
    this.#layout = layout;
    this.have = have;
    this.active = this.#active;
    this.slotCount = slotCount;
    this.#states = new Uint8Array(layout.pieceCount);
    for (let piece = 0; piece < layout.pieceCount; piece++) {
      if (have.get(piece)) this.#states[piece] = HAVE;
    }
    // Taken from the end: a slot used a moment ago is used again, so few pages are ever touched.
    this.#freeSlots = Array.from({ length: slotCount }, (_, i) => slotCount - 1 - i);
  }

  /** The state of a piece. */
  state(piece: PieceIndex): PieceState {
    return STATE_NAMES[this.#states[piece]!]!;
  }

  /** How many more pieces could be begun now. */
  get freeSlots(): number {
    return this.#freeSlots.length;
  }

  /** True when every piece is verified and stored. */
  get isComplete(): boolean {
    return this.have.isFull;
  }

  /** missing -> in flight. The caller has looked at {@link freeSlots}. */
  begin(piece: PieceIndex): ActivePiece {
    this.#expect(piece, MISSING);
    const slot = this.#freeSlots.pop();
    if (slot === undefined) throw new Error("all piece slots are taken");
    const active = new ActivePiece(piece, slot, this.#layout.blockCount(piece));
    this.#states[piece] = IN_FLIGHT;
    this.#active.set(piece, active);
    return active;
  }

  /** in flight -> missing: nobody is fetching it any more. What has arrived of it is dropped. */
  abandon(piece: PieceIndex): void {
    this.#expect(piece, IN_FLIGHT);
    this.#leave(piece, MISSING);
  }

  /** in flight -> verifying: its last block has arrived. */
  startVerifying(piece: PieceIndex): void {
    this.#expect(piece, IN_FLIGHT);
    if (!this.#active.get(piece)!.isFull) throw new Error(`piece ${piece} lacks blocks`);
    this.#states[piece] = VERIFYING;
  }

  /** verifying -> have: it matched its hash and is on disk. */
  stored(piece: PieceIndex): void {
    this.#expect(piece, VERIFYING);
    this.#leave(piece, HAVE);
    this.have.set(piece);
  }

  /** verifying -> missing: it did not match its hash, or could not be written. */
  failed(piece: PieceIndex): void {
    this.#expect(piece, VERIFYING);
    this.#leave(piece, MISSING);
  }

  /** have -> missing: what is on disk is not what it was. */
  lost(piece: PieceIndex): void {
    this.#expect(piece, HAVE);
    this.#states[piece] = MISSING;
    this.have.clear(piece);
  }

  /** @throws {Error} when the invariant at the head of this file does not hold */
  checkInvariant(): void {
    const slots = new Set(this.#freeSlots);
    if (slots.size !== this.#freeSlots.length) throw new Error("a slot is free twice");
    for (let piece = 0; piece < this.#layout.pieceCount; piece++) {
      const state = this.#states[piece]!;
      if ((state === HAVE) !== this.have.get(piece)) throw new Error(`bitfield lies on ${piece}`);
      const active = this.#active.get(piece as PieceIndex);
      if ((state === IN_FLIGHT || state === VERIFYING) !== (active !== undefined)) {
        throw new Error(`piece ${piece} is ${STATE_NAMES[state]} but active says otherwise`);
      }
      if (active === undefined) continue;
      if (slots.has(active.slot)) throw new Error(`slot ${active.slot} has two owners`);
      slots.add(active.slot);
      active.checkInvariant();
      if ((state === VERIFYING) !== active.isFull) throw new Error(`piece ${piece} is full or not`);
    }
    if (slots.size !== this.slotCount) throw new Error("a slot got lost");
  }

  #expect(piece: PieceIndex, state: number): void {
    if (this.#states[piece] === state) return;
    throw new Error(`piece ${piece} is ${this.state(piece)}, not ${STATE_NAMES[state]}`);
  }

  #leave(piece: PieceIndex, state: number): void {
    this.#freeSlots.push(this.#active.get(piece)!.slot);
    this.#active.delete(piece);
    this.#states[piece] = state;
  }
}
