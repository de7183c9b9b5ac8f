/**
 * What the nodes of a simulated swarm share: the clock, the random numbers, and the properties of the
 * network.
 *
 * @module
 */

import { fromLatin1 } from "../lib/codec/bytes.ts";
import { seededRandom } from "../support/random.ts";
import { VirtualClock } from "./virtual_clock.ts";

const PEER_ID_PREFIX = fromLatin1("-SO0100-");

/** Properties of the network. */
export interface NetworkOptions {
  readonly seed: number;
  /** Length of a clock slot. */
  readonly slotMs: number;
  /** One-way latency between any two nodes. */
  readonly latencyMs: number;
  /** Maximum size of the system's buffer for a connection. */
  readonly socketBufferBytes: number;
  /** Minimum amount of file data written at once, if there is as much. */
  readonly leastBatchBytes: number;
  /**
   * Whether messages travel as bytes that arrive split at random points. Otherwise they arrive as the objects
   * that were sent, which keeps thousands of nodes affordable.
   */
  readonly carriesBytes: boolean;
}

/** The environment of all nodes. */
export class Network {
  readonly clock: VirtualClock;
  readonly random: () => number;
  readonly latencyMs: number;
  readonly socketBufferBytes: number;
  readonly leastBatchBytes: number;
  readonly carriesBytes: boolean;

  /** All random numbers derive from the seed. */
  constructor(options: NetworkOptions) {
    this.clock = new VirtualClock(options.slotMs);
    this.random = seededRandom(options.seed);
    this.latencyMs = options.latencyMs;
    this.socketBufferBytes = options.socketBufferBytes;
    this.leastBatchBytes = options.leastBatchBytes;
    this.carriesBytes = options.carriesBytes;
  }

  /** A peer id in Shoal's format: 20 bytes. */
  newPeerId(): Uint8Array {
    const peerId = Uint8Array.from({ length: 20 }, () => this.random() * 256);
    peerId.set(PEER_ID_PREFIX);
    return peerId;
  }
}
