/**
 * Super-seeding (BEP 16): how the first seeder hands out one copy, each piece once.
 *
 * While nobody else has the file, the seeder claims to have nothing and offers pieces one by one, each
 * to one peer only. So no two peers fetch the same piece from it, and what leaves the seeder is at once
 * something that others lack and can get from whoever was given it. The classic way waits for each
 * piece to show up at a third peer before it offers the next; that leaves the line idle. Here a peer
 * has always some offers ahead, and what shows up elsewhere decides who gets the next ones: a peer that
 * passes on what it got is given more, one that keeps it to itself waits behind the others.
 *
 * When every piece was given away, everybody is shown everything, and the seeder is one like any other.
 *
 * @module
 */

import type { Bitfield } from "../../store/bitfield.ts";
import type { PieceIndex } from "../../store/layout.ts";
import type { Connection } from "../connection/connection.ts";
import type { TransferContext } from "../connection/context.ts";
import type { BlockRequest } from "../connection/upload_state.ts";
import { stallsOnSingleHaves } from "../peers/client_quirks.ts";
import { leastLoaded, ratesOf, Strikes, SuperSeedPeer } from "./super_seed_peer.ts";
import { SuperSeedPieces } from "./super_seed_pieces.ts";

/** Offers reach so far ahead of what is sent. */
const AHEAD_SECONDS = 0.5;
/** So many pieces are shown at once, to all peers together; the rest a moment later. */
const HAVES_AT_ONCE = 65_536;
/** Offers ahead while no rate is known, in bytes, for all peers together. */
const MIN_AHEAD_BYTES = 4 * 1024 * 1024;
/** Offers ahead for each peer in any case: one on its way, one to ask for meanwhile. */
const MIN_AHEAD_PIECES = 2;
const NOBODY = -1;

/** Deals the pieces of a complete file among peers that have nothing. */
export class SuperSeed {
  readonly #context: TransferContext;
  readonly #peers = new Map<Connection, SuperSeedPeer>();
  /** Guests of before, who do not see everything yet. */
  #unshown: SuperSeedPeer[] = [];
  /** To which connection a piece was given that nobody else has seen; by number. */
  readonly #owner: Int32Array;
  readonly #undealt: SuperSeedPieces;
  #aheadCount = 0;
  /** Somebody may have nothing to fetch. */
  #someMayBeIdle = false;
  #rate = 0;
  #leastRate = 0;
  readonly #strikes = new Strikes();
  #nowMs = 0;
  #open = true;

  /** Hides nothing before the first peer joins. */
  constructor(context: TransferContext) {
    this.#context = context;
    this.#owner = new Int32Array(context.layout.pieceCount).fill(NOBODY);
    this.#undealt = new SuperSeedPieces(context.pieces.have);
  }

  /** Whether we claim to have nothing but what we offer. */
  get isHiding(): boolean {
    return !this.#open;
  }

