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

import type { Layout, PieceIndex } from "../store/layout.ts";
import { Bitfield } from "../store/bitfield.ts";
import type { Emit } from "./actions.ts";
import type { BlockRequest, Connection } from "./connection.ts";
import { restsWhenDry } from "./foreign_habits.ts";

/** Offers reach so far ahead of what is sent. */
const AHEAD_SECONDS = 0.5;
/** So many pieces are shown at once, to all peers together; the rest a moment later. */
const HAVES_AT_ONCE = 65_536;
/** Offers ahead while no rate is known, in bytes, for all peers together. */
const MIN_AHEAD_BYTES = 4 * 1024 * 1024;
/** Offers ahead for each peer in any case: one on its way, one to ask for meanwhile. */
const MIN_AHEAD_PIECES = 2;
/** Who asks for nothing of what it was offered for so long holds it no longer. */
const STALL_MS = 3000;
/** Who is not interested in anything it was offered after so long wants something particular. */
const INTEREST_MS = 1000;
const NOBODY = -1;

/** What super-seeding needs from its surroundings. */
export interface SuperSeedOptions {
  readonly layout: Layout;
  readonly have: Bitfield;
  readonly emit: Emit;
}

/** A peer that is offered pieces. */
interface Guest {
  readonly connection: Connection;
  /** Pieces it was told of. */
  readonly told: Bitfield;
  /** Offers not sent yet: piece to bytes that are still to be sent. */
  readonly ahead: Map<PieceIndex, number>;
  /** Pieces that it got from us and nobody else has. */
  unshared: number;
  /** When it was last given something, or something was last sent to it. */
  movedMs: number;
  stalled: boolean;
}

/** Deals the pieces of a complete file among peers that have nothing. */
export class SuperSeed {
  readonly #options: SuperSeedOptions;
  readonly #guests = new Map<Connection, Guest>();
  /** Guests of before, who do not see everything yet. */
  #unshown: Guest[] = [];
  /** To which connection a piece was given that nobody else has seen; by number. */
  readonly #owner: Int32Array;
  /** Whether a piece was given to somebody, or seen at somebody. */
  readonly #given: Bitfield;
  /** Given pieces that came back: their owners left or did not fetch them. */
  #returned: PieceIndex[] = [];
  #next = 0; // no piece before this one is left, those returned aside
  #aheadCount = 0;
  #rate = 0;
  #nowMs = 0;
  #open = true;

  /** Hides nothing before the first peer joins. */
  constructor(options: SuperSeedOptions) {
    this.#options = options;
    this.#owner = new Int32Array(options.layout.pieceCount).fill(NOBODY);
    this.#given = new Bitfield(options.layout.pieceCount);
  }

  /** Whether we claim to have nothing but what we offer. */
  get isHiding(): boolean {
    return !this.#open;
  }

