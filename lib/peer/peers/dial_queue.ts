/**
 * Whom to dial next: the better we know that somebody is there, the sooner.
 *
 * @module
 */

import { type Peer, sourceRank } from "../connection/peer.ts";

const RANK_COUNT = 4;

/** A number by which candidates of one rank are ordered, highest first. */
export type PriorityOf = (peer: Peer) => number;

/** The peers that can be dialled now. */
export class DialQueue {
  readonly #wanting = sets();
  /** Those that wanted nothing when last seen: of no use to us once we want nothing either. */
  readonly #sated = sets();

  /** The peer can be dialled from now on. What is known of it must not change while it is in here. */
  add(peer: Peer): void {
    const ranks = peer.wantsNothing ? this.#sated : this.#wanting;
    ranks[sourceRank(peer.source)]!.add(peer);
  }

  /** The peer cannot be dialled any more, or is to be added anew. */
  delete(peer: Peer): void {
    for (const set of this.#wanting) set.delete(peer);
    for (const set of this.#sated) set.delete(peer);
  }

  /**
   * Up to `count` peers, best first; they stay in the queue. Where one rank has more than fit, the ones
   * of highest priority.
   *
   * @param weWantNothing leaves out those that want nothing either
   * @param mayDial asked of one after the other, in the order in which they would be dialled
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

/** Peers that are away. Entries that no longer hold are skipped when their time comes. */
export class RetryQueue {
  readonly #heap: Entry[] = [];

  /** The peer went away and is due at its `retryAtMs`. */
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

  /** The peers that are away and due, earliest first; they are taken out. */
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
