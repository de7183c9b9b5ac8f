/**
 * The pieces that are still to be handed out once each, in order, and those that were returned.
 *
 * @module
 */

import { Bitfield } from "../../store/bitfield.ts";
import type { PieceIndex } from "../../store/layout.ts";

/** The pool of pieces to offer. */
export class SuperSeedPieces {
  readonly #have: Bitfield;
  /** Pieces that were given to a peer, or seen at one. */
  readonly #given: Bitfield;
  /** Given pieces that were returned: their owners left or did not fetch them. */
  readonly #returned: PieceIndex[] = [];
  #next = 0; // no piece before this one is left, except returned ones

  /** Starts with all pieces of `have`. */
  constructor(have: Bitfield) {
    this.#have = have;
    this.#given = new Bitfield(have.length);
  }

  /** Whether no piece is left. */
  get isEmpty(): boolean {
    return this.#next >= this.#given.length && this.#returned.length === 0;
  }

  /** Whether the piece is left. */
  has(piece: PieceIndex): boolean {
    return this.#have.get(piece) && !this.#given.get(piece);
  }

  /** Takes the next piece that `remote` lacks, returned ones first. */
  take(remote?: Bitfield): PieceIndex | undefined {
    for (let at = this.#returned.length - 1; at >= 0; at--) {
      const piece = this.#returned[at]!;
      if (remote?.get(piece)) continue;
      this.#returned.splice(at, 1);
      if (!this.#given.get(piece)) return piece;
    }
    while (this.#next < this.#given.length) {
      const piece = this.#next++ as PieceIndex;
      if (this.#given.get(piece) || !this.#have.get(piece)) continue;
      if (!remote?.get(piece)) return piece;
      this.#returned.unshift(piece);
    }
    return undefined;
  }

  /** Marks a piece as given to a peer, or seen at one. */
  gave(piece: PieceIndex): void {
    this.#given.set(piece);
  }

  /** Returns a piece to the pool. */
  putBack(piece: PieceIndex): void {
    this.#given.clear(piece);
    this.#returned.push(piece);
  }
}
