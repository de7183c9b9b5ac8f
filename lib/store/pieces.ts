/**
 * The state of each piece: missing -> in flight -> verifying -> have.
 *
 * The invariant, asserted by {@link Pieces.checkInvariant}:
 *
 * - a piece is in exactly one state;
 * - `have` in the table and in the bitfield mean the same;
 * - `shared` is `have` without the fragments;
 * - `missingCount` is the number of wanted pieces that are not `have`;
 * - a piece is in flight or verifying exactly when there is an {@link ActivePiece} for it, and each of
 *   those owns one slot of the piece memory that no other owns;
 * - in an active piece, blocks are free, requested or received, and the counters say how many;
 * - a piece is verifying exactly when all its blocks are received.
 *
 * @module
 */

import { ActivePiece } from "./active_piece.ts";
import type { Bitfield } from "./bitfield.ts";
import type { Layout, PieceIndex } from "./layout.ts";

export { ActivePiece } from "./active_piece.ts";

/** One of the four states of a piece. */
export type PieceState = "missing" | "inFlight" | "verifying" | "have";

const MISSING = 0, IN_FLIGHT = 1, VERIFYING = 2, HAVE = 3;
const STATE_NAMES: readonly PieceState[] = ["missing", "inFlight", "verifying", "have"];

/** What to download of a torrent, if not all of it. */
export interface Wanted {
  /** The pieces to download; absent: all. */
  readonly wanted?: Bitfield | undefined;
  /**
   * Pieces of which only a part is kept, because the rest belongs to files that were not chosen. They are
   * downloaded and count as `have`, but cannot be uploaded. Absent: none.
   */
  readonly fragments?: Bitfield | undefined;
}

/** The memory for active pieces, which all downloads of a client share. */
export interface PieceMemory {
  /** Asks for a slot's memory; if it is granted, {@link taken} may follow. */
  ask(): boolean;
  /** A piece was begun, in any slot. */
  taken(): void;
  /** A piece has ended, and does not need the memory of its slot any more. */
  freed(slot: number): void;
}

/** The state of every piece of one torrent. */
export class Pieces {
  /** The pieces that are verified and stored. */
  readonly have: Bitfield;
  /** The pieces we can upload: all of {@link have} except the fragments. */
  readonly shared: Bitfield;
  /** The pieces in flight or verifying, oldest first. */
  readonly active: ReadonlyMap<PieceIndex, ActivePiece>;
  /** Number of slots of piece memory. */
  readonly slotCount: number;
  readonly #active = new Map<PieceIndex, ActivePiece>();
  readonly #states: Uint8Array;
  readonly #freeSlots: number[];
  readonly #layout: Layout;
  readonly #chosen: Wanted;
  readonly #memory: PieceMemory | undefined;
  #missingCount = 0;

  /**
   * Starts from the pieces on disk.
   *
   * @param slotCount how many pieces may be active at once
   * @param chosen what to download; default all
   * @param memory of the slots, if other downloads share it
   */
  constructor(
    layout: Layout,
    have: Bitfield,
    slotCount: number,
    chosen: Wanted = {},
    memory?: PieceMemory,
  ) {
    this.#layout = layout;
    this.#memory = memory;
    this.#chosen = chosen;
    this.have = have;
    this.shared = chosen.fragments === undefined ? have : have.without(chosen.fragments);
    this.active = this.#active;
    this.slotCount = slotCount;
    this.#states = new Uint8Array(layout.pieceCount);
    for (let piece = 0; piece < layout.pieceCount; piece++) {
      if (have.get(piece)) this.#states[piece] = HAVE;
      else if (this.isWanted(piece)) this.#missingCount++;
    }
    // Slots are taken from the end, so that a recently used slot is reused and few memory pages are
    // touched.
    this.#freeSlots = Array.from({ length: slotCount }, (_, i) => slotCount - 1 - i);
  }

