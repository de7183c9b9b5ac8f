/**
 * One connection as the download sees it: the requests we made and what came of them.
 *
 * @module
 */

import type { ActivePiece } from "../../store/pieces.ts";
import { OutstandingRequests } from "./outstanding_requests.ts";
import { RateMeter } from "./rate_meter.ts";
import { RequestPipeline } from "./request_pipeline.ts";

/** What we fetch over one connection. Written by the download; before it begins, by the metadata fetch. */
export class DownloadState {
  /** The peer does not serve us. */
  peerChoking = true;
  /** Our requests it has not answered, by number of the block. */
  readonly outstanding = new OutstandingRequests();
  /** The piece we are asking it for. */
  current: ActivePiece | undefined;
  /** Pieces we may ask for although choked (BEP 6). */
  readonly allowedFast = new Set<number>();
  /** Pieces it refused to give since it last unchoked us. */
  readonly refused = new Set<number>();
  /** File data received. */
  readonly meter = new RateMeter();
  /** How much we ask it for at once. */
  readonly pipeline = new RequestPipeline();
  /** When the last block arrived, or we began to wait for one. */
  lastBlockMs: number;
  /** It has not delivered for too long: it may hold nothing others need. */
  snubbed = false;
  /** Bytes it sent that were not needed. */
  wastedBytes = 0;

  /** The connection is open since `nowMs`. */
  constructor(nowMs: number) {
    this.lastBlockMs = nowMs;
  }
}
