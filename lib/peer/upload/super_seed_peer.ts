/**
 * A peer that super-seeding offers pieces: what it was offered, and how long we wait for it to fetch that.
 *
 * Patience follows what is fetched of the offers, and at which rate. What else a peer asks for, and what
 * it says to have, wins it nothing.
 *
 * @module
 */

import { hostKey } from "../../codec/network_key.ts";
import { Bitfield } from "../../store/bitfield.ts";
import type { PieceIndex } from "../../store/layout.ts";
import type { Connection } from "../connection/connection.ts";

/** Who has fetched nothing of what it was offered for so long holds it no longer. */
const STALL_MS = 3000;
/** Who is not interested in anything it was offered after so long wants something particular. */
const INTEREST_MS = 1000;
/**
 * Offers have to shrink at this rate, in bytes per second, or at a part of what a peer gets on average
 * where that is less: the line may be slow, and not the peer.
 */
const LEAST_RATE = 16 * 1024;
const LEAST_PARTS = 8;
/** Hosts whose strikes are remembered when they leave; of more, the first are forgotten. */
const MAX_HOSTS = 1000;

interface Offer {
  /** Bytes that are still to be sent. */
  left: number;
  readonly length: number;
  readonly sinceMs: number;
}

/** A peer that is offered pieces. */
export class SuperSeedPeer {
  readonly connection: Connection;
  /** Pieces it was told of. */
  readonly told: Bitfield;
  /** Offers not sent yet. */
  readonly ahead = new Map<PieceIndex, Offer>();
  /** Pieces that it got from us and nobody else has. */
  unshared = 0;
  /** It lets its offers wait, and gets no more of them. */
  stalled = false;
  /** How often it did so, or left with what it alone was given; a piece fetched in time makes up for one. */
  strikes: number;
  /** Offers it lost: piece to bytes that it would still have to fetch. */
  readonly #missed = new Map<PieceIndex, number>();
  #patientUntilMs = 0;

  /** `strikes`: those of its host. */
  constructor(connection: Connection, pieceCount: number, strikes: number) {
    this.connection = connection;
    this.told = new Bitfield(pieceCount);
    this.strikes = strikes;
  }

  /** It is told of a piece of `length` bytes. */
  onOffered(piece: PieceIndex, length: number, nowMs: number): void {
    if (this.ahead.size === 0) this.#patientUntilMs = nowMs + STALL_MS;
    this.ahead.set(piece, { left: length, length, sinceMs: nowMs });
    this.told.set(piece);
  }

  /**
   * So many bytes of a piece were handed to the socket. Returns whether that was all of an offer.
   *
   * @param leastRate bytes per second at which offers have to shrink
   */
  onUpload(piece: PieceIndex, length: number, leastRate: number, nowMs: number): boolean {
    const offer = this.ahead.get(piece);
    if (offer === undefined) {
      this.#tookMissed(piece, length);
      return false;
    }
    const wonMs = leastRate > 0 ? length / leastRate * 1000 : STALL_MS;
    this.#patientUntilMs = Math.min(nowMs + STALL_MS, this.#patientUntilMs + wonMs);
    offer.left -= length;
    if (offer.left > 0) return false;
    this.strikes = Math.max(0, this.strikes - 1);
    return true;
  }

  /** It says that it has a piece, which it may have got elsewhere. */
  onHave(piece: PieceIndex): void {
    if (this.#missed.delete(piece) && this.#missed.size === 0) this.stalled = false;
  }

  /** Whether patience with it is over. */
  isLate(nowMs: number): boolean {
    if (this.ahead.size === 0) return false;
    const { peerInterested } = this.connection.upload;
    return nowMs >= this.#patientUntilMs - (peerInterested ? 0 : STALL_MS - INTEREST_MS);
  }

  /** It is late: it loses its offers, which are returned. */
  stall(): PieceIndex[] {
    this.stalled = true;
    if (!this.connection.upload.amChoking) this.strikes++;
    const lost = [...this.ahead.keys()];
    for (const [piece, { left }] of this.ahead) this.#missed.set(piece, left);
    return lost;
  }

  /** Whether it lets offers wait, or did. */
  isSlow(nowMs: number): boolean {
    return this.stalled || this.strikes > 0 || this.oldOffer(nowMs) !== undefined;
  }

  /** An offer that it has had for as long as patience lasts, and most of which it has not fetched. */
  oldOffer(nowMs: number): PieceIndex | undefined {
    for (const [piece, { left, length, sinceMs }] of this.ahead) {
      if (nowMs - sinceMs >= STALL_MS && left > length / 2) return piece;
    }
    return undefined;
  }

  #tookMissed(piece: PieceIndex, length: number): void {
    const left = this.#missed.get(piece);
    if (left === undefined) return;
    this.#missed.set(piece, left - length);
    if (left > length) return;
    this.#missed.delete(piece);
    this.stalled = false;
    this.strikes = Math.max(0, this.strikes - 1);
  }
}

/** What all guests get in bytes per second, and at which rate the offers of each have to shrink. */
export function ratesOf(
  guests: Iterable<SuperSeedPeer>,
  nowMs: number,
): { total: number; least: number } {
  let [total, served] = [0, 0];
  for (const { connection } of guests) {
    total += connection.upload.meter.rate(nowMs);
    if (!connection.upload.amChoking) served++;
  }
  return { total, least: Math.min(LEAST_RATE, total / Math.max(1, served) / LEAST_PARTS) };
}

/**
 * Who has least to fetch and least that it has not passed on; after all others, who let offers wait. A
 * peer that has no slot is offered one piece, so that it wants a slot.
 */
export function leastLoaded(
  guests: Iterable<SuperSeedPeer>,
  piece: PieceIndex,
): SuperSeedPeer | undefined {
  let best: SuperSeedPeer | undefined;
  let [fewest, least] = [Infinity, Infinity];
  for (const guest of guests) {
    const { connection, ahead, unshared, stalled, strikes } = guest;
    if (stalled || connection.closing || connection.pieces.have.get(piece)) continue;
    if (connection.upload.amChoking && ahead.size > 0) continue;
    const load = ahead.size + unshared;
    if (strikes > fewest || (strikes === fewest && load >= least)) continue;
    [best, fewest, least] = [guest, strikes, load];
  }
  return best;
}

/** The strikes of those who left: who comes back is no newcomer. */
export class Strikes {
  readonly #byHost = new Map<string, number>();

  /** How many somebody at this host begins with. */
  of(host: string): number {
    return this.#byHost.get(hostKey(host)) ?? 0;
  }

  /** Somebody at this host leaves with so many. */
  remember(host: string, strikes: number): void {
    const key = hostKey(host);
    this.#byHost.delete(key);
    if (strikes > 0) this.#byHost.set(key, strikes);
    const [oldest] = this.#byHost.keys();
    if (this.#byHost.size > MAX_HOSTS) this.#byHost.delete(oldest!);
  }
}
