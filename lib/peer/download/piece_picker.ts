/**
 * Picks the block to request from a peer next.
 *
 * In this order: a piece that somebody waits for who reads the file meanwhile, which several peers may fetch
 * together; the piece that the peer is fetching already; a piece that another peer began and left; a new
 * piece, the rarest that the peer has (a random one while we have almost none, because rare pieces are slow
 * to get); a piece that other peers are fetching, when the piece memory is full. When every piece has been
 * begun, the end game follows: blocks that other peers owe us, from the end of the piece, because those will
 * arrive last.
 *
 * As far as possible a piece belongs to one peer. The peer then reads it in one sweep, and if it fails its
 * hash, there is no doubt about the sender. A piece that came from several peers and failed is picked before
 * all other new ones, and exclusively for one peer, which settles who is to blame.
 *
 * @module
 */

import type { PieceIndex } from "../../store/layout.ts";
import type { ActivePiece, Pieces } from "../../store/pieces.ts";
import type { Connection } from "../connection/connection.ts";
import type { TransferContext } from "../connection/context.ts";
import type { Availability } from "./availability.ts";
import { PieceOwners } from "./piece_owners.ts";
import type { RarestFirst } from "./rarest_first.ts";
import type { UrgentPieces } from "./urgent_pieces.ts";

/** While we have fewer pieces than this, new ones are picked at random. */
const RANDOM_FIRST_PIECES = 4;
/** Number of blocks requested twice when a peer has nothing else to do. */
const END_GAME_BLOCKS = 8;
/** Limit of connections that may owe us the same block. */
const END_GAME_REQUESTERS = 3;

/** Pieces of one peer to look at before the search is put off. */
const MOST_LOOKS = 4096;

/** A block of an active piece. */
interface BlockPick {
  readonly active: ActivePiece;
  readonly block: number;
}

/** What the picker has to know from verification. */
export interface PieceChecks {
  /** Whether the hash of a piece is known. */
  readonly canVerify: (piece: PieceIndex) => boolean;
  /** Pieces that failed. They are fetched first, each by one peer alone. */
  readonly suspect: ReadonlySet<PieceIndex>;
}

