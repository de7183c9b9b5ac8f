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

/** The seat at an index of a roster. */
export function slotAt(place: number, seeder: boolean): PeerSlot {
  return 2 * place + (seeder ? 1 : 0);
}

/** The index of a seat in its roster. */
export function indexOf(seat: PeerSlot): number {
  return seat >>> 1;
}

/** Whether a seat is a seeder's. */
export function isSeeder(seat: PeerSlot): boolean {
  return (seat & 1) === 1;
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

  /** The number of the peer at a seat. */
  peerAt(seat: PeerSlot): number {
    return this.rosterOf(seat).peer(indexOf(seat));
  }

  /** The roster of a seat. */
  rosterOf(seat: PeerSlot): PeerTable {
    return isSeeder(seat) ? this.seeders : this.leechers;
  }

  /** The seat at this index in an enumeration of all peers, from 0 up to {@link Swarm.size}. */
  seatWithIndex(index: number): PeerSlot {
    const leechers = this.leechers.length;
    return index < leechers ? slotAt(index, false) : slotAt(index - leechers, true);
  }

  /** Whether the peer announced from a loopback address, which only this machine can reach. */
  isLoopback(seat: PeerSlot): boolean {
    return (this.#note(seat) & LOOPBACK) !== 0;
  }

  /** Records that the peer announced from a loopback address. */
  setLoopback(seat: PeerSlot): void {
    this.#setNote(seat, this.#note(seat) | LOOPBACK);
    this.loopbackPeers++;
  }

  /** Whether the peer had everything when it came. */
  isSource(seat: PeerSlot): boolean {
    return (this.#note(seat) & SOURCE) !== 0;
  }

  /** Records whether the peer had everything when it came. */
  setSource(seat: PeerSlot, isSource: boolean): void {
    const note = this.#note(seat);
    const changed = isSource ? note | SOURCE : note & ~SOURCE;
    if (changed !== note) this.#setNote(seat, changed);
  }

  /** Counts the peer's download as completed, at most once; returns whether it was counted now. */
  complete(seat: PeerSlot): boolean {
    const note = this.#note(seat);
    if ((note & COMPLETED) !== 0) return false;
    this.#setNote(seat, note | COMPLETED);
    this.completed++;
    return true;
  }

  /** The number of the peer's catalogue entry, or 0. */
  listingOf(seat: PeerSlot): number {
    return this.#note(seat) >>> LISTING_SHIFT;
  }

  /** Sets the number of the peer's catalogue entry. */
  setListing(seat: PeerSlot, listing: number): void {
    const rest = this.#note(seat) & (1 << LISTING_SHIFT) - 1;
    this.#setNote(seat, listing << LISTING_SHIFT | rest);
  }

  #note(seat: PeerSlot): number {
    return this.rosterOf(seat).flags(indexOf(seat));
  }

  #setNote(seat: PeerSlot, note: number): void {
    this.rosterOf(seat).setFlags(indexOf(seat), note);
  }
}
