/**
 * The pieces that are to be given away once each, in order, and those that came back.
 *
 * @module
 */

import { Bitfield } from "../../store/bitfield.ts";
import type { PieceIndex } from "../../store/layout.ts";

/** Deals pieces out. */
export class SuperSeedPieces {
  readonly #have: Bitfield;
  /** Whether a piece was given to somebody, or seen at somebody. */
  readonly #given: Bitfield;
  /** Given pieces that came back: their owners left or did not fetch them. */
  #returned: PieceIndex[] = [];
  #next = 0; // no piece before this one is left, those returned aside

  /** All pieces of `have` are to be given. */
  constructor(have: Bitfield) {
    this.#have = have;
    this.#given = new Bitfield(have.length);
  }

  /** Nothing has been given. */
  reset(): void {
    this.#given.clearAll();
    this.#returned = [];
    this.#next = 0;
  }

  /** Whether nothing is left. */
  get isEmpty(): boolean {
    return this.#next >= this.#given.length && this.#returned.length === 0;
  }

  /** Takes the next piece, one that came back before others; none that `remote` has. */
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

  /** A piece was given to somebody, or is at somebody. */
  gave(piece: PieceIndex): void {
    this.#given.set(piece);
  }

  /** A piece is to be given again. */
  putBack(piece: PieceIndex): void {
    this.#given.clear(piece);
    this.#returned.push(piece);
  }
}
