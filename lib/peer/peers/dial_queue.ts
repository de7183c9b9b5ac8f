/**
 * Decides which peers to dial next: the more reliable the source of an address, the sooner.
 *
 * @module
 */

import { type Peer, sourceRank } from "../connection/peer.ts";

const RANK_COUNT = 4;

/** Orders candidates of the same rank, highest number first. */
export type PriorityOf = (peer: Peer) => number;

/** The peers that can be dialled now. */
export class DialQueue {
  readonly #wanting = sets();
  /** Peers that wanted nothing when last seen. They are of no use once we want nothing either. */
  readonly #sated = sets();

  /** Adds a peer that can be dialled. Its source and `wantsNothing` must not change while it is queued. */
  add(peer: Peer): void {
    const ranks = peer.wantsNothing ? this.#sated : this.#wanting;
    ranks[sourceRank(peer.source)]!.add(peer);
  }

  /** Removes a peer that can no longer be dialled, or that is about to be added again. */
  delete(peer: Peer): void {
    for (const set of this.#wanting) set.delete(peer);
    for (const set of this.#sated) set.delete(peer);
  }

  /**
   * Up to `count` peers, best first; they stay in the queue. When a rank has more candidates than fit, those
   * of highest priority come first.
   *
   * @param weWantNothing leaves out peers that want nothing either
   * @param mayDial called for one candidate after the other, in dial order
   */
  best(
    count: number,
    weWantNothing: boolean,
    priorityOf: PriorityOf,
    mayDial: (peer: Peer) => boolean = () => true,
  ): Peer[] {
    const best: Peer[] = [];
    for (let rank = 0; rank < RANK_COUNT && best.length < count; rank++) {
      const peers = [...this.#wanting[rank]!, ...weWantNothing ? [] : this.#sated[rank]!];
      const isOrdered = peers.length <= count - best.length;
      for (const peer of isOrdered ? peers : highest(peers, priorityOf)) {
        if (best.length === count) break;
        if (mayDial(peer)) best.push(peer);
      }
    }
    return best;
  }
}

function sets(): Set<Peer>[] {
  return Array.from({ length: RANK_COUNT }, () => new Set<Peer>());
}

function highest(peers: readonly Peer[], priorityOf: PriorityOf): Peer[] {
  return peers.map((peer) => ({ peer, priority: priorityOf(peer) }))
    .sort((a, b) => b.priority - a.priority)
    .map(({ peer }) => peer);
}

interface Entry {
  readonly atMs: number;
  readonly peer: Peer;
}

/** Peers that are away. Stale entries are skipped when their time comes. */
export class RetryQueue {
  readonly #heap: Entry[] = [];

  /** Adds a peer that is due at its `retryAtMs`. */
  add(peer: Peer): void {
    const heap = this.#heap;
    let at = heap.push({ atMs: peer.retryAtMs, peer }) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.atMs <= heap[at]!.atMs) break;
      [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
      at = parent;
    }
  }

  /** Removes and yields the peers that are away and due, earliest first. */
  *due(nowMs: number): Generator<Peer> {
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= nowMs;) {
      this.#removeFirst();
      const { peer, atMs } = first;
      if (peer.state === "away" && peer.retryAtMs === atMs) yield peer;
      first = this.#heap[0];
    }
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let at = 0;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && heap[child]!.atMs < heap[least]!.atMs) least = child;
      }
      if (least === at) return;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  }
}
