/**
 * Limits the memory of a long-running thread whose garbage the engine is slow to collect.
 *
 * Each hash of `node:crypto` leaves about 220 bytes outside the JavaScript heap that only a full collection
 * frees (Deno 2.9.6): hashing 8 GiB in blocks of 16 KiB would take 120 MB. And with steady allocation over
 * a long time, as in a transfer, the engine lets the heap grow by 30 MB before it collects all of it. So
 * these threads request a collection once in a while.
 *
 * @module
 */

import v8 from "node:v8";
import vm from "node:vm";
import { type Clock, systemClock } from "./clock.ts";

/** Counts operations that leave garbage, and collects when there is enough. */
export class GcPacer {
  readonly #perCollection: number;
  readonly #timeShare: number;
  readonly #clock: Pick<Clock, "nowMs">;
  #count = 0;
  #notBeforeMs = -Infinity;
  #collect: (() => void) | undefined;

  /**
   * Collects once per `perCollection` operations.
   *
   * @param timeShare the largest share of the thread's time for collections, 0 to 1: in a heap filled by
   * other code, each may take long
   * @param collect a full collection, the engine's own by default
   */
  constructor(
    perCollection: number,
    timeShare = 1,
    clock: Pick<Clock, "nowMs"> = systemClock,
    collect?: () => void,
  ) {
    this.#perCollection = perCollection;
    this.#timeShare = timeShare;
    this.#clock = clock;
    this.#collect = collect;
  }

  /** Counts this many more operations. */
  add(count: number): void {
    this.#count += count;
    if (this.#count < this.#perCollection) return;
    const beginMs = this.#clock.nowMs();
    if (beginMs < this.#notBeforeMs) return;
    this.#count = 0;
    this.#collect ??= engineCollector();
    this.#collect();
    const endMs = this.#clock.nowMs();
    this.#notBeforeMs = endMs + (endMs - beginMs) * (1 / this.#timeShare - 1);
  }
}

/** The engine's own collection function; does nothing if it is not available. */
function engineCollector(): () => void {
  try {
    v8.setFlagsFromString("--expose-gc");
    const collect: unknown = vm.runInNewContext("gc");
    return typeof collect === "function" ? () => collect() : () => {};
  } catch {
    return () => {};
  }
}
