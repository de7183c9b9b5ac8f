/**
 * The peers of one torrent and one address family.
 *
 * @module
 */

import type { AddressFamily, SwarmCounts } from "../../codec/discovery/udp_tracker.ts";
import { PeerTable } from "./peer_table.ts";

/**
 * Where a peer is in its swarm: twice its index in its roster, plus one for a seeder. Valid until the swarm
 * changes.
 */
export type PeerSlot = number;

/** The slot at an index of a roster. */
export function slotAt(place: number, seeder: boolean): PeerSlot {
  return 2 * place + (seeder ? 1 : 0);
}

/** The index of a slot in its roster. */
export function indexOf(slot: PeerSlot): number {
  return slot >>> 1;
}

/** Whether a slot is a seeder's. */
export function isSeeder(slot: PeerSlot): boolean {
  return (slot & 1) === 1;
}

/** Bits of a peer's flags. The bits above them hold the number of its catalogue entry. */
const COMPLETED = 1;
const LOOPBACK = 2;
const SOURCE = 4;
const LISTING_SHIFT = 3;

/** One swarm. The order within its rosters has no meaning. */
export class Swarm {
  readonly seeders: PeerTable;
  readonly leechers: PeerTable;
  /** Downloads completed. */
  completed = 0;
  /** Peers that announced from a loopback address. */
  loopbackPeers = 0;
  /** The swarm of the other hash of the same hybrid torrent, if a peer has named it. */
  twin: Swarm | undefined;
  /** The next swarm in the ring of all swarms of a torrent; a lone swarm points to itself. */
  sibling: Swarm = this;
  /** Whether the swarm was displaced; its peers are removed gradually. */
  isDissolved = false;

  /**
   * @param number Identifies the swarm while it exists.
   * @param infoHash 40 hex digits.
   * @param stride Number of words of an address.
   * @param sinceMs When the swarm was created.
   */
  constructor(
    readonly number: number,
    readonly infoHash: string,
    readonly family: AddressFamily,
    stride: number,
    readonly sinceMs: number,
  ) {
    this.seeders = new PeerTable(stride);
    this.leechers = new PeerTable(stride);
  }

  /** Number of peers. */
  get size(): number {
    return this.seeders.length + this.leechers.length;
  }

  /** The counts reported to clients. */
  counts(): SwarmCounts {
    const { seeders, leechers, completed } = this;
    return { seeders: seeders.length, completed, leechers: leechers.length };
  }

  /** The number of the peer at a slot. */
  peerAt(slot: PeerSlot): number {
    return this.rosterOf(slot).peer(indexOf(slot));
  }

  /** The roster of a slot. */
  rosterOf(slot: PeerSlot): PeerTable {
    return isSeeder(slot) ? this.seeders : this.leechers;
  }

  /** The slot at this index in an enumeration of all peers, from 0 up to {@link Swarm.size}. */
  slotWithIndex(index: number): PeerSlot {
    const leechers = this.leechers.length;
    return index < leechers ? slotAt(index, false) : slotAt(index - leechers, true);
  }

  /** Whether the peer announced from a loopback address, which only this machine can reach. */
  isLoopback(slot: PeerSlot): boolean {
    return (this.#note(slot) & LOOPBACK) !== 0;
  }

  /** Records that the peer announced from a loopback address. */
  setLoopback(slot: PeerSlot): void {
    this.#setNote(slot, this.#note(slot) | LOOPBACK);
    this.loopbackPeers++;
  }

  /** Whether the peer had everything when it came. */
  isSource(slot: PeerSlot): boolean {
    return (this.#note(slot) & SOURCE) !== 0;
  }

  /** Records whether the peer had everything when it came. */
  setSource(slot: PeerSlot, isSource: boolean): void {
    const note = this.#note(slot);
    const changed = isSource ? note | SOURCE : note & ~SOURCE;
    if (changed !== note) this.#setNote(slot, changed);
  }

  /** Counts the peer's download as completed, at most once; returns whether it was counted now. */
  complete(slot: PeerSlot): boolean {
    const note = this.#note(slot);
    if ((note & COMPLETED) !== 0) return false;
    this.#setNote(slot, note | COMPLETED);
    this.completed++;
    return true;
  }

  /** The number of the peer's catalogue entry, or 0. */
  listingOf(slot: PeerSlot): number {
    return this.#note(slot) >>> LISTING_SHIFT;
  }

  /** Sets the number of the peer's catalogue entry. */
  setListing(slot: PeerSlot, listing: number): void {
    const rest = this.#note(slot) & (1 << LISTING_SHIFT) - 1;
    this.#setNote(slot, listing << LISTING_SHIFT | rest);
  }

  #note(slot: PeerSlot): number {
    return this.rosterOf(slot).flags(indexOf(slot));
  }

  #setNote(slot: PeerSlot, note: number): void {
    this.rosterOf(slot).setFlags(indexOf(slot), note);
  }
}
