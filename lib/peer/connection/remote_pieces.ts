/**
 * What a peer has, and what of that we want. Written by the download's availability alone.
 *
 * @module
 */

import { Bitfield } from "../../store/bitfield.ts";
import type { PieceIndex } from "../../store/layout.ts";

/** The pieces of one peer. */
export class RemotePieces {
  /** What it has. Empty until the transfer begins and knows how many pieces there are. */
  have: Bitfield = new Bitfield(0);
  /** Its pieces are counted one by one. Not so who said to have all: that changes no order. */
  isCounted = true;
  /** How many of its pieces we lack. */
  wantedCount = 0;
  /** Pieces that it got while we watched, as long as they are wanted; the latest few of them. */
  gains: PieceIndex[] = [];
  /** It has pieces we lack, and was told so. */
  amInterested = false;
}
