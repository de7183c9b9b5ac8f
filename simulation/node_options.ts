/**
 * Configuration of a node in a simulated swarm.
 *
 * @module
 */

import type { Wanted } from "../lib/store/pieces.ts";

/** Configuration of a node. */
export interface NodeOptions {
  /** What it has at the start: everything, nothing, or only the hash. */
  readonly has: "everything" | "nothing" | "magnet";
  /** Which hashes it knows before the metadata; default all. */
  readonly hashes?: readonly ("v1" | "v2")[];
  /** What it wants; default everything. */
  readonly chosen?: Wanted;
  readonly upBytesPerSecond: number;
  /** If absent, arriving data is read at once, however much it is. */
  readonly downBytesPerSecond?: number;
  readonly maxConnections: number;
  /** Number of upload slots; 0 for a node that serves no peer. */
  readonly uploadSlots: number;
  /**
   * Whether it super-seeds: while no other peer has the file, it sends each piece once before it sends any
   * twice.
   */
  readonly superSeed?: boolean;
  /** Whether it sends wrong data for this part of a piece. */
  readonly corrupts?: ((piece: number, begin: number) => boolean) | undefined;
  /** Whether it leaves once it has everything. */
  readonly leavesWhenComplete?: boolean;
}
