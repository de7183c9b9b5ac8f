/**
 * Which block to ask a peer for next.
 *
 * In this order: the piece the peer is already on; a piece somebody began and left; a new piece, the
 * rarest the peer has (any of them while we have next to nothing: rare pieces are slow to get); a
 * piece others are on, when there is no memory to begin one more; and when every piece has been
 * begun, the end game: blocks others owe us, from the end, where they are furthest from arriving.
 *
 * A piece belongs to one peer as long as that is possible. It is then read in one sweep on the other
 * side, and when it fails its hash there is no doubt who sent it.
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

/** Chooses blocks; changes nothing but which piece is begun and whose it is. */
export class Picker {
  readonly #pieces: Pieces;
  readonly #rarity: RarityOrder;
  readonly #canVerify: (piece: PieceIndex) => boolean;

  /** `canVerify` tells whether the hash of a piece is known yet. */
  constructor(pieces: Pieces, rarity: RarityOrder, canVerify: (piece: PieceIndex) => boolean) {
    this.#pieces = pieces;
    this.#rarity = rarity;
    this.#canVerify = canVerify;
  }

  /** The next block to ask this peer for that nobody has been asked for, or `undefined`. */
  next(connection: Connection): Pick | undefined {
    let active = connection.current;
    if (active === undefined || active.freeCount === 0) {
      active = this.#abandoned(connection) ?? this.#fresh(connection) ?? this.#shared(connection);
      connection.current = active;
    }
    if (active === undefined) return undefined;
    return { active, block: active.nextFree() };
  }

  /** Blocks to ask this idle peer for although others were asked before; none before the end. */
  endGame(connection: Connection): Pick[] {
    const picks: Pick[] = [];
    if (this.#rarity.size > 0 || connection.peer.suspect) return picks;
    for (const active of [...this.#pieces.active.values()].reverse()) {
      if (active.isFull || !connection.remote.get(active.piece)) continue;
      for (let block = active.blockCount - 1; block >= 0; block--) {
        if (active.isReceived(block) || active.requesters(block) >= END_GAME_REQUESTERS) continue;
        picks.push({ active, block });
        if (picks.length === END_GAME_BLOCKS) return picks;
      }
    }
    return picks;
  }

  /** A piece begun by somebody who left it, most complete first. */
  #abandoned(connection: Connection): ActivePiece | undefined {
    if (connection.peer.suspect) return undefined;
    let best: ActivePiece | undefined;
    for (const active of this.#pieces.active.values()) {
      if (active.owner !== undefined || !this.#usable(active, connection)) continue;
      if (best === undefined || active.receivedCount > best.receivedCount) best = active;
    }
    if (best !== undefined) best.owner = connection.id;
    return best;
  }

  #fresh(connection: Connection): ActivePiece | undefined {
    if (this.#pieces.freeSlots === 0 || connection.wantedCount === 0) return undefined;
    const accept = (piece: number) =>
      connection.remote.get(piece) && !connection.refused.has(piece) &&
      (!connection.peerChoking || connection.allowedFast.has(piece)) &&
      this.#canVerify(piece as PieceIndex);
    const piece = this.#pieces.have.count < RANDOM_FIRST_PIECES
      ? this.#rarity.any(accept)
      : this.#rarity.rarest(accept);
    if (piece < 0) return undefined;
    this.#rarity.remove(piece);
    const active = this.#pieces.begin(piece as PieceIndex);
    active.owner = connection.id;
    return active;
  }

  /** A piece that others are on. Not with a suspect: it has to fail alone. */
  #shared(connection: Connection): ActivePiece | undefined {
    if (connection.peer.suspect) return undefined;
    for (const active of this.#pieces.active.values()) {
      if (!active.exclusive && this.#usable(active, connection)) return active;
    }
    return undefined;
  }

  #usable(active: ActivePiece, connection: Connection): boolean {
    return active.freeCount > 0 && connection.remote.get(active.piece) &&
      !connection.refused.has(active.piece) &&
      (!connection.peerChoking || connection.allowedFast.has(active.piece));
  }
}
