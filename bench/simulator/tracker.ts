/**
 * The tracker: who is there, and answers that may get lost.
 *
 * @module
 */

import { intervalSeconds } from "../../lib/tracker/core/announce.ts";
import type { SimNode } from "./node.ts";
import type { Timeline } from "./timeline.ts";

/** How a tracker is reached and what it tells. */
export interface TrackerOptions {
  readonly latencyMs: number;
  /** Which part of the answers gets lost, 0 to 1. */
  readonly loss: number;
  /** The interval of a swarm that is neither young nor large. */
  readonly intervalSeconds: number;
  readonly peersPerAnswer: number;
  readonly random: () => number;
}

/** Takes an answer. */
export type TakeAnswer = (others: SimNode[], intervalMs: number) => void;

/** Introduces nodes to one another. */
export class SimTracker {
  /** Announces that arrived. */
  announceCount = 0;
  readonly #timeline: Timeline;
  readonly #options: TrackerOptions;
  readonly #nodes: SimNode[] = [];
  #firstMs = 0;
  readonly #slots = new Map<SimNode, number>();

  /** Nobody is there. */
  constructor(timeline: Timeline, options: TrackerOptions) {
    this.#timeline = timeline;
    this.#options = options;
  }

  /** A node announces itself; its answer comes later, or never. */
  announce(node: SimNode, take: TakeAnswer): void {
    const { latencyMs, loss, random } = this.#options;
    this.#timeline.after(latencyMs, () => {
      if (!node.isAlive) return;
      this.announceCount++;
      this.#add(node);
      if (random() < loss) return;
      const others = this.#draw(node);
      const intervalMs = this.#intervalMs();
      this.#timeline.after(latencyMs, () => node.isAlive && take(others, intervalMs));
    });
  }

  /** A node says goodbye. */
  remove(node: SimNode): void {
    const slot = this.#slots.get(node);
    if (slot === undefined) return;
    this.#slots.delete(node);
    const last = this.#nodes.pop()!;
    if (last === node) return;
    this.#nodes[slot] = last;
    this.#slots.set(last, slot);
  }

  /** As Shoal's tracker has it. */
  #intervalMs(): number {
    const ageMs = this.#timeline.nowMs - this.#firstMs;
    return 1000 * intervalSeconds(ageMs, this.#nodes.length, this.#options.intervalSeconds);
  }

  #add(node: SimNode): void {
    if (this.#slots.has(node)) return;
    if (this.#nodes.length === 0) this.#firstMs = this.#timeline.nowMs;
    this.#slots.set(node, this.#nodes.length);
    this.#nodes.push(node);
  }

  /** Others at random, each once; who has everything is told of who has not. */
  #draw(node: SimNode): SimNode[] {
    const { peersPerAnswer, random } = this.#options;
    const isSeeder = (other: SimNode) => other.options.isSeeder || other.completeMs !== undefined;
    const leechersOnly = isSeeder(node);
    const nodes = this.#nodes;
    const drawn: SimNode[] = [];
    for (let next = 0; next < nodes.length && drawn.length < peersPerAnswer; next++) {
      const slot = next + Math.floor(random() * (nodes.length - next));
      const other = nodes[slot]!;
      nodes[slot] = nodes[next]!;
      nodes[next] = other;
      this.#slots.set(nodes[slot]!, slot);
      this.#slots.set(other, next);
      if (other !== node && !(leechersOnly && isSeeder(other))) drawn.push(other);
    }
    return drawn;
  }
}
