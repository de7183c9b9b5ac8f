/**
 * A simulated tracker. It knows the nodes, and its answers may get lost.
 *
 * @module
 */

import { intervalSeconds } from "../lib/tracker/core/announce.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** Properties of a tracker and of the path to it. */
export interface TrackerOptions {
  readonly latencyMs: number;
  /** Fraction of the answers that get lost, 0 to 1. */
  readonly loss: number;
  /** The interval of a swarm that is neither young nor large. */
  readonly intervalSeconds: number;
  readonly peersPerAnswer: number;
  readonly random: () => number;
}

/** A node that announces itself. */
export interface TrackerClient {
  readonly host: string;
  readonly isAlive: boolean;
  /** Whether it has everything. */
  readonly isComplete: boolean;
}

/** Receives an answer. */
export type TakeAnswer = (others: TrackerClient[], intervalMs: number) => void;

/** Introduces nodes to one another. */
export class SimTracker {
  /** Number of announces received. */
  announceCount = 0;
  readonly #clock: VirtualClock;
  readonly #options: TrackerOptions;
  readonly #nodes: TrackerClient[] = [];
  #firstMs = 0;
  readonly #slots = new Map<TrackerClient, number>();

  constructor(clock: VirtualClock, options: TrackerOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Handles an announce; the answer arrives later or never. */
  announce(node: TrackerClient, take: TakeAnswer): void {
    const { latencyMs, loss, random } = this.#options;
    this.#clock.after(latencyMs, () => {
      if (!node.isAlive) return;
      this.announceCount++;
      this.#add(node);
      if (random() < loss) return;
      const others = this.#draw(node);
      const intervalMs = this.#intervalMs();
      this.#clock.after(latencyMs, () => node.isAlive && take(others, intervalMs));
    });
  }

  /** Removes a node that leaves. */
  remove(node: TrackerClient): void {
    const slot = this.#slots.get(node);
    if (slot === undefined) return;
    this.#slots.delete(node);
    const last = this.#nodes.pop()!;
    if (last === node) return;
    this.#nodes[slot] = last;
    this.#slots.set(last, slot);
  }

  /** The interval as computed by Shoal's tracker. */
  #intervalMs(): number {
    const ageMs = this.#clock.nowMs - this.#firstMs;
    return 1000 * intervalSeconds(ageMs, this.#nodes.length, this.#options.intervalSeconds);
  }

  #add(node: TrackerClient): void {
    if (this.#slots.has(node)) return;
    if (this.#nodes.length === 0) this.#firstMs = this.#clock.nowMs;
    this.#slots.set(node, this.#nodes.length);
    this.#nodes.push(node);
  }

  /** Draws other nodes at random, each at most once; complete nodes only get incomplete ones. */
  #draw(node: TrackerClient): TrackerClient[] {
    const { peersPerAnswer, random } = this.#options;
    const leechersOnly = node.isComplete;
    const nodes = this.#nodes;
    const drawn: TrackerClient[] = [];
    for (let next = 0; next < nodes.length && drawn.length < peersPerAnswer; next++) {
      const slot = next + Math.floor(random() * (nodes.length - next));
      const other = nodes[slot]!;
      nodes[slot] = nodes[next]!;
      nodes[next] = other;
      this.#slots.set(nodes[slot]!, slot);
      this.#slots.set(other, next);
      if (other !== node && !(leechersOnly && other.isComplete)) drawn.push(other);
    }
    return drawn;
  }
}
