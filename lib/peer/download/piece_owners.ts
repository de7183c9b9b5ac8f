/**
 * Which connection fetches a piece alone.
 *
 * @module
 */

import type { ActivePiece } from "../../store/pieces.ts";
import type { Connection } from "../connection/connection.ts";

/** The pieces that each connection owns. An owner is noted at the piece, too. */
export class PieceOwners {
  /** By connection number. */
  readonly #owned = new Map<number, Set<ActivePiece>>();

  /** A copy of the list of pieces that the connection owns. */
  of({ id }: Connection): readonly ActivePiece[] {
    return [...this.#owned.get(id) ?? []];
  }

  /** The connection owns the piece from now on. */
  give({ id }: Connection, active: ActivePiece): void {
    active.owner = id;
    const owned = this.#owned.get(id);
    if (owned === undefined) this.#owned.set(id, new Set([active]));
    else owned.add(active);
  }

  /** No connection owns the piece any more. */
  release(active: ActivePiece): void {
    if (active.owner === undefined) return;
    const owned = this.#owned.get(active.owner);
    owned?.delete(active);
    if (owned?.size === 0) this.#owned.delete(active.owner);
    active.owner = undefined;
  }

  /** @throws {Error} when these are not all pieces that have an owner */
  checkInvariant(all: Iterable<ActivePiece>): void {
    let owned = 0;
    for (const active of all) {
      if (active.owner === undefined) continue;
      owned++;
      if (this.#owned.get(active.owner)?.has(active)) continue;
      throw new Error(`piece ${active.piece} is not among those of its owner`);
    }
    for (const { size } of this.#owned.values()) owned -= size;
    if (owned !== 0) throw new Error("a connection owns a piece that is none, or another's");
  }
}