  /**
   * Somebody joined. Returns whether it is to be told that we have nothing: always while we hide, and
   * when it finds nobody here who has anything; but never who could not live on offers.
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

  /** A peer says that it has a piece: what it was offered has arrived, or was passed on to it. */
  onHave(connection: Connection, piece: PieceIndex): void {
    if (this.#open) return;
    const guest = this.#peers.get(connection);
    if (guest !== undefined) {
      guest.onHave(piece);
      this.#sent(guest, piece);
    }
    const owner = this.#owner[piece]!;
    if (owner === connection.id) return;
    this.#owner[piece] = NOBODY;
    this.#undealt.gave(piece);
    if (owner === NOBODY) return;
    for (const other of this.#peers.values()) {
      if (other.connection.id === owner && !other.ahead.has(piece)) other.unshared--;
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

  /** The connection is gone; what it alone was given is given to others. */
  onDisconnected(connection: Connection): void {
    this.#unshown = this.#unshown.filter((guest) => guest.connection !== connection);
    const guest = this.#peers.get(connection);
    if (guest === undefined) return;
    const owned = this.#ownedBy(connection);
    this.#strikes.remember(connection.peer.host, guest.strikes + (owned.length > 0 ? 1 : 0));
    this.#takeBack(guest, owned);
    this.#peers.delete(connection);
    if (this.#peers.size === 0) this.#open = true; // whoever comes next begins anew
  }

  /** Time passed: rates are known anew, and what was not fetched is offered to others. */
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
    if (this.#nobodyMoves()) this.#endSuperSeeding();
    else this.offerPieces();
  }

  /** Offers what is to be offered now. */
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
    if (this.#peers.size > 0 && this.#undealt.isEmpty && this.#isAllSent()) this.#endSuperSeeding();
  }

  #feedAll(): void {
    this.#someMayBeIdle = false;
    const slow = [...this.#peers.values()].filter((guest) => guest.isSlow(this.#nowMs));
    if (slow.length === 0) return;
    for (const guest of this.#peers.values()) this.#feed(guest, slow);
  }

  /**
   * Who fetches what it is offered does not wait for those who do not: where they hold the offers, it has
   * something to fetch all the same, if need be what somebody has held for too long.
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

  /** A piece that one of these was offered long ago, and that loses it. */
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
    this.#undealt.reset();
    this.#owner.fill(NOBODY);
    this.#aheadCount = 0;
  }

  #isAlone(connection: Connection): boolean {
    for (const other of this.#context.connections.values()) {
      if (other !== connection && !other.pieces.have.isEmpty) return false;
    }
    return true;
  }

  /** How many offers may be ahead, over all peers. */
  #budget(): number {
    const { pieceLength } = this.#context.layout;
    const bytes = Math.max(MIN_AHEAD_BYTES, this.#rate * AHEAD_SECONDS);
    return Math.max(Math.ceil(bytes / pieceLength), MIN_AHEAD_PIECES * this.#peers.size);
  }

  /** Nobody wants just what it was offered; perhaps other peers promised them that. */
  #nobodyMoves(): boolean {
    const guests = [...this.#peers.values()];
    return guests.every((guest) => guest.stalled) &&
      guests.some(({ connection: { upload } }) => !upload.amChoking);
  }

  /** Nobody who is served has anything left to fetch; the one offer of others can wait. */
  #isAllSent(): boolean {
    for (const { connection, ahead } of this.#peers.values()) {
      if (ahead.size > 0 && !connection.upload.amChoking) return false;
    }
    return true;
  }

  #offer(guest: SuperSeedPeer, piece: PieceIndex): void {
    const { connection } = guest;
    guest.onOffered(piece, this.#context.layout.dataLength(piece), this.#nowMs);
    this.#aheadCount++;
    this.#undealt.gave(piece);
    this.#owner[piece] = connection.id;
    this.#context.emit({ type: "send", connection, message: { type: "have", piece } });
  }

  /** The peer has got all of a piece, from us or from another. */
  #sent(guest: SuperSeedPeer, piece: PieceIndex): void {
    if (!guest.ahead.delete(piece)) return;
    this.#aheadCount--;
    this.#someMayBeIdle ||= guest.ahead.size === 0;
    if (this.#owner[piece] === guest.connection.id) guest.unshared++;
  }

  #takeBack(guest: SuperSeedPeer, pieces: readonly PieceIndex[]): void {
    for (const piece of pieces) {
      if (guest.ahead.delete(piece)) this.#aheadCount--;
      if (this.#owner[piece] !== guest.connection.id) continue;
      this.#owner[piece] = NOBODY;
      this.#undealt.putBack(piece);
    }
  }

  #ownedBy({ id }: Connection): PieceIndex[] {
    const pieces: PieceIndex[] = [];
    for (let piece = 0; piece < this.#owner.length; piece++) {
      if (this.#owner[piece] === id) pieces.push(piece as PieceIndex);
    }
    return pieces;
  }

  /** It wants none of what it is offered, since it chose other files or had it before: it sees all. */
  #showEverything(guest: SuperSeedPeer): void {
    this.onDisconnected(guest.connection);
    this.#showAll(guest);
  }

  /** One copy is out: from now on everybody sees all of it. */
  #endSuperSeeding(): void {
    this.#open = true;
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
