/**
 * The upload's state of one connection: whether we serve the peer, and what it waits for.
 *
 * @module
 */

import type { PieceIndex } from "../../store/layout.ts";
import { RateMeter } from "./rate_meter.ts";

/** A block by piece, offset and length, as in a request message. */
export interface BlockRequest {
  readonly piece: PieceIndex;
  readonly begin: number;
  readonly length: number;
}

/** What we serve over one connection. Written by the upload, and before that by the metadata fetch. */
export class UploadState {
  /** We choke the peer. */
  amChoking = true;
  /** The peer is interested. */
  peerInterested = false;
  /** The peer's unanswered requests, in order. */
  readonly queue: BlockRequest[] = [];
  /** When we last unchoked it. */
  unchokedMs = 0;
  /** File data sent. */
  readonly meter = new RateMeter();
}
