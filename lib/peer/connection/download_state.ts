/**
 * The download's state of one connection: our requests and what came of them.
 *
 * @module
 */

import type { ActivePiece } from "../../store/pieces.ts";
import { OutstandingRequests } from "./outstanding_requests.ts";
import { RateMeter } from "./rate_meter.ts";
import { RequestPipeline } from "./request_pipeline.ts";

/** What we fetch over one connection. Written by the download, and before that by the metadata fetch. */
export class DownloadState {
  /** The peer chokes us. */
  peerChoking = true;
  /** Our unanswered requests, by block number. */
  readonly outstanding = new OutstandingRequests();
  /** The piece we are fetching from the peer. */
  current: ActivePiece | undefined;
  /** Pieces we may request while choked (BEP 6). */
  readonly allowedFast = new Set<number>();
  /** Pieces the peer has refused since it last unchoked us. */
  readonly refused = new Set<number>();
  /** File data received. */
  readonly meter = new RateMeter();
  /** How many blocks we request at once. */
  readonly pipeline = new RequestPipeline();
  /** When the last block arrived, or we began to wait for one. */
  lastBlockMs: number;
  /** The peer has not delivered for too long, so its requests were freed for others. */
  snubbed = false;
  /** Bytes it sent that we had not requested. */
  wastedBytes = 0;

  constructor(nowMs: number) {
    this.lastBlockMs = nowMs;
  }
}
