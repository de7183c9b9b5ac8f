/**
 * One connection as the upload sees it: whether the peer is served, and what it waits for.
 *
 * @module
 */

import type { PieceIndex } from "../../store/layout.ts";
import { RateMeter } from "./rate_meter.ts";

/** A block: which piece, where in it, how long. The same triple a request message carries. */
export interface BlockRequest {
  readonly piece: PieceIndex;
  readonly begin: number;
  readonly length: number;
}

/** What we serve over one connection. Written by the upload; before it begins, by the metadata fetch. */
export class UploadState {
  /** We do not serve the peer. */
  amChoking = true;
  /** The peer wants pieces from us. */
  peerInterested = false;
  /** Its requests we have not answered, in order. */
  readonly queue: BlockRequest[] = [];
  /** When we last stopped choking it. */
  unchokedMs = 0;
  /** File data sent. */
  readonly meter = new RateMeter();
}
