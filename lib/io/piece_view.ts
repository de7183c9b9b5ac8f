/**
 * A look at every piece of a torrent, for those who draw it.
 *
 * @module
 */

import type { Bitfield } from "../store/bitfield.ts";
import type { Swarm } from "../peer/swarm.ts";

/** The pieces as they are at the moment of asking; nothing is copied. */
export interface PieceView {
  /** How many there are. */
  readonly count: number;
  /** Pieces of which blocks are on their way or being verified, oldest first. */
  readonly inFlight: Iterable<number>;
  /** Whether the piece is verified and stored. */
  has(piece: number): boolean;
  /** How many connected peers have the piece; seeders that do not tell of it yet are among them. */
  availability(piece: number): number;
}

/** The pieces of this swarm's torrent; `undefined` while they are not known. */
export function pieceView(swarm: Swarm): PieceView | undefined {
  if (swarm.phase.name !== "transfer") return undefined;
  const { pieces, layout, download: { available: { rarity } } } = swarm.phase.transfer;
  let complete = 0; // those are not in the order of rarity
  const reticent: Bitfield[] = [];
  for (const { remote, isSeeder, isCounted } of swarm.connections.values()) {
    if (!isCounted) complete++;
    else if (isSeeder && !remote.isFull && remote.length > 0) reticent.push(remote);
  }
  const untold = (piece: number) =>
    reticent.reduce((sum, told) => sum + (told.get(piece) ? 0 : 1), 0);
  return {
    count: layout.pieceCount,
    inFlight: pieces.active.keys(),
    has: (piece) => pieces.have.get(piece),
    availability: (piece) => rarity.availability(piece) + complete + untold(piece),
  };
}
