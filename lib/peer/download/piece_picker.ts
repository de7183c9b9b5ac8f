/**
 * Which block to ask a peer for next.
 *
 * In this order: the piece the peer is already on; a piece somebody began and left; a new piece, the
 * rarest the peer has (any of them while we have next to nothing: rare pieces are slow to get); a
 * piece others are on, when there is no memory to begin one more; and when every piece has been
 * begun, the end game: blocks others owe us, from the end, where they are furthest from arriving.
 *
 * A piece belongs to one peer as long as that is possible. It is then read in one sweep on the other
 * side, and when it fails its hash there is no doubt who sent it. A piece that several sent and that
 * failed comes before all other new ones, and is one peer's alone: it has to fail or to pass by it.
 *
 * @module
 */

import type { PieceIndex } from "../../store/layout.ts";
import type { ActivePiece, Pieces } from "../../store/pieces.ts";
import type { Connection } from "../connection/connection.ts";
import type { TransferContext } from "../connection/context.ts";
import type { Availability } from "./availability.ts";
import type { RarestFirst } from "./rarest_first.ts";

/** While fewer pieces than this are complete, new ones are chosen at random. */
const RANDOM_FIRST_PIECES = 4;
/** Blocks asked for a second time when a peer has nothing else to do. */
const END_GAME_BLOCKS = 8;
/** How many connections may be asked for the same block. */
const END_GAME_REQUESTERS = 3;

/** Pieces of one peer that are looked at in vain before it is left for later. */
const MOST_LOOKS = 4096;

/** A block of an active piece. */
interface BlockPick {
  readonly active: ActivePiece;
  readonly block: number;
}

/** What is known of pieces by those who check them. */
export interface PieceChecks {
  /** Whether the hash of a piece is known yet. */
  readonly canVerify: (piece: PieceIndex) => boolean;
  /** Pieces that failed, to be fetched first, each by one peer alone. */
  readonly suspect: ReadonlySet<PieceIndex>;
}

