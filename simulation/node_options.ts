/**
 * What a node of a simulated swarm is like.
 *
 * @module
 */

import type { Wanted } from "../lib/store/pieces.ts";

/** What a node is like. */
export interface NodeOptions {
  /** What it has when it starts: all of it, nothing, or the hash only. */
  readonly has: "everything" | "nothing" | "magnet";
  /** Which hashes it knows before the metadata; all by default. */
  readonly hashes?: readonly ("v1" | "v2")[];
  /** What it wants; all by default. */
  readonly chosen?: Wanted;
  readonly upBytesPerSecond: number;
  /** Absent: what arrives is read at once, however much it is. */
  readonly downBytesPerSecond?: number;
  readonly maxConnections: number;
  /** Peers served at once; 0 for a node that serves nobody. */
  readonly uploadSlots: number;
  /** While nobody else has the file, it hands out each piece once before any twice. */
  readonly superSeed?: boolean;
  /** Whether what it sends of a piece is wrong. */
  readonly corrupts?: ((piece: number, begin: number) => boolean) | undefined;
  /** Whether it is gone once it has everything. */
  readonly leavesWhenComplete?: boolean;
}
