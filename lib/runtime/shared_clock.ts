/**
 * A clock whose sleepers share one timer of the system.
 *
 * A client with a thousand torrents has thousands of sleepers, for the next announce of each. With a timer
 * for each of them, the engine would have to keep them all in order.
 *
 * @module
 */

import { type Clock, systemClock } from "./clock.ts";

/** Ends the timer. Without a reason of our own, each abort would make an exception with a stack. */
const RESET = "another sleeper is due before";

/** A sleeper in the heap. */
interface Sleeper {
  readonly untilMs: number;
  /** Resolves its promise; absent once it is awake. */
  wake: (() => void) | undefined;
}

/** Fewer sleepers that were woken early are not worth being looked for. */
const MOST_AWAKE = 64;

/** Whoever sleeps for a second or more may be woken this much late, together with others. */
const GRAIN_MS = 50;
const LONG_SLEEP_MS = 1000;

function wakeUpMs(nowMs: number, ms: number): number {
  const untilMs = nowMs + Math.max(0, ms);
  return ms < LONG_SLEEP_MS ? untilMs : Math.ceil(untilMs / GRAIN_MS) * GRAIN_MS;
}

/** Wakes all sleepers with one timer, which runs until the first of them is due. */
export class SharedClock implements Clock {
  readonly #clock: Clock;
  /** A binary heap: the sleeper that is due first is at 0. */
  #sleepers: Sleeper[] = [];
  /** How many in the heap were woken before their time. */
  #awake = 0;
  #timer = new AbortController();
  #timerMs = Infinity;

  /** @param clock tells the time, and is the one timer */
  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Sleepers that are kept, with those that were woken early and are still to be dropped. */
  get size(): number {
    return this.#sleepers.length;
  }

  /** See {@link Clock.nowMs}. */
  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** See {@link Clock.sleep}. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        sleeper.wake = undefined;
        signal?.removeEventListener("abort", wakeEarly);
        resolve();
      };
      const wakeEarly = () => {
        wake();
        this.#awake++;
        this.#dropAwake();
        this.#setTimer();
      };
      const sleeper: Sleeper = { untilMs: wakeUpMs(this.nowMs(), ms), wake };
      signal?.addEventListener("abort", wakeEarly);
      this.#push(sleeper);
      this.#setTimer();
    });
  }

  /** Starts the timer for the first sleeper, unless it runs for that one already. */
  #setTimer(): void {
    while (this.#sleepers[0] !== undefined && this.#sleepers[0].wake === undefined) {
      this.#wakeFirst();
    }
    const firstMs = this.#sleepers[0]?.untilMs ?? Infinity;
    if (firstMs === this.#timerMs) return;
    this.#timer.abort(RESET);
    this.#timerMs = firstMs;
    if (firstMs === Infinity) return;
    const timer = this.#timer = new AbortController();
    void this.#clock.sleep(firstMs - this.nowMs(), timer.signal).then(() => {
      if (timer === this.#timer && !timer.signal.aborted) this.#wakeDue();
    });
  }

  #wakeDue(): void {
    const nowMs = Math.max(this.nowMs(), this.#timerMs); // timers may be early by a fraction
    this.#timerMs = Infinity;
    while (this.#sleepers.length > 0 && this.#sleepers[0]!.untilMs <= nowMs) this.#wakeFirst();
    this.#setTimer();
  }

  #wakeFirst(): void {
    const { wake } = this.#pop();
    if (wake === undefined) this.#awake--;
    else wake();
  }

  /** Those who are called up often would fill the heap until their times come. */
  #dropAwake(): void {
    if (this.#awake < MOST_AWAKE || this.#awake * 2 < this.#sleepers.length) return;
    const asleep = this.#sleepers.filter(({ wake }) => wake !== undefined);
    this.#sleepers = asleep.sort((a, b) => a.untilMs - b.untilMs); // what is sorted is a heap
    this.#awake = 0;
  }

  #push(sleeper: Sleeper): void {
    const heap = this.#sleepers;
    let at = heap.push(sleeper) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.untilMs <= sleeper.untilMs) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = sleeper;
  }

  #pop(): Sleeper {
    const heap = this.#sleepers;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.untilMs < heap[child]!.untilMs) child++;
      if (heap[child]!.untilMs >= last.untilMs) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