/** Chooses blocks; changes nothing but which pieces are begun and whose they are. */
export class PiecePicker {
  readonly #pieces: Pieces;
  readonly #available: Pick<Availability, "rarity" | "fewWanted">;
  readonly #rarity: RarestFirst;
  readonly #checks: PieceChecks;
  readonly #drop: (active: ActivePiece) => void;
  /** Pieces that were begun and left; some of them may be done with. */
  readonly #left = new Set<ActivePiece>();
  /** Pieces that have blocks nobody was asked for, oldest first; some of them may have none any more. */
  readonly #open = new Set<ActivePiece>();
  /** The pieces of each connection that has some to itself, by its number. */
  readonly #owned = new Map<number, Set<ActivePiece>>();
  /** Whom a piece is looked for. */
  #asked!: Connection;
  readonly #accepts = (piece: number): boolean =>
    mayAsk(this.#asked, piece) && this.#checks.canVerify(piece as PieceIndex);

  /** `drop` makes a piece that no peer is on missing again, with all that has arrived of it. */
  constructor(
    { pieces }: Pick<TransferContext, "pieces">,
    available: Pick<Availability, "rarity" | "fewWanted">,
    checks: PieceChecks,
    drop: (active: ActivePiece) => void,
  ) {
    this.#pieces = pieces;
    this.#available = available;
    this.#rarity = available.rarity;
    this.#checks = checks;
    this.#drop = drop;
  }

  /** The piece whose next free block to ask this peer for, or `undefined`. */
  next(connection: Connection): ActivePiece | undefined {
    const { current } = connection.download;
    if (current !== undefined && current.freeCount > 0 && mayAsk(connection, current.piece)) {
      return current;
    }
    connection.download.current = this.#abandoned(connection) ?? this.#fresh(connection) ??
      this.#shared(connection);
    return connection.download.current;
  }

  /** The piece is nobody's any more: whoever comes next may finish it. */
  onLeft(active: ActivePiece): void {
    this.#disown(active);
    this.#left.add(active);
    this.onFreed(active);
  }

  /** The piece is not active any more. */
  onEnded(active: ActivePiece): void {
    this.#disown(active);
  }

  /** The pieces that the connection has to itself, as they are now. */
  ownedBy(connection: Connection): readonly ActivePiece[] {
    return [...this.#owned.get(connection.id) ?? []];
  }

  /** A block of the piece is to be asked for again. */
  onFreed(active: ActivePiece): void {
    this.#open.add(active);
  }

  /** Blocks to ask this idle peer for although others were asked before. For when all is begun. */
  endGame(connection: Connection): BlockPick[] {
    for (let limit = 2; limit <= END_GAME_REQUESTERS; limit++) {
      const picks = this.#doubled(connection, limit);
      if (picks.length > 0) return picks;
    }
    return [];
  }

  /** @throws {Error} when a piece is for nobody, or would not be found by whoever may finish it */
  checkInvariant(): void {
    let owned = 0;
    for (const active of this.#pieces.active.values()) {
      if (active.owner !== undefined) owned++;
      const { piece, owner, exclusive, freeCount } = active;
      if (owner !== undefined && !this.#owned.get(owner)?.has(active)) {
        throw new Error(`piece ${piece} is not among those of its owner`);
      }
      if (active.isFull) continue;
      if (exclusive && owner === undefined) throw new Error(`piece ${piece} is for nobody`);
      const isLost = (owner === undefined && !this.#left.has(active)) ||
        (freeCount > 0 && !this.#open.has(active));
      if (isLost) throw new Error(`piece ${piece} is not among those to be finished`);
    }
    for (const { size } of this.#owned.values()) owned -= size;
    if (owned !== 0) throw new Error("somebody owns a piece that is none, or another's");
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

  /** A piece begun by somebody who left it, most complete first. */
  #abandoned(connection: Connection): ActivePiece | undefined {
    if (this.#left.size === 0) return undefined;
    let best: ActivePiece | undefined;
    for (const active of this.#leftPieces()) {
      if (active.freeCount === 0 || !mayAsk(connection, active.piece)) continue;
      if (best === undefined || active.receivedCount > best.receivedCount) best = active;
    }
    if (best === undefined) return undefined;
    this.#own(connection, best);
    this.#left.delete(best);
    return best;
  }

  /** The pieces that were left, without those that are done with. */
  #leftPieces(): ReadonlySet<ActivePiece> {
    for (const active of this.#left) {
      if (this.#pieces.active.get(active.piece) !== active) this.#left.delete(active);
    }
    return this.#left;
  }

  #fresh(connection: Connection): ActivePiece | undefined {
    const isFull = this.#pieces.freeSlots === 0 && this.#left.size === 0;
    if (connection.pieces.wantedCount === 0 || isFull) return undefined;
    this.#asked = connection;
    let piece = this.#checks.suspect.size > 0 ? this.#suspect() : -1;
    if (piece < 0) piece = this.#missing(connection);
    if (piece < 0 || !this.#makeRoom()) return undefined;
    return this.#begin(connection, piece as PieceIndex);
  }

  /** A piece that nobody has begun, or -1. */
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

  /** A piece that others are on. */
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
    this.#own(connection, active);
    active.exclusive = this.#checks.suspect.has(piece);
    this.#open.add(active);
    return active;
  }

  #own({ id }: Connection, active: ActivePiece): void {
    active.owner = id;
    const owned = this.#owned.get(id);
    if (owned === undefined) this.#owned.set(id, new Set([active]));
    else owned.add(active);
  }

  #disown(active: ActivePiece): void {
    if (active.owner === undefined) return;
    const owned = this.#owned.get(active.owner);
    owned?.delete(active);
    if (owned?.size === 0) this.#owned.delete(active.owner);
    active.owner = undefined;
  }

  /** Pieces that were left by peers that alone had them must not hold the piece memory for ever. */
  #makeRoom(): boolean {
    if (this.#pieces.freeSlots > 0) return true;
    let least: ActivePiece | undefined;
    for (const active of this.#leftPieces()) {
      if (active.isFull || !active.isIdle) continue;
      if (least === undefined || active.receivedCount < least.receivedCount) least = active;
    }
    if (least !== undefined) this.#drop(least);
    return least !== undefined;
  }
}

/** Whether the peer has the piece and would give it. */
function mayAsk({ pieces, download }: Connection, piece: number): boolean {
  return pieces.have.get(piece) && !download.refused.has(piece) &&
    (!download.peerChoking || download.allowedFast.has(piece));
}
