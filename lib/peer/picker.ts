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

import type { PieceIndex } from "../store/layout.ts";
import type { ActivePiece, Pieces } from "../store/pieces.ts";
import type { Connection } from "./connection.ts";
import type { RarityOrder } from "./rarity.ts";

/** While fewer pieces than this are complete, new ones are chosen at random. */
const RANDOM_FIRST_PIECES = 4;
/** Blocks asked for a second time when a peer has nothing else to do. */
const END_GAME_BLOCKS = 8;
/** How many connections may be asked for the same block. */
const END_GAME_REQUESTERS = 3;

/** A block of an active piece. */
export interface Pick {
  readonly active: ActivePiece;
  readonly block: number;
}

/** What the picker needs from its surroundings. */
export interface PickerOptions {
  readonly pieces: Pieces;
  readonly rarity: RarityOrder;
  /** All that the peer has and we want, if that is little; see {@link Availability.fewWanted}. */
  readonly fewWanted: (connection: Connection) => readonly PieceIndex[] | undefined;
  /** Whether the hash of a piece is known yet. */
  readonly canVerify: (piece: PieceIndex) => boolean;
  /** Pieces that failed, each to be fetched by one peer alone. */
  readonly doubted: ReadonlySet<PieceIndex>;
  /** Makes a piece that nobody is on missing again, with all that has arrived of it. */
  readonly drop: (active: ActivePiece) => void;
}

/** Chooses blocks; changes nothing but which pieces are begun and whose they are. */
export class Picker {
  readonly #options: PickerOptions;
  readonly #pieces: Pieces;
  readonly #rarity: RarityOrder;

  /** Chooses among these pieces. */
  constructor(options: PickerOptions) {
    this.#options = options;
    this.#pieces = options.pieces;
    this.#rarity = options.rarity;
  }

  /** The next block to ask this peer for that nobody has been asked for, or `undefined`. */
  next(connection: Connection): Pick | undefined {
    let active = connection.current;
    if (active === undefined || active.freeCount === 0 || !mayAsk(connection, active.piece)) {
      active = this.#abandoned(connection) ?? this.#fresh(connection) ?? this.#shared(connection);
      connection.current = active;
    }
    if (active === undefined) return undefined;
    return { active, block: active.nextFree() };
  }

  /** Blocks to ask this idle peer for although others were asked before. For when all is begun. */
  endGame(connection: Connection): Pick[] {
    for (let limit = 2; limit <= END_GAME_REQUESTERS; limit++) {
      const picks = this.#doubled(connection, limit);
      if (picks.length > 0) return picks;
    }
    return [];
  }

  /** Blocks that fewer than `limit` connections owe. */
  #doubled(connection: Connection, limit: number): Pick[] {
    const picks: Pick[] = [];
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
    let best: ActivePiece | undefined;
    for (const active of this.#pieces.active.values()) {
      if (active.owner !== undefined || active.freeCount === 0) continue;
      if (!mayAsk(connection, active.piece)) continue;
      if (best === undefined || active.receivedCount > best.receivedCount) best = active;
    }
    if (best !== undefined) best.owner = connection.id;
    return best;
  }

  #fresh(connection: Connection): ActivePiece | undefined {
    if (connection.wantedCount === 0) return undefined;
    const accept = (piece: number) =>
      mayAsk(connection, piece) && this.#options.canVerify(piece as PieceIndex);
    let piece = this.#doubted(accept);
    if (piece < 0) {
      const few = this.#options.fewWanted(connection);
      if (few !== undefined) piece = this.#rarity.rarestOf(few, accept);
      else if (this.#pieces.have.count >= RANDOM_FIRST_PIECES) piece = this.#rarity.rarest(accept);
      else piece = this.#rarity.any(accept);
    }
    if (piece < 0 || !this.#makeRoom()) return undefined;
    return this.#begin(connection, piece as PieceIndex);
  }

  /** A piece that failed before, or -1. */
  #doubted(accept: (piece: number) => boolean): number {
    for (const piece of this.#options.doubted) {
      if (this.#rarity.includes(piece) && accept(piece)) return piece;
    }
    return -1;
  }

  /** A piece that others are on. */
  #shared(connection: Connection): ActivePiece | undefined {
    for (const active of this.#pieces.active.values()) {
      if (active.exclusive || active.freeCount === 0) continue;
      if (mayAsk(connection, active.piece)) return active;
    }
    return undefined;
  }

  #begin(connection: Connection, piece: PieceIndex): ActivePiece {
    this.#rarity.remove(piece);
    const active = this.#pieces.begin(piece);
    active.owner = connection.id;
    active.exclusive = this.#options.doubted.has(piece);
    return active;
  }

  /** Pieces that were left by peers that alone had them must not hold the piece memory for ever. */
  #makeRoom(): boolean {
    if (this.#pieces.freeSlots > 0) return true;
    let least: ActivePiece | undefined;
    for (const active of this.#pieces.active.values()) {
      if (!isLeft(active)) continue;
      if (least === undefined || active.receivedCount < least.receivedCount) least = active;
    }
    if (least !== undefined) this.#options.drop(least);
    return least !== undefined;
  }
}

/** Whether the peer has the piece and would give it. */
function mayAsk(connection: Connection, piece: number): boolean {
  return connection.remote.get(piece) && !connection.refused.has(piece) &&
    (!connection.peerChoking || connection.allowedFast.has(piece));
}

/** Whether the piece was begun and nobody is on it any more. */
function isLeft(active: ActivePiece): boolean {
  return active.owner === undefined && !active.isFull && active.isIdle;
}
