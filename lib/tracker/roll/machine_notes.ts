/**
 * What a tracker knows about some of its peers besides what it knows about all: their machine's label, the
 * part they want, and how fast they get it.
 *
 * @module
 */

import { FairTable } from "../tables/fair_table.ts";
import type { Part } from "./progress.ts";

/** The note on one peer. */
export interface MachineNote {
  /** The peer's number. */
  readonly peer: number;
  /** See {@link cleanLabel}. */
  label: string | undefined;
  /** What it wants, if that is not all. */
  part: Part | undefined;
  /** Bytes per second between its last two announces. */
  rateBytesPerSecond: number | undefined;
}

/** An address as words; see {@link RequestOrigin.words}. */
interface Address {
  readonly words: Uint16Array;
  readonly addressWords: number;
}

/** A bounded number of notes. A peer without one costs nothing. */
export class MachineNotes {
  readonly #items = new Map<number, number>();
  readonly #table: FairTable<MachineNote>;

  /**
   * @param most Maximum number of notes; when it is reached, the network with the most loses its oldest one.
   * @param hashKey Two secret words.
   */
  constructor(most: number, hashKey: Uint32Array) {
    this.#table = new FairTable(most, hashKey, (_item, { peer }) => this.#items.delete(peer));
  }

  /** Number of notes. */
  get size(): number {
    return this.#table.size;
  }

  /** The note on the peer with this number. */
  of(peer: number): MachineNote | undefined {
    if (this.#items.size === 0) return undefined;
    const item = this.#items.get(peer);
    return item === undefined ? undefined : this.#table.get(item);
  }

  /** The note on a peer; a new one, of this address, if there is none. */
  noteOn(peer: number, { words, addressWords }: Address): MachineNote {
    const known = this.of(peer);
    if (known !== undefined) return known;
    const note = { peer, label: undefined, part: undefined, rateBytesPerSecond: undefined };
    this.#items.set(peer, this.#table.add(note, words, 0, addressWords));
    return note;
  }

  /** Forgets a peer, whose number will be given to another. */
  forget(peer: number): void {
    if (this.#items.size === 0) return;
    const item = this.#items.get(peer);
    if (item === undefined) return;
    this.#items.delete(peer);
    this.#table.delete(item);
  }
}
