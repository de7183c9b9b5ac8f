/**
 * The peers of one torrent that came over one address family.
 *
 * @module
 */

import type { AddressFamily, SwarmCounts } from "../../codec/discovery/udp_tracker.ts";
import { PeerTable } from "./peer_table.ts";

/**
 * Where in its swarm a peer is: twice its place in its roster, plus one for a seeder. It holds until the
 * next change of the swarm.
 */
export type PeerSlot = number;

/** The seat at a place of a roster. */
export function slotAt(place: number, seeder: boolean): PeerSlot {
  return 2 * place + (seeder ? 1 : 0);
}

/** The place of a seat in its roster. */
export function indexOf(seat: PeerSlot): number {
  return seat >>> 1;
}

/** Whether it is the seat of a seeder. */
export function isSeeder(seat: PeerSlot): boolean {
  return (seat & 1) === 1;
}

/** What is noted about a peer, as bits; above these the number of what it lists in the catalogue. */
const COMPLETED = 1;
const LOOPBACK = 2;
const LISTING_SHIFT = 2;

/** One swarm. The order within its rosters means nothing. */
export class Swarm {
  readonly seeders: PeerTable;
  readonly leechers: PeerTable;
  /** Downloads completed. */
  completed = 0;
  /** Peers that announced from a loopback address. */
  loopbackPeers = 0;
  /** The swarm of the other hash of the same hybrid torrent, where somebody has said which. */
  twin: Swarm | undefined;
  /** The next in the ring of all swarms of a torrent; one that is alone stands in a ring of itself. */
  sibling: Swarm = this;
  /** It gave way to another; its peers are taken out bit by bit. */
  isDissolved = false;

  /**
   * @param number By which it is known while it exists.
   * @param infoHash 40 hex digits.
   * @param stride Words of an address.
   * @param sinceMs When it came to be.
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

  /** How many peers it has. */
  get size(): number {
    return this.seeders.length + this.leechers.length;
  }

  /** Its size as others are told. */
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

  /** The seat with this index, of all in some order, from 0 up to {@link Swarm.size}. */
  seatWithIndex(index: number): PeerSlot {
    const leechers = this.leechers.length;
    return index < leechers ? slotAt(index, false) : slotAt(index - leechers, true);
  }

  /** Whether the peer announced from a loopback address, so that only this machine can reach that. */
  isLoopback(seat: PeerSlot): boolean {
    return (this.#note(seat) & LOOPBACK) !== 0;
  }

  /** Notes that the peer announced from a loopback address. */
  setLoopback(seat: PeerSlot): void {
    this.#setNote(seat, this.#note(seat) | LOOPBACK);
    this.loopbackPeers++;
  }

  /** Counts the peer's download as completed, once; whether that was now. */
  complete(seat: PeerSlot): boolean {
    const note = this.#note(seat);
    if ((note & COMPLETED) !== 0) return false;
    this.#setNote(seat, note | COMPLETED);
    this.completed++;
    return true;
  }

  /** The number in the catalogue of what the peer lists there, or 0. */
  listingOf(seat: PeerSlot): number {
    return this.#note(seat) >>> LISTING_SHIFT;
  }

  /** Notes what the peer lists in the catalogue, by its number there. */
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
