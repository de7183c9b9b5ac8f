/**
 * Many swarms of one torrent, wired together in memory: the machine of `lib/peer` as it is, with a virtual
 * clock, links of a given latency and speed, and real bytes between a message and its reading.
 *
 * Everything that happens depends on the seed alone. After each event the invariants of the node that
 * met it are asserted.
 *
 * @module
 */

import type { Message } from "../../lib/codec/wire/message.ts";
import { MemoryNode, type NodeOptions } from "./memory_node.ts";
import type { MemoryTorrent } from "./memory_torrent.ts";
import { seededRandom } from "./random.ts";
import { VirtualClock } from "./virtual_clock.ts";

export { MemoryNode, type NodeOptions } from "./memory_node.ts";

/** How a link carries bytes. */
export interface Link {
  readonly latencyMs: number;
  readonly bytesPerSecond: number;
}

/** Everybody, and the network between them. */
export class MemorySwarm {
  readonly clock = new VirtualClock();
  readonly random: () => number;
  readonly nodes: MemoryNode[] = [];
  /** How many messages have been read by somebody. */
  messageCount = 0;
  /** A number that depends on who read which message when: equal for equal runs. */
  fingerprint = 0;
  /** How fast the way from one node to another is. */
  linkOf: (from: MemoryNode, to: MemoryNode) => Link = () => ({
    latencyMs: 2,
    bytesPerSecond: 4_000_000,
  });

  /** Nobody yet. */
  constructor(readonly torrent: MemoryTorrent, readonly seed: number) {
    this.random = seededRandom(seed);
  }

  /** Somebody joins, and knows nobody. */
  add(options: NodeOptions): MemoryNode {
    const node = new MemoryNode(this, this.nodes.length, options);
    this.nodes.push(node);
    return node;
  }

  /** Everybody learns of everybody, as from a tracker. */
  introduceAll(): void {
    for (const node of this.nodes) {
      for (const other of this.nodes) if (other !== node) node.learn(other);
    }
  }

  /** Lets time pass until `done`, but not longer than `seconds`; says whether it is done. */
  run(seconds: number, done: () => boolean): boolean {
    return this.clock.run(this.clock.nowMs + seconds * 1000, done);
  }

  /** Notes that `node` read `message`. */
  note(node: MemoryNode, message: Message): void {
    this.messageCount++;
    if (message.type === "piece") {
      const key = `${message.piece}:${message.begin}`;
      node.received.set(key, (node.received.get(key) ?? 0) + 1);
    }
    for (const part of [node.number, message.type.length, Math.round(this.clock.nowMs * 1000)]) {
      this.fingerprint = Math.imul(this.fingerprint ^ part, 0x01000193) >>> 0;
    }
  }
}
