/**
 * Which peer alone has a piece from us, while we super-seed.
 *
 * @module
 */

import type { PieceIndex } from "../../store/layout.ts";
import type { Connection } from "../connection/connection.ts";

/** No connection has this number. */
const NO_OWNER = -1;

/** The owners of all pieces of a torrent; none at first. */
export class SuperSeedOwners {
  /** For each piece, the number of a connection. */
  readonly #owners: Int32Array;

  /** For a torrent of so many pieces; 0 while we do not super-seed. */
  constructor(pieceCount: number) {
    this.#owners = new Int32Array(pieceCount).fill(NO_OWNER);
  }

  /** The number of the connection that owns the piece. */
  of(piece: PieceIndex): number | undefined {
    const owner = this.#owners[piece]!;
    return owner === NO_OWNER ? undefined : owner;
  }

  /** The connection owns the piece from now on. */
  give(piece: PieceIndex, { id }: Connection): void {
    this.#owners[piece] = id;
  }

  /** No connection owns the piece any more. */
  release(piece: PieceIndex): void {
    this.#owners[piece] = NO_OWNER;
  }

  /** The pieces that the connection owns. */
  piecesOf({ id }: Connection): PieceIndex[] {
    const pieces: PieceIndex[] = [];
    for (let piece = 0; piece < this.#owners.length; piece++) {
      if (this.#owners[piece] === id) pieces.push(piece as PieceIndex);
    }
    return pieces;
  }
}
