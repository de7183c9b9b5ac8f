/**
 * What a peer has, and what of that we want. Written only by the download's availability.
 *
 * @module
 */

import { Bitfield } from "../../store/bitfield.ts";
import type { PieceIndex } from "../../store/layout.ts";

/** The pieces of one peer. */
export class RemotePieces {
  /** The peer's pieces. Empty until the transfer begins and the piece count is known. */
  have: Bitfield = new Bitfield(0);
  /** Whether its pieces are in the availability counts. A peer that connects as a seed is not counted. */
  isCounted = true;
  /** Number of its pieces that we want. */
  wantedCount = 0;
  /** Wanted pieces that it announced with single haves; limited in number. */
  gains: PieceIndex[] = [];
  /** It has pieces that we want, and we told it that we are interested. */
  amInterested = false;

  /**
   * The pieces that a later bitfield of the peer adds; `undefined` when it adds none, or takes some away. aria2
   * sends one in place of several haves where that is shorter.
   */
  newsIn(remote: Bitfield): Bitfield | undefined {
    const added = remote.without(this.have);
    const keepsAll = added.count === remote.count - this.have.count;
    return this.have.isEmpty || added.isEmpty || !keepsAll ? undefined : added;
  }
}
