/**
 * Time that passes only when somebody runs it.
 * @module
 */

interface Event {
  readonly atMs: number;
  readonly number: number;
  readonly run: () => void;
}

/** A queue of things to do, each at its time; what is due at the same time runs in order of asking. */
export class VirtualClock {
  /** The time of the event that runs now, in milliseconds. */
  nowMs = 0;
  readonly #heap: Event[] = [];
  #count = 0;

  /** Runs `run` after `delayMs`. */
  after(delayMs: number, run: () => void): void {
    const heap = this.#heap;
    let at = heap.push({ atMs: this.nowMs + delayMs, number: this.#count++, run }) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap[at]!, heap[parent]!)) break;
      [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
      at = parent;
    }
  }

  /** Runs what is due until `done` says so; false when `untilMs` came first. */
  run(untilMs: number, done: () => boolean): boolean {
    while (!done()) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs) return false;
      this.#removeFirst();
      this.nowMs = next.atMs;
      next.run();
    }
    return true;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let at = 0;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child;
      }
      if (least === at) return;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.number < b.number);
}
