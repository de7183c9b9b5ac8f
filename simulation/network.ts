/**
 * What the nodes of a simulated swarm share: time, chance, and the terms on which the network carries
 * what they send.
 *
 * @module
 */

import { fromLatin1 } from "../lib/codec/bytes.ts";
import { seededRandom } from "../support/random.ts";
import { VirtualClock } from "./virtual_clock.ts";

const PEER_ID_PREFIX = fromLatin1("-SO0100-");

/** The terms. */
export interface NetworkOptions {
  readonly seed: number;
  /** How long a slot of the clock is. */
  readonly slotMs: number;
  /** One way, between any two nodes. */
  readonly latencyMs: number;
  /** The most a system buffers for a connection. */
  readonly socketBufferBytes: number;
  /** The least of file data that is written at once, if there is as much. */
  readonly leastBatchBytes: number;
  /**
   * Whether messages travel as bytes, which arrive cut at random places; otherwise they arrive as the
   * objects they were sent as, which is what thousands of nodes can afford.
   */
  readonly carriesBytes: boolean;
}

/** The surroundings of every node. */
export class Network {
  readonly clock: VirtualClock;
  readonly random: () => number;
  readonly latencyMs: number;
  readonly socketBufferBytes: number;
  readonly leastBatchBytes: number;
  readonly carriesBytes: boolean;

  /** All chance comes from the seed. */
  constructor(options: NetworkOptions) {
    this.clock = new VirtualClock(options.slotMs);
    this.random = seededRandom(options.seed);
    this.latencyMs = options.latencyMs;
    this.socketBufferBytes = options.socketBufferBytes;
    this.leastBatchBytes = options.leastBatchBytes;
    this.carriesBytes = options.carriesBytes;
  }

  /** A peer id as Shoal makes it: 20 bytes. */
  newPeerId(): Uint8Array {
    const peerId = Uint8Array.from({ length: 20 }, () => this.random() * 256);
    peerId.set(PEER_ID_PREFIX);
    return peerId;
  }
}
