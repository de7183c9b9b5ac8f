/**
 * What the nodes of a simulation share: time, chance, the torrent, the tracker and the network's terms.
 *
 * @module
 */

import { Layout, type PieceIndex } from "../../lib/store/layout.ts";
import { seededRandom } from "../../tests/support/random.ts";
import type { SimNode } from "./node.ts";
import { Timeline } from "./timeline.ts";
import { SimTracker } from "./tracker.ts";

const VERIFY_FIXED_MS = 1;
const VERIFY_BYTES_PER_MS = 500_000;
/** As a real download has it. */
const PIECE_MEMORY_BYTES = 12 * 1024 * 1024;
const MIN_SLOTS = 4;

/** The terms. */
export interface WorldOptions {
  readonly seed: number;
  readonly bytes: number;
  readonly pieceLength: number;
  readonly slotMs: number;
  /** One way, between any two nodes. */
  readonly latencyMs: number;
  readonly maxConnections: number;
  /** The most a system buffers for a connection. */
  readonly socketBufferBytes: number;
  /** The least of file data that is written at once, if there is as much. */
  readonly leastBatchBytes: number;
  readonly superSeed: boolean;
  /** Whether peers tell each other of peers. */
  readonly peerExchange: boolean;
  readonly trackerLoss: number;
  readonly trackerIntervalSeconds: number;
  readonly peersPerAnswer: number;
}

/** A torrent without content. */
export interface SimTorrent {
  readonly layout: Layout;
  /** No dictionary: nobody asks for it. */
  readonly info: Uint8Array;
  readonly v1Hash: Uint8Array;
  readonly sha1s: Uint8Array;
  readonly slotCount: number;
}

/** The surroundings of every node. */
export class World {
  readonly timeline: Timeline;
  readonly random: () => number;
  readonly torrent: SimTorrent;
  readonly tracker: SimTracker;
  readonly latencyMs: number;
  readonly maxConnections: number;
  readonly socketBufferBytes: number;
  readonly leastBatchBytes: number;
  readonly superSeed: boolean;
  readonly peerExchange: boolean;
  /** Hears of everybody who has everything. */
  onComplete: (node: SimNode) => void = () => {};
  readonly #nodes = new Map<string, SimNode>();

  /** An empty world. */
  constructor(options: WorldOptions) {
    this.timeline = new Timeline(options.slotMs);
    this.random = seededRandom(options.seed);
    this.torrent = torrentOf(options.bytes, options.pieceLength);
    this.latencyMs = options.latencyMs;
    this.maxConnections = options.maxConnections;
    this.socketBufferBytes = options.socketBufferBytes;
    this.leastBatchBytes = options.leastBatchBytes;
    this.superSeed = options.superSeed;
    this.peerExchange = options.peerExchange;
    this.tracker = new SimTracker(this.timeline, {
      latencyMs: options.latencyMs,
      loss: options.trackerLoss,
      intervalSeconds: options.trackerIntervalSeconds,
      peersPerAnswer: options.peersPerAnswer,
      random: this.random,
    });
  }

  /** A node can be connected to. */
  add(node: SimNode): void {
    this.#nodes.set(`${node.host}:6881`, node);
  }

  /** Who listens at an address. */
  nodeAt(address: string): SimNode | undefined {
    return this.#nodes.get(address);
  }

  /** A node has everything. */
  completed(node: SimNode): void {
    this.onComplete(node);
  }

  /** How long it takes to check and store a piece. */
  verifyMs(piece: PieceIndex): number {
    return VERIFY_FIXED_MS + this.torrent.layout.dataLength(piece) / VERIFY_BYTES_PER_MS;
  }
}

function torrentOf(bytes: number, pieceLength: number): SimTorrent {
  const layout = new Layout({ pieceLength, version: "v1", files: [{ length: bytes, pad: false }] });
  const affordable = Math.max(MIN_SLOTS, Math.floor(PIECE_MEMORY_BYTES / pieceLength));
  return {
    layout,
    info: new Uint8Array(1),
    v1Hash: new Uint8Array(20),
    sha1s: new Uint8Array(20 * layout.pieceCount),
    slotCount: Math.max(1, Math.min(affordable, layout.pieceCount)),
  };
}