  /**
   * Somebody joined. Returns whether it is to be told that we have nothing: always while we hide, and
   * when it finds nobody here who has anything; but never who could not live on offers.
   */
  joined(connection: Connection, others: Iterable<Connection>): boolean {
    if (restsWhenDry(connection.negotiated.peerId)) return false;
    if (this.#open && this.#isAlone(connection, others)) this.#begin();
    if (this.#open) return false;
    this.#nowMs = Math.max(this.#nowMs, connection.openedMs); // the last tick may be long ago
    const told = new Bitfield(this.#options.layout.pieceCount);
    const guest = { connection, told, ahead: new Map(), unshared: 0, movedMs: this.#nowMs };
    this.#guests.set(connection, { ...guest, stalled: false });
    return true;
  }

  /** A peer says that it has a piece: what it was offered has arrived, or was passed on to it. */
  seen(connection: Connection, piece: PieceIndex): void {
    if (this.#open) return;
    const guest = this.#guests.get(connection);
    if (guest !== undefined) {
      guest.stalled = false;
      this.#sent(guest, piece);
    }
    const owner = this.#owner[piece]!;
    if (owner === connection.id) return;
    this.#owner[piece] = NOBODY;
    this.#given.set(piece);
    if (owner === NOBODY) return;
    for (const other of this.#guests.values()) {
      if (other.connection.id === owner && !other.ahead.has(piece)) other.unshared--;
    }
  }

  /** Blocks were handed to the socket. */
  taken(connection: Connection, requests: readonly BlockRequest[]): void {
    const guest = this.#guests.get(connection);
    if (guest === undefined) return;
    guest.movedMs = this.#nowMs;
    guest.stalled = false;
    for (const { piece, length } of requests) {
      const left = guest.ahead.get(piece);
      if (left === undefined) continue;
      if (left > length) guest.ahead.set(piece, left - length);
      else this.#sent(guest, piece);
    }
  }

  /** The connection is gone; what it alone was given is given to others. */
  left(connection: Connection): void {
    this.#unshown = this.#unshown.filter((guest) => guest.connection !== connection);
    const guest = this.#guests.get(connection);
    if (guest === undefined) return;
    this.#takeBack(guest, this.#ownedBy(connection));
    this.#guests.delete(connection);
    if (this.#guests.size === 0) this.#open = true; // whoever comes next begins anew
  }

  /** Time passed: rates are known anew, and what was not fetched is offered to others. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#showSome();
    if (this.#open) return;
    this.#rate = 0;
    for (const guest of this.#guests.values()) {
      this.#rate += guest.connection.up.rate(nowMs);
      const { peerInterested } = guest.connection;
      const patienceMs = peerInterested ? STALL_MS : INTEREST_MS;
      if (guest.ahead.size === 0 || nowMs - guest.movedMs < patienceMs) continue;
      guest.stalled = true;
      this.#takeBack(guest, [...guest.ahead.keys()]);
      if (!peerInterested) this.#dismiss(guest);
    }
    if (this.#nobodyMoves()) this.#reveal();
    else this.deal();
  }

  /** Offers what is to be offered now. */
  deal(): void {
    if (this.#open) return;
    const budget = this.#budget();
    while (this.#aheadCount < budget) {
      const piece = this.#nextPiece();
      if (piece === undefined) break;
      const guest = this.#mostDeserving(piece);
      if (guest === undefined) {
        this.#returned.push(piece);
        return;
      }
      this.#offer(guest, piece);
    }
    if (this.#guests.size > 0 && this.#isAllGiven() && this.#isAllSent()) this.#reveal();
  }

  #begin(): void {
    this.#open = false;
    this.#given.clearAll();
    this.#owner.fill(NOBODY);
    this.#returned = [];
    this.#next = 0;
    this.#aheadCount = 0;
  }

  #isAlone(connection: Connection, others: Iterable<Connection>): boolean {
    for (const other of others) if (other !== connection && !other.remote.isEmpty) return false;
    return true;
  }

  /** How many offers may be ahead, over all peers. */
  #budget(): number {
    const { pieceLength } = this.#options.layout;
    const bytes = Math.max(MIN_AHEAD_BYTES, this.#rate * AHEAD_SECONDS);
    return Math.max(Math.ceil(bytes / pieceLength), MIN_AHEAD_PIECES * this.#guests.size);
  }

  #nextPiece(): PieceIndex | undefined {
    for (let piece = this.#returned.pop(); piece !== undefined; piece = this.#returned.pop()) {
      if (!this.#given.get(piece)) return piece;
    }
    const { layout: { pieceCount }, have } = this.#options;
    while (this.#next < pieceCount) {
      const piece = this.#next++ as PieceIndex;
      if (!this.#given.get(piece) && have.get(piece)) return piece;
    }
    return undefined;
  }

  /** Nobody wants just what it was offered; perhaps other peers promised them that. */
  #nobodyMoves(): boolean {
    const guests = [...this.#guests.values()];
    return guests.every((guest) => guest.stalled) && guests.some((g) => !g.connection.amChoking);
  }

  /** Nobody who is served has anything left to fetch; the one offer of others can wait. */
  #isAllSent(): boolean {
    for (const { connection, ahead } of this.#guests.values()) {
      if (ahead.size > 0 && !connection.amChoking) return false;
    }
    return true;
  }

  #isAllGiven(): boolean {
    return this.#next >= this.#options.layout.pieceCount && this.#returned.length === 0;
  }

  /**
   * Who has least to fetch and least that it has not passed on. A peer that has no slot is offered one
   * piece, so that it wants a slot.
   */
  #mostDeserving(piece: PieceIndex): Guest | undefined {
    let best: Guest | undefined;
    let least = Infinity;
    for (const guest of this.#guests.values()) {
      const { connection, ahead, unshared, stalled } = guest;
      if (stalled || connection.closing || connection.remote.get(piece)) continue;
      if (connection.amChoking && ahead.size > 0) continue;
      const load = ahead.size + unshared;
      if (load < least) [best, least] = [guest, load];
    }
    return best;
  }

  #offer(guest: Guest, piece: PieceIndex): void {
    const { connection, ahead } = guest;
    if (ahead.size === 0) guest.movedMs = this.#nowMs;
    ahead.set(piece, this.#options.layout.dataLength(piece));
    this.#aheadCount++;
    this.#given.set(piece);
    this.#owner[piece] = connection.id;
    guest.told.set(piece);
    this.#options.emit({ type: "send", connection, message: { type: "have", piece } });
  }

  /** The peer has got all of a piece, from us or from another. */
  #sent(guest: Guest, piece: PieceIndex): void {
    if (!guest.ahead.delete(piece)) return;
    this.#aheadCount--;
    if (this.#owner[piece] === guest.connection.id) guest.unshared++;
  }

  #takeBack(guest: Guest, pieces: readonly PieceIndex[]): void {
    for (const piece of pieces) {
      if (guest.ahead.delete(piece)) this.#aheadCount--;
      if (this.#owner[piece] !== guest.connection.id) continue;
      this.#owner[piece] = NOBODY;
      this.#given.clear(piece);
      this.#returned.push(piece);
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
  #dismiss(guest: Guest): void {
    this.left(guest.connection);
    this.#showAll(guest);
  }

  /** One copy is out: from now on everybody sees all of it. */
  #reveal(): void {
    this.#open = true;
    this.#unshown.push(...this.#guests.values());
    this.#guests.clear();
    this.#showSome();
  }

  #showSome(): void {
    for (let left = HAVES_AT_ONCE; left > 0 && this.#unshown.length > 0;) {
      left -= this.#options.have.count;
      this.#showAll(this.#unshown.shift()!);
    }
  }

  #showAll({ connection, told }: Guest): void {
    for (const piece of this.#options.have.ones()) {
      if (told.get(piece) || connection.remote.get(piece)) continue;
      const message = { type: "have", piece } as const;
      this.#options.emit({ type: "send", connection, message });
    }
  }
}
