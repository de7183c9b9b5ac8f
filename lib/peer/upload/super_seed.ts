/**
 * Super-seeding (BEP 16): the first seed sends each piece once before it sends any twice.
 *
 * While no other peer has the content, the seed claims to have nothing and offers pieces one by one, each to
 * one peer only. No two peers fetch the same piece from it, so each piece that it sends is one that the other
 * peers lack and can get from the receiver. The classic method waits until a piece shows up at a third peer
 * before it offers the next, which leaves the line idle. Here every peer always has some offers ahead. What
 * shows up elsewhere decides which peer gets the next offers: a peer that passes pieces on gets more, a peer
 * that does not comes after the others.
 *
 * Once every piece has been sent, the seed announces all pieces to everyone and becomes an ordinary one.
 *
 * @module
 */

import { Bitfield } from "../../store/bitfield.ts";
import type { PieceIndex } from "../../store/layout.ts";
import type { Connection } from "../connection/connection.ts";
import type { TransferContext } from "../connection/context.ts";
import type { BlockRequest } from "../connection/upload_state.ts";
import { stallsOnSingleHaves } from "../peers/client_quirks.ts";
import {
  isAllSent,
  isStuck,
  leastLoaded,
  ratesOf,
  Strikes,
  SuperSeedPeer,
} from "./super_seed_peer.ts";
import { SuperSeedOwners } from "./super_seed_owners.ts";
import { SuperSeedPieces } from "./super_seed_pieces.ts";

/** How far offers run ahead of what is sent. */
const AHEAD_SECONDS = 0.5;
/** How many haves are sent at once, over all peers; the rest follows at the next tick. */
const HAVES_AT_ONCE = 65_536;
/** Bytes offered ahead while no rate is known, over all peers. */
const MIN_AHEAD_BYTES = 4 * 1024 * 1024;
/** Offers ahead for each peer at least: one in transfer, and one to request meanwhile. */
const MIN_AHEAD_PIECES = 2;
/** How far the offers to a peer that wishes for pieces run ahead, compared to those over all peers. */
const WISH_AHEAD = 2;

/** Hands out the pieces of a complete torrent to peers that have nothing. */
export class SuperSeed {
  readonly #context: TransferContext;
  readonly #peers = new Map<Connection, SuperSeedPeer>();
  /** Peers of a finished run that have not been told of all pieces yet. */
  #unshown: SuperSeedPeer[] = [];
  #owners = new SuperSeedOwners(0);
  #undealt: SuperSeedPieces;
  #aheadCount = 0;
  /** Some peer may have no offer left to fetch. */
  #someMayBeIdle = false;
  #rate = 0;
  #leastRate = 0;
  readonly #strikes = new Strikes();
  #nowMs = 0;
  #open = true;

  constructor(context: TransferContext) {
    this.#context = context;
    this.#undealt = new SuperSeedPieces(new Bitfield(0));
  }

  /** Whether we claim to have only what we have offered. */
  get isHiding(): boolean {
    return !this.#open;
  }

