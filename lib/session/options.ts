/**
 * What the session of one torrent starts from.
 *
 * @module
 */

import type { DiskError } from "../errors.ts";
import type { TransferListener } from "./events.ts";
import type { Listener } from "../net/listener.ts";
import type { RateLimiter } from "../net/rate_limiter.ts";

/** Who we are, what we may spend, and who is told of what. */
export interface SessionOptions {
  readonly peerId: Uint8Array;
  readonly client: string;
  readonly listener: Listener;
  readonly v1Hash?: Uint8Array | undefined;
  readonly v2Hash?: Uint8Array | undefined;
  readonly maxConnections: number;
  readonly uploadSlots: number;
  readonly uploadLimiter: RateLimiter;
  readonly downloadLimiter: RateLimiter;
  readonly emit: TransferListener;
  /** The info dictionary arrived from peers and matches its hash. */
  readonly onMetadata: (info: Uint8Array) => void;
  /** Every piece is verified and stored. */
  readonly onComplete: () => void;
  /** Storing failed: the download cannot go on. */
  readonly onDiskError: (error: DiskError) => void;
}
