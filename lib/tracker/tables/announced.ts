/**
 * What goes into the table of swarms, and what comes of it.
 *
 * @module
 */

import type { RequestOrigin } from "./origin.ts";
import type { PeerSlot, Swarm } from "./swarm.ts";

/** What an announce says about a peer. */
export interface Announced {
  /** Holds the info-hash. */
  packet: Uint8Array;
  /** Where in the packet the info-hash begins. */
  hashAt: number;
  /** Its address, with the port it listens on. */
  sender: RequestOrigin;
  /** Bytes it reports as missing; 0 for a seeder. */
  leftBytes: number;
  /** Where in the packet its peer id begins. */
  peerIdAt: number;
  /** Whether the announce's event was `completed`. */
  completed: boolean;
}

/** The outcome of an announce: the stored peer and what changed, or that its swarm is crowded. */
export type AnnounceOutcome = Stored | { type: "crowded"; swarm: Swarm };

/** A stored peer, and what changed. */
export interface Stored {
  type: "stored";
  swarm: Swarm;
  slot: PeerSlot;
  joined: boolean;
  completed: boolean;
  /** How many bytes less it lacks than at its last announce. */
  receivedBytes: number;
  /** Milliseconds since its last announce. */
  afterMs: number;
}

/** Why a peer was removed from its swarm. A `displaced` one made room for another. */
export type Removal = "left" | "expired" | "displaced";
