/**
 * Swarms of one torrent with real content, for tests: simulated nodes that are told of each other, and
 * real bytes between a message and its reading.
 *
 * Everything that happens depends on the seed alone. Whenever a node has settled, the invariants of its
 * machine are asserted.
 *
 * @module
 */

import type { Message } from "../../../lib/codec/wire/message.ts";
import { Network } from "../../../simulation/network.ts";
import { SimNode, type SimSwarm } from "../../../simulation/node.ts";
import type { NodeOptions } from "../../../simulation/node_options.ts";
import type { VirtualClock } from "../../../simulation/virtual_clock.ts";
import { MemoryDisk, MemoryStorage, type MemoryTorrent } from "./memory_torrent.ts";

const MIB = 1024 * 1024;

/** What a node is like where nothing else is said. */
const DEFAULTS = { upBytesPerSecond: 4_000_000, maxConnections: 50, uploadSlots: 20 };

/** How a node takes part. */
export interface MemoryNodeOptions extends Omit<NodeOptions, keyof typeof DEFAULTS> {
  readonly upBytesPerSecond?: number;
  readonly maxConnections?: number;
  readonly uploadSlots?: number;
  /** Pieces that may be collected at once. */
  readonly slotCount?: number;
}

/** A node whose disk can be looked at. */
export class MemoryNode extends SimNode {
  /** How often it got each block, by `piece:begin`. */
  readonly received = new Map<string, number>();

  constructor(
    world: MemorySwarm,
    number: number,
    override readonly storage: MemoryStorage,
    options: NodeOptions,
  ) {
    super(world, number, storage, options);
  }

  /** What it has stored. */
  get disk(): MemoryDisk {
    return this.storage.disk;
  }

  /** Blocks it sent that were wrong, by `piece:begin`. */
  get spoiled(): ReadonlySet<string> {
    return this.storage.spoiled;
  }

  /** Verified bytes it got from another, over all connections. */
  verifiedFrom(other: SimNode): number {
    let bytes = 0;
    for (const peer of this.swarm.peers.contributors()) {
      if (peer.host === other.host) bytes += peer.verifiedBytes;
    }
    return bytes;
  }

  override onMessage(message: Message): void {
    if (message.type === "piece") {
      const key = `${message.piece}:${message.begin}`;
      this.received.set(key, (this.received.get(key) ?? 0) + 1);
    }
    super.onMessage(message);
  }
}

/** All nodes, and the network between them. */
export class MemorySwarm implements SimSwarm {
  readonly network: Network;
  readonly nodes = new Map<string, MemoryNode>();
  /** How many messages have been read. */
  messageCount = 0;
  /** A number that depends on who read which message when: equal for equal runs. */
  fingerprint = 0;

  /** Without nodes. `latencyMs` is that of every way, one way. */
  constructor(readonly torrent: MemoryTorrent, readonly seed: number, latencyMs = 2) {
    this.network = new Network({
      seed,
      slotMs: 0.25,
      latencyMs,
      socketBufferBytes: 4 * MIB,
      leastBatchBytes: 32 * 1024,
      carriesBytes: true,
    });
  }

  /** The time. */
  get clock(): VirtualClock {
    return this.network.clock;
  }

  /** A node joins, and knows no other. */
  add({ slotCount = 8, ...options }: MemoryNodeOptions): MemoryNode {
    const { torrent } = this;
    const { info, layout, content } = torrent;
    const disk = options.has === "everything" ? content : new MemoryDisk(info, layout);
    const storage = new MemoryStorage(torrent, disk, slotCount);
    const node = new MemoryNode(this, this.nodes.size + 1, storage, { ...DEFAULTS, ...options });
    this.nodes.set(node.address, node);
    node.start();
    return node;
  }

  /** All nodes learn of all others, as from a tracker. */
  introduceAll(): void {
    for (const node of this.nodes.values()) {
      for (const other of this.nodes.values()) if (other !== node) node.learn(other);
    }
  }

  /** Lets time pass until `isDone`, but not longer than `seconds`; says whether it is done. */
  run(seconds: number, isDone: () => boolean): boolean {
    return this.clock.run(this.clock.nowMs + seconds * 1000, isDone);
  }

  /** Counts the messages that are read. */
  onMessage(node: SimNode, message: Message): void {
    this.messageCount++;
    for (const part of [node.number, message.type.length, Math.round(this.clock.nowMs * 1000)]) {
      this.fingerprint = Math.imul(this.fingerprint ^ part, 0x01000193) >>> 0;
    }
  }

  /** Asserts that the machine has not lost track. */
  onSettled({ swarm }: SimNode): void {
    swarm.checkInvariant();
  }
}
