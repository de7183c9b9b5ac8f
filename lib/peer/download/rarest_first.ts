/**
 * The missing pieces, ordered from rarest to most common.
 *
 * One array holds the pieces, grouped by how many connected peers have them. A have moves its piece one group
 * up, which takes one swap at the border of the two groups. Keeping the order thus costs the same for a
 * hundred pieces as for a hundred thousand. Within a group the order is random, so that peers that know the
 * same do not all request the same pieces. Peers that connected as seeds are not counted, since they do not
 * change the order.
 *
 * Finding a piece that one peer has does not get slower with more pieces, because most peers have one of the
 * rarest few. For the others the search goes through the peer's own bitfield.
 *
 * @module
 */

import { Bitfield } from "../../store/bitfield.ts";

/** Pieces to look at from the front of the order, or from a random place. */
const LOOKS = 64;
/** Limit of a peer's pieces that are compared when it has none of the rarest. */
const SAMPLE = 64;
/** Number of its pieces to look at before the ones found are enough. */
const SAMPLE_LOOKS = 1024;

/** Missing pieces that are not begun, by availability. */
export class RarestFirst {
  // The tables are empty until they are needed: a seed misses no piece, and an idle one has no peers.
  #availability = new Uint16Array(0);
  #order = new Uint32Array(0); // pieces, rarest group first; the first #size entries are in use
  #position = new Int32Array(0); // of each piece in #order; -1 when it is not in there
  #included = new Bitfield(0); // the pieces in #order
  readonly #groupEnd: number[] = []; // #groupEnd[a]: one past the last piece with availability <= a
  #size = 0;
  readonly #pieceCount: number;
  readonly #random: () => number;

  /** Starts with an empty order over `pieceCount` pieces. */
  constructor(pieceCount: number, random: () => number) {
    this.#pieceCount = pieceCount;
    this.#random = random;
  }

  /** How many pieces are in the order. */
  get size(): number {
    return this.#size;
  }

  /** How many connected peers have the piece, not counting those that connected as seeds. */
  availability(piece: number): number {
    return this.#availability[piece] ?? 0;
  }

  /** Whether the piece is in the order. */
  includes(piece: number): boolean {
    return this.#position[piece]! >= 0; // never while the table is empty
  }

