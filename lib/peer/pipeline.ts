/**
 * How many requests to keep outstanding with a peer.
 *
 * Enough to cover what the peer can deliver until our next request reaches it (rate times latency),
 * plus a quarter of a second so that neither side's scheduling lets the line run dry; never more than
 * the peer says it queues. A new peer starts with a full megabyte, because the aim is a local network
 * and waiting for the rate to be known would waste the first round trips.
 *
 * @module
 */

import { BLOCK_LENGTH } from "../codec/merkle.ts";

const INITIAL_DEPTH = 64;
const MIN_DEPTH = 8;
const MAX_DEPTH = 512; // 8 MiB, enough for 10 Gbit/s at 6 ms
const RESERVE_SECONDS = 0.25;
const START_MS = 2000;

/** What the depth is computed from. */
export interface PipelineInput {
  /** Bytes per second it delivers now. */
  readonly rate: number;
  /** Shortest time from request to block, in milliseconds. */
  readonly latencyMs: number;
  /** For how long blocks have been flowing, in milliseconds. */
  readonly ageMs: number;
  /** The peer's `reqq`. */
  readonly requestQueue: number;
  /** It has stopped delivering. */
  readonly snubbed: boolean;
}

/** The number of blocks to have requested from a peer at once. */
export function pipelineDepth(input: PipelineInput): number {
  if (input.snubbed) return 1;
  const seconds = input.latencyMs / 1000 + RESERVE_SECONDS;
  const measured = Math.ceil(input.rate * seconds / BLOCK_LENGTH);
  const floor = input.ageMs < START_MS ? INITIAL_DEPTH : MIN_DEPTH;
  return Math.max(1, Math.min(Math.max(measured, floor), MAX_DEPTH, input.requestQueue));
}