/** Picks blocks. It changes only which pieces are begun and which peer owns them. */
export class PiecePicker {
  readonly #pieces: Pieces;
  readonly #available: Pick<Availability, "rarity" | "fewWanted">;
  readonly #rarity: RarestFirst;
  readonly #checks: PieceChecks;
  readonly #urgent: UrgentPieces;
  readonly #drop: (active: ActivePiece) => void;
  /** Pieces that were begun and left. May include some that have ended. */
  readonly #left = new Set<ActivePiece>();
  /** Pieces with blocks to request, oldest first. May include some that have none left. */
  readonly #open = new Set<ActivePiece>();
  readonly #owners = new PieceOwners();
  /** The connection that `#accepts` tests for. */
  #asked!: Connection;
  readonly #accepts = (piece: number): boolean =>
    mayAsk(this.#asked, piece) && this.#checks.canVerify(piece as PieceIndex);
  /** Whether an urgent piece has a block to request from the connection, or can be begun. */
  readonly #hasUrgentBlock = (piece: number): boolean => {
    const active = this.#pieces.active.get(piece as PieceIndex);
    if (active === undefined) return this.#rarity.includes(piece) && this.#accepts(piece);
    return active.freeCount > 0 && active.takesFrom(this.#asked.id) && mayAsk(this.#asked, piece);
  };

  /** `drop` makes a piece that no peer is fetching missing again, along with what has arrived of it. */
  constructor(
    { pieces }: Pick<TransferContext, "pieces">,
    available: Pick<Availability, "rarity" | "fewWanted">,
    checks: PieceChecks,
    urgent: UrgentPieces,
    drop: (active: ActivePiece) => void,
  ) {
    this.#pieces = pieces;
    this.#available = available;
    this.#rarity = available.rarity;
    this.#checks = checks;
    this.#urgent = urgent;
    this.#drop = drop;
  }

  /** The piece whose next free block to request from this peer, or `undefined`. */
  next(connection: Connection): ActivePiece | undefined {
    const { current } = connection.download;
    const goesOn = current !== undefined && current.freeCount > 0 &&
      mayAsk(connection, current.piece);
    if (!this.#urgent.isEmpty) {
      const urgent = this.#urgentPiece(connection);
      if (urgent !== undefined) return this.#prefer(connection, urgent);
    }
    if (goesOn) return current;
    connection.download.current = this.#abandoned(connection) ?? this.#fresh(connection) ??
      this.#shared(connection);
    return connection.download.current;
  }

  /** No peer owns the piece any more; the next one may finish it. */
  onLeft(active: ActivePiece): void {
    this.#owners.release(active);
    this.#left.add(active);
    this.onFreed(active);
  }

  /** The piece is no longer active. */
  onEnded(active: ActivePiece): void {
    this.#owners.release(active);
  }

  /** A copy of the list of pieces that the connection owns. */
  ownedBy(connection: Connection): readonly ActivePiece[] {
    return this.#owners.of(connection);
  }

  /** A block of the piece has to be requested again. */
  onFreed(active: ActivePiece): void {
    this.#open.add(active);
  }

  /**
   * Blocks to request from this idle peer although other peers owe them. Use it when all pieces are begun.
   */
  endGame(connection: Connection): BlockPick[] {
    for (let limit = 2; limit <= END_GAME_REQUESTERS; limit++) {
      const picks = this.#doubled(connection, limit);
      if (picks.length > 0) return picks;
    }
    return [];
  }

  /**
   * @throws {Error} when an exclusive piece has no owner, or a piece would not be found by a peer that may
   * finish it
   */
  checkInvariant(): void {
    this.#owners.checkInvariant(this.#pieces.active.values());
    for (const active of this.#pieces.active.values()) {
      const { piece, owner, exclusive, freeCount } = active;
      if (active.isFull) continue;
      if (exclusive && owner === undefined) throw new Error(`piece ${piece} has no owner`);
      const isLost = (owner === undefined && !this.#left.has(active)) ||
        (freeCount > 0 && !this.#open.has(active));
      if (isLost) throw new Error(`piece ${piece} is not among those to be finished`);
    }
  }

  /** A piece that somebody waits for; it is begun if it has not been. */
  #urgentPiece(connection: Connection): ActivePiece | undefined {
    this.#asked = connection;
    const piece = this.#urgent.find(this.#hasUrgentBlock) as PieceIndex;
    if (piece < 0) return undefined;
    const active = this.#pieces.active.get(piece);
    if (active === undefined) {
      return this.#makeRoom() ? this.#begin(connection, piece) : undefined;
    }
    if (this.#left.delete(active)) this.#owners.give(connection, active);
    return active;
  }

  /** Turns the connection to an urgent piece. Any peer may finish the one that it was fetching. */
  #prefer(connection: Connection, urgent: ActivePiece): ActivePiece {
    const { current } = connection.download;
    connection.download.current = urgent;
    const isLeft = current !== undefined && current !== urgent && current.owner === connection.id &&
      !current.isFull && !current.exclusive;
    if (isLeft) this.onLeft(current);
    return urgent;
  }

  /** Blocks that fewer than `limit` connections owe. */
  #doubled(connection: Connection, limit: number): BlockPick[] {
    const picks: BlockPick[] = [];
    for (const active of [...this.#pieces.active.values()].reverse()) {
      if (active.isFull || active.exclusive || !mayAsk(connection, active.piece)) continue;
      for (let block = active.blockCount - 1; block >= 0; block--) {
        if (active.isReceived(block) || active.requesters(block) >= limit) continue;
        picks.push({ active, block });
        if (picks.length === END_GAME_BLOCKS) return picks;
      }
    }
    return picks;
  }

  /** A piece that its peer left, the most complete first. */
  #abandoned(connection: Connection): ActivePiece | undefined {
    if (this.#left.size === 0) return undefined;
    let best: ActivePiece | undefined;
    for (const active of this.#leftPieces()) {
      if (active.freeCount === 0 || !mayAsk(connection, active.piece)) continue;
      if (best === undefined || active.receivedCount > best.receivedCount) best = active;
    }
    if (best === undefined) return undefined;
    this.#owners.give(connection, best);
    this.#left.delete(best);
    return best;
  }

  /** The pieces that were left and are still active. */
  #leftPieces(): ReadonlySet<ActivePiece> {
    for (const active of this.#left) {
      if (this.#pieces.active.get(active.piece) !== active) this.#left.delete(active);
    }
    return this.#left;
  }

  #fresh(connection: Connection): ActivePiece | undefined {
    if (connection.pieces.wantedCount === 0) return undefined;
    if (this.#left.size === 0 && !this.#pieces.mayBegin()) return undefined;
    this.#asked = connection;
    let piece = this.#checks.suspect.size > 0 ? this.#suspect() : -1;
    if (piece < 0) piece = this.#missing(connection);
    if (piece < 0 || !this.#makeRoom()) return undefined;
    return this.#begin(connection, piece as PieceIndex);
  }

  /** A missing piece that is not begun, or -1. */
  #missing(connection: Connection): number {
    const accept = this.#accepts;
    const { peerChoking, allowedFast } = connection.download;
    if (peerChoking) return this.#rarity.rarestOf(allowedFast, accept);
    const few = this.#available.fewWanted(connection);
    if (few !== undefined) return this.#rarity.rarestOf(few, accept);
    const isBeginning = this.#pieces.have.count < RANDOM_FIRST_PIECES;
    const piece = isBeginning ? this.#rarity.any(accept) : this.#rarity.rarest(accept);
    return piece >= 0 ? piece : this.#rarity.rarestIn(connection.pieces.have, accept, MOST_LOOKS);
  }

  /** A piece that failed before, or -1. */
  #suspect(): number {
    for (const piece of this.#checks.suspect) {
      if (this.#rarity.includes(piece) && this.#accepts(piece)) return piece;
    }
    return -1;
  }

  /** A piece that other peers are fetching. */
  #shared(connection: Connection): ActivePiece | undefined {
    if (this.#open.size === 0) return undefined;
    for (const active of this.#open) {
      const isOpen = active.freeCount > 0 && this.#pieces.active.get(active.piece) === active;
      if (!isOpen) this.#open.delete(active);
      else if (!active.exclusive && mayAsk(connection, active.piece)) return active;
    }
    return undefined;
  }

  #begin(connection: Connection, piece: PieceIndex): ActivePiece {
    this.#rarity.remove(piece);
    const active = this.#pieces.begin(piece);
    this.#owners.give(connection, active);
    active.exclusive = this.#checks.suspect.has(piece);
    this.#open.add(active);
    return active;
  }

  /** Frees a slot from a piece that its peers left, so that such pieces cannot block the piece memory. */
  #makeRoom(): boolean {
    if (this.#pieces.mayBegin()) return true;
    let least: ActivePiece | undefined;
    for (const active of this.#leftPieces()) {
      if (active.isFull || !active.isIdle) continue;
      if (least === undefined || active.receivedCount < least.receivedCount) least = active;
    }
    if (least !== undefined) this.#drop(least);
    return least !== undefined;
  }
}

/** Whether the peer has the piece and would serve it. */
function mayAsk({ pieces, download }: Connection, piece: number): boolean {
  return pieces.have.get(piece) && !download.refused.has(piece) &&
    (!download.peerChoking || download.allowedFast.has(piece));
}