  /** Adds a piece to the order, at a random place of its group. */
  add(piece: number): void {
    if (this.includes(piece)) return;
    if (this.#order.length === 0) this.#allocateOrder();
    // It enters above all groups and sinks, group by group, to its own.
    this.#place(piece, this.#size);
    this.#included.set(piece);
    this.#size++;
    const own = this.availability(piece);
    while (this.#groupEnd.length <= own) this.#groupEnd.push(this.#size - 1);
    for (let group = this.#groupEnd.length - 1; group >= own; group--) {
      const end = this.#groupEnd[group]!;
      this.#swap(this.#position[piece]!, end);
      this.#groupEnd[group] = end + 1;
    }
    this.#shuffleIn(piece);
  }

  /** Removes a piece from the order. */
  remove(piece: number): void {
    if (!this.includes(piece)) return;
    for (let group = this.availability(piece); group < this.#groupEnd.length; group++) {
      const last = --this.#groupEnd[group]!;
      this.#swap(this.#position[piece]!, last);
    }
    this.#size--;
    this.#position[piece] = -1;
    this.#included.clear(piece);
  }

  /** One more peer has the piece. */
  increment(piece: number): void {
    if (this.#availability.length === 0) this.#availability = new Uint16Array(this.#pieceCount);
    const group = this.#availability[piece]!++;
    if (!this.includes(piece)) return;
    while (this.#groupEnd.length <= group + 1) this.#groupEnd.push(this.#size);
    const last = --this.#groupEnd[group]!;
    this.#swap(this.#position[piece]!, last);
    this.#shuffleIn(piece);
  }

  /** One peer fewer has the piece. */
  decrement(piece: number): void {
    const group = --this.#availability[piece]!;
    if (!this.includes(piece)) return;
    const first = this.#groupEnd[group]!++;
    this.#swap(this.#position[piece]!, first);
    this.#shuffleIn(piece);
  }

  /** The first of the rarest pieces overall that `accept` takes, or -1. */
  rarest(accept: (piece: number) => boolean): number {
    for (let i = 0; i < this.#size && i < LOOKS; i++) {
      if (accept(this.#order[i]!)) return this.#order[i]!;
    }
    return -1;
  }

  /**
   * A piece that is in `field` and in the order, and that `accept` takes: the rarest if there are few, else
   * the rarest of a sample. Returns -1 when there is none, or none among the `mostLooks` pieces looked at
   * from a random place on.
   */
  rarestIn(
    field: Bitfield,
    accept: (piece: number) => boolean,
    mostLooks: number = Infinity,
  ): number {
    const start = Math.floor(this.#random() * field.length);
    const sample: number[] = [];
    let looks = 0;
    const look = (from: number, end: number) => {
      const enough = looks + SAMPLE_LOOKS;
      for (; sample.length < SAMPLE && looks < mostLooks; looks++) {
        const piece = this.#included.nextCommon(field, from);
        if (piece < 0 || piece >= end || (sample.length > 0 && looks >= enough)) return;
        if (accept(piece)) sample.push(piece);
        from = piece + 1;
      }
    };
    look(start, field.length);
    look(0, start);
    return this.rarestOf(sample, () => true);
  }

  /** The rarest of `pieces` that is in the order and that `accept` takes, or -1. */
  rarestOf(pieces: Iterable<number>, accept: (piece: number) => boolean): number {
    let best = -1;
    let ties = 0;
    for (const piece of pieces) {
      if (!this.includes(piece) || !accept(piece)) continue;
      const order = best < 0 ? -1 : this.availability(piece) - this.availability(best);
      ties = order === 0 ? ties + 1 : order < 0 ? 1 : ties;
      if (order < 0 || (order === 0 && this.#random() * ties < 1)) best = piece;
    }
    return best;
  }

  /** A random piece that `accept` takes, regardless of rarity; -1 when none is found quickly. */
  any(accept: (piece: number) => boolean): number {
    const start = Math.floor(this.#random() * this.#size);
    for (let i = 0; i < this.#size && i < LOOKS; i++) {
      const piece = this.#order[(start + i) % this.#size]!;
      if (accept(piece)) return piece;
    }
    return -1;
  }

  /** @throws {Error} when the groups, positions and counts contradict each other */
  checkInvariant(): void {
    if (this.#included.count !== this.#size) throw new Error("the order has two sizes");
    for (let i = 0; i < this.#size; i++) {
      const piece = this.#order[i]!;
      if (this.#position[piece] !== i) throw new Error(`piece ${piece} is not where it says`);
      if (!this.#included.get(piece)) throw new Error(`piece ${piece} is not in its own order`);
      const group = this.availability(piece);
      const begin = group === 0 ? 0 : this.#groupEnd[group - 1]!;
      if (i < begin || i >= this.#groupEnd[group]!) throw new Error(`piece ${piece} is misplaced`);
    }
  }

  #allocateOrder(): void {
    this.#order = new Uint32Array(this.#pieceCount);
    this.#position = new Int32Array(this.#pieceCount).fill(-1);
    this.#included = new Bitfield(this.#pieceCount);
  }

  #shuffleIn(piece: number): void {
    const group = this.availability(piece);
    const begin = group === 0 ? 0 : this.#groupEnd[group - 1]!;
    const width = this.#groupEnd[group]! - begin;
    this.#swap(this.#position[piece]!, begin + Math.floor(this.#random() * width));
  }

  #swap(a: number, b: number): void {
    if (a === b) return;
    const pieceA = this.#order[a]!;
    this.#place(this.#order[b]!, a);
    this.#place(pieceA, b);
  }

  #place(piece: number, position: number): void {
    this.#order[position] = piece;
    this.#position[piece] = position;
  }
}
