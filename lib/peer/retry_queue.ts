/**
 * Who is to be tried again, and when: a heap by time, so that nothing is looked at before it is due.
 *
 * @module
 */

import type { Peer } from "./peer.ts";

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