  /**
   * A peer connected. Returns whether to tell it that we have nothing. We do so while hiding, and start
   * hiding when no other connected peer has anything. A client that cannot live on single offers is told the
   * truth.
   */
  onConnected(connection: Connection): boolean {
    if (stallsOnSingleHaves(connection.negotiated.peerId)) return false;
    if (this.#open && this.#isAlone(connection)) this.#begin();
    if (this.#open) return false;
    this.#nowMs = Math.max(this.#nowMs, connection.openedMs); // the last tick may be long ago
    const strikes = this.#strikes.of(connection.peer.host);
    const { pieceCount } = this.#context.layout;
    this.#peers.set(connection, new SuperSeedPeer(connection, pieceCount, strikes));
    return true;
  }

  /** The peer has a piece: our offer arrived, or another peer passed the piece on. */
  onHave(connection: Connection, piece: PieceIndex): void {
    if (this.#open) return;
    const guest = this.#peers.get(connection);
    if (guest !== undefined) {
      guest.onHave(piece);
      this.#sent(guest, piece);
    }
    const owner = this.#owners.of(piece);
    if (owner === connection.id) return;
    this.#owners.release(piece);
    this.#undealt.gave(piece);
    if (owner === undefined) return;
    for (const other of this.#peers.values()) {
      if (other.connection.id === owner && !other.ahead.has(piece)) other.unshared--;
    }
  }

  /**
   * The peer needs a piece before others, because somebody reads the file meanwhile. Offers it, unless another
   * peer has the offer or this one has too many.
   */
  onWish(connection: Connection, piece: number): void {
    const guest = this.#peers.get(connection);
    const index = this.#context.layout.pieceIndex(piece);
    if (this.#open || guest === undefined || index === undefined) return;
    if (guest.stalled || connection.closing || connection.upload.amChoking) return;
    if (this.#undealt.has(index) && guest.ahead.size < WISH_AHEAD * this.#budget()) {
      this.#offer(guest, index);
    }
  }

  /** Blocks were handed to the socket. */
  onUpload(connection: Connection, requests: readonly BlockRequest[]): void {
    const guest = this.#peers.get(connection);
    if (guest === undefined) return;
    for (const { piece, length } of requests) {
      if (guest.onUpload(piece, length, this.#leastRate, this.#nowMs)) this.#sent(guest, piece);
    }
  }

  /** Returns the pieces that only this peer had from us to the pool. */
  onDisconnected(connection: Connection): void {
    this.#unshown = this.#unshown.filter((guest) => guest.connection !== connection);
    const guest = this.#peers.get(connection);
    if (guest === undefined) return;
    const owned = this.#owners.piecesOf(connection);
    this.#strikes.remember(connection.peer.host, guest.strikes + (owned.length > 0 ? 1 : 0));
    this.#takeBack(guest, owned);
    this.#peers.delete(connection);
    if (this.#peers.size === 0) this.#end(); // the next peer starts a new run
  }

  /** Updates the rates, and takes back offers that were not fetched in time. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#showSome();
    if (this.#open) return;
    const rates = ratesOf(this.#peers.values(), nowMs);
    [this.#rate, this.#leastRate] = [rates.total, rates.least];
    this.#someMayBeIdle = true;
    for (const guest of this.#peers.values()) {
      if (!guest.isLate(nowMs)) continue;
      this.#takeBack(guest, guest.stall());
      if (!guest.connection.upload.peerInterested) this.#showEverything(guest);
    }
    if (isStuck(this.#peers.values())) this.#endSuperSeeding();
    else this.offerPieces();
  }

  /** Makes the offers that are due. */
  offerPieces(): void {
    if (this.#open) return;
    const budget = this.#budget();
    while (this.#aheadCount < budget) {
      const piece = this.#undealt.take();
      if (piece === undefined) break;
      const guest = leastLoaded(this.#peers.values(), piece);
      if (guest === undefined) {
        this.#undealt.putBack(piece);
        break;
      }
      this.#offer(guest, piece);
    }
    if (this.#someMayBeIdle) this.#feedAll();
    if (this.#peers.size > 0 && this.#undealt.isEmpty && isAllSent(this.#peers.values())) {
      this.#endSuperSeeding();
    }
  }

  #feedAll(): void {
    this.#someMayBeIdle = false;
    const slow = [...this.#peers.values()].filter((guest) => guest.isSlow(this.#nowMs));
    if (slow.length === 0) return;
    for (const guest of this.#peers.values()) this.#feed(guest, slow);
  }

  /**
   * Makes sure that a peer that fetches its offers does not wait for slow ones. If they hold all remaining
   * offers, it gets one that a slow peer has held for too long.
   */
  #feed(hungry: SuperSeedPeer, slow: readonly SuperSeedPeer[]): void {
    const { connection, ahead, stalled, strikes } = hungry;
    if (
      ahead.size > 0 || stalled || strikes > 0 || connection.closing || connection.upload.amChoking
    ) {
      return;
    }
    const piece = this.#undealt.take(connection.pieces.have) ??
      this.#heldPiece(connection.pieces.have, slow);
    if (piece !== undefined) this.#offer(hungry, piece);
  }

  /** Takes back a piece that one of these peers was offered long ago. */
  #heldPiece(remote: Bitfield, slow: readonly SuperSeedPeer[]): PieceIndex | undefined {
    for (const holder of slow) {
      const piece = holder.oldOffer(this.#nowMs);
      if (piece === undefined || remote.get(piece)) continue;
      this.#takeBack(holder, [piece]);
      holder.strikes++;
      return this.#undealt.take(remote);
    }
    return undefined;
  }

  #begin(): void {
    this.#open = false;
    this.#undealt = new SuperSeedPieces(this.#context.pieces.have);
    this.#owners = new SuperSeedOwners(this.#context.layout.pieceCount);
    this.#aheadCount = 0;
  }

  #end(): void {
    this.#open = true;
    this.#undealt = new SuperSeedPieces(new Bitfield(0));
    this.#owners = new SuperSeedOwners(0);
  }

  #isAlone(connection: Connection): boolean {
    for (const other of this.#context.connections.values()) {
      if (other !== connection && !other.pieces.have.isEmpty) return false;
    }
    return true;
  }

  /** How many offers may be outstanding over all peers. */
  #budget(): number {
    const { pieceLength } = this.#context.layout;
    const bytes = Math.max(MIN_AHEAD_BYTES, this.#rate * AHEAD_SECONDS);
    return Math.max(Math.ceil(bytes / pieceLength), MIN_AHEAD_PIECES * this.#peers.size);
  }

  #offer(guest: SuperSeedPeer, piece: PieceIndex): void {
    const { connection } = guest;
    guest.onOffered(piece, this.#context.layout.dataLength(piece), this.#nowMs);
    this.#aheadCount++;
    this.#undealt.gave(piece);
    this.#owners.give(piece, connection);
    this.#context.emit({ type: "send", connection, message: { type: "have", piece } });
  }

  /** The peer has all of a piece, from us or from another peer. */
  #sent(guest: SuperSeedPeer, piece: PieceIndex): void {
    if (!guest.ahead.delete(piece)) return;
    this.#aheadCount--;
    this.#someMayBeIdle ||= guest.ahead.size === 0;
    if (this.#owners.of(piece) === guest.connection.id) guest.unshared++;
  }

  #takeBack(guest: SuperSeedPeer, pieces: readonly PieceIndex[]): void {
    for (const piece of pieces) {
      if (guest.ahead.delete(piece)) this.#aheadCount--;
      if (this.#owners.of(piece) !== guest.connection.id) continue;
      this.#owners.release(piece);
      this.#undealt.putBack(piece);
    }
  }

  /**
   * The peer wants none of its offers, because it chose other files or had the pieces before. Announce
   * everything to it.
   */
  #showEverything(guest: SuperSeedPeer): void {
    this.onDisconnected(guest.connection);
    this.#showAll(guest);
  }

  /** One copy is out: announce everything to all peers. */
  #endSuperSeeding(): void {
    this.#end();
    this.#unshown.push(...this.#peers.values());
    this.#peers.clear();
    this.#showSome();
  }

  #showSome(): void {
    for (let left = HAVES_AT_ONCE; left > 0 && this.#unshown.length > 0;) {
      left -= this.#context.pieces.have.count;
      this.#showAll(this.#unshown.shift()!);
    }
  }

  #showAll({ connection, told }: SuperSeedPeer): void {
    for (const piece of this.#context.pieces.have.ones()) {
      if (told.get(piece) || connection.pieces.have.get(piece)) continue;
      const message = { type: "have", piece } as const;
      this.#context.emit({ type: "send", connection, message });
    }
  }
}
