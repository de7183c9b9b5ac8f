/**
 * A peer that super-seeding makes offers to: what it was offered, and how long we wait until it fetches that.
 *
 * The wait depends on how much of its offers the peer fetches, and how fast. Other requests, and the pieces
 * that it announces, do not extend it.
 *
 * @module
 */

import { hostKey } from "../../codec/network_key.ts";
import { Bitfield } from "../../store/bitfield.ts";
import type { PieceIndex } from "../../store/layout.ts";
import type { Connection } from "../connection/connection.ts";

/** A peer that fetched nothing of its offers for this long loses them. */
const STALL_MS = 3000;
/** A peer that is not interested after this long wants other pieces. */
const INTEREST_MS = 1000;
/**
 * Offers have to shrink at this rate in bytes per second, or at a fraction of the average rate per peer where
 * that is less, because the line may be slow rather than the peer.
 */
const LEAST_RATE = 16 * 1024;
const LEAST_PARTS = 8;
/** Hosts whose strikes are remembered; beyond that the oldest are dropped. */
const MAX_HOSTS = 1000;

interface Offer {
  /** Bytes still to be sent. */
  left: number;
  readonly length: number;
  readonly sinceMs: number;
}

/** A peer that gets offers. */
export class SuperSeedPeer {
  readonly connection: Connection;
  /** Pieces that were announced to it. */
  readonly told: Bitfield;
  /** Offers not sent completely yet. */
  readonly ahead = new Map<PieceIndex, Offer>();
  /** Number of pieces that it got from us and no other peer has. */
  unshared = 0;
  /** The peer let its offers wait, and gets no more of them. */
  stalled = false;
  /**
   * How often it stalled, or left with pieces that only it had from us. A piece fetched in time takes one
   * off.
   */
  strikes: number;
  /** Offers it lost: piece to the bytes that it would still have to fetch. */
  readonly #missed = new Map<PieceIndex, number>();
  #patientUntilMs = 0;

  /** `strikes` are those its host starts with. */
  constructor(connection: Connection, pieceCount: number, strikes: number) {
    this.connection = connection;
    this.told = new Bitfield(pieceCount);
    this.strikes = strikes;
  }

  /** Records an offer of a piece of `length` bytes. */
  onOffered(piece: PieceIndex, length: number, nowMs: number): void {
    if (this.ahead.size === 0) this.#patientUntilMs = nowMs + STALL_MS;
    this.ahead.set(piece, { left: length, length, sinceMs: nowMs });
    this.told.set(piece);
  }

  /**
   * Records bytes of a piece that were handed to the socket. Returns whether they complete an offer.
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

  /** The peer announced a piece, which it may have got elsewhere. */
  onHave(piece: PieceIndex): void {
    if (this.#missed.delete(piece) && this.#missed.size === 0) this.stalled = false;
  }

  /** Whether it has kept us waiting for too long. */
  isLate(nowMs: number): boolean {
    if (this.ahead.size === 0) return false;
    const { peerInterested } = this.connection.upload;
    return nowMs >= this.#patientUntilMs - (peerInterested ? 0 : STALL_MS - INTEREST_MS);
  }

  /** Marks a late peer as stalled. Returns the offers it loses. */
  stall(): PieceIndex[] {
    this.stalled = true;
    if (!this.connection.upload.amChoking) this.strikes++;
    const lost = [...this.ahead.keys()];
    for (const [piece, { left }] of this.ahead) this.#missed.set(piece, left);
    return lost;
  }

  /** Whether it is or was slow to fetch its offers. */
  isSlow(nowMs: number): boolean {
    return this.stalled || this.strikes > 0 || this.oldOffer(nowMs) !== undefined;
  }

  /** An offer that it has had for the full waiting time, and of which it fetched less than half. */
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

/** The upload rate to all guests in bytes per second, and the rate at which each must fetch its offers. */
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
 * The guest with the fewest offers and unshared pieces; guests with strikes come after all others. A choked
 * peer gets one offer only, so that it becomes interested.
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

/** Strikes of peers that left, so that reconnecting does not clear them. */
export class Strikes {
  readonly #byHost = new Map<string, number>();

  /** The strikes with which a peer at this host starts. */
  of(host: string): number {
    return this.#byHost.get(hostKey(host)) ?? 0;
  }

  /** Records the strikes of a peer at this host that leaves. */
  remember(host: string, strikes: number): void {
    const key = hostKey(host);
    this.#byHost.delete(key);
    if (strikes > 0) this.#byHost.set(key, strikes);
    const [oldest] = this.#byHost.keys();
    if (this.#byHost.size > MAX_HOSTS) this.#byHost.delete(oldest!);
  }
}

/** Whether no peer wants what it was offered, perhaps because others have promised them those pieces. */
export function isStuck(peers: Iterable<SuperSeedPeer>): boolean {
  const all = [...peers];
  return all.every(({ stalled }) => stalled) &&
    all.some(({ connection: { upload } }) => !upload.amChoking);
}

/** Whether no unchoked peer has an offer left to fetch. The one offer of a choked peer can wait. */
export function isAllSent(peers: Iterable<SuperSeedPeer>): boolean {
  for (const { connection, ahead } of peers) {
    if (ahead.size > 0 && !connection.upload.amChoking) return false;
  }
  return true;
}