  /** The state of a piece. */
  state(piece: PieceIndex): PieceState {
    return STATE_NAMES[this.#states[piece]!]!;
  }

  /** How many slots are free. */
  get freeSlots(): number {
    return this.#freeSlots.length;
  }

  /** Asks for the memory to begin one more piece. Other downloads may have it. */
  mayBegin(): boolean {
    return this.#freeSlots.length > 0 && (this.#memory?.ask() ?? true);
  }

  /** Number of wanted pieces that are not verified and stored yet. */
  get missingCount(): number {
    return this.#missingCount;
  }

  /** Whether every wanted piece is verified and stored. */
  get isComplete(): boolean {
    return this.#missingCount === 0;
  }

  /** Whether the piece is to be downloaded or already has been. */
  isWanted(piece: number): boolean {
    return this.#chosen.wanted?.get(piece) ?? true;
  }

  /** Whether only a part of the piece is kept: see {@link Wanted.fragments}. */
  isFragment(piece: number): boolean {
    return this.#chosen.fragments?.get(piece) ?? false;
  }

  /** missing -> in flight. The caller must check {@link mayBegin} first. */
  begin(piece: PieceIndex): ActivePiece {
    this.#expect(piece, MISSING);
    const slot = this.#freeSlots.pop();
    if (slot === undefined) throw new Error("all piece slots are taken");
    this.#memory?.taken();
    const active = new ActivePiece(piece, slot, this.#layout.blockCount(piece));
    this.#states[piece] = IN_FLIGHT;
    this.#active.set(piece, active);
    return active;
  }

  /** in flight -> missing: no peer is sending it any more. Drops the received blocks. */
  abandon(piece: PieceIndex): void {
    this.#expect(piece, IN_FLIGHT);
    this.#leave(piece, MISSING);
  }

  /** in flight -> verifying: the last block has arrived. */
  startVerifying(piece: PieceIndex): void {
    this.#expect(piece, IN_FLIGHT);
    if (!this.#active.get(piece)!.isFull) throw new Error(`piece ${piece} lacks blocks`);
    this.#states[piece] = VERIFYING;
  }

  /** verifying -> have: the piece matched its hash and is on disk. */
  stored(piece: PieceIndex): void {
    this.#expect(piece, VERIFYING);
    this.#leave(piece, HAVE);
    this.have.set(piece);
    if (!this.isFragment(piece)) this.shared.set(piece);
    if (this.isWanted(piece)) this.#missingCount--;
  }

  /** verifying -> in flight: these blocks are known to be wrong, and the others to be right. */
  reopen(piece: PieceIndex, wrongBlocks: readonly number[]): void {
    this.#expect(piece, VERIFYING);
    if (wrongBlocks.length === 0) throw new Error(`nothing is wrong with piece ${piece}`);
    const active = this.#active.get(piece)!;
    for (const block of wrongBlocks) active.discard(block);
    this.#states[piece] = IN_FLIGHT;
  }

  /** verifying -> missing: the piece did not match its hash, or could not be written. */
  failed(piece: PieceIndex): void {
    this.#expect(piece, VERIFYING);
    this.#leave(piece, MISSING);
  }

  /** have -> missing: the data on disk has changed. */
  lost(piece: PieceIndex): void {
    this.#expect(piece, HAVE);
    this.#states[piece] = MISSING;
    this.have.clear(piece);
    this.shared.clear(piece);
    if (this.isWanted(piece)) this.#missingCount++;
  }

  /** @throws {Error} when the invariant documented at the top of this file does not hold */
  checkInvariant(): void {
    const slots = new Set(this.#freeSlots);
    let missing = 0;
    if (slots.size !== this.#freeSlots.length) throw new Error("a slot is free twice");
    for (let piece = 0; piece < this.#layout.pieceCount; piece++) {
      const state = this.#states[piece]!;
      if ((state === HAVE) !== this.have.get(piece)) throw new Error(`bitfield lies on ${piece}`);
      const active = this.#active.get(piece as PieceIndex);
      if ((state === IN_FLIGHT || state === VERIFYING) !== (active !== undefined)) {
        throw new Error(`piece ${piece} is ${STATE_NAMES[state]} but active says otherwise`);
      }
      if (this.shared.get(piece) !== (state === HAVE && !this.isFragment(piece))) {
        throw new Error(`piece ${piece} is shared or not`);
      }
      if (state !== HAVE && this.isWanted(piece)) missing++;
      if (active === undefined) continue;
      if (slots.has(active.slot)) throw new Error(`slot ${active.slot} has two owners`);
      slots.add(active.slot);
      active.checkInvariant();
      if ((state === VERIFYING) !== active.isFull) throw new Error(`piece ${piece} is full or not`);
    }
    if (slots.size !== this.slotCount) throw new Error("a slot got lost");
    if (missing !== this.#missingCount) throw new Error(`${missing} missing pieces miscounted`);
  }

  #expect(piece: PieceIndex, state: number): void {
    if (this.#states[piece] === state) return;
    throw new Error(`piece ${piece} is ${this.state(piece)}, not ${STATE_NAMES[state]}`);
  }

  #leave(piece: PieceIndex, state: number): void {
    const { slot } = this.#active.get(piece)!;
    this.#freeSlots.push(slot);
    this.#memory?.freed(slot);
    this.#active.delete(piece);
    this.#states[piece] = state;
  }
}

/** How a piece is to be checked. */
export type PieceHash =
  | { readonly kind: "sha256"; readonly hash: Uint8Array }
  | { readonly kind: "sha1"; readonly hash: Uint8Array };
