/**
 * Keeps the memory of a hashing thread bounded.
 *
 * Each hash of `node:crypto` leaves about 220 bytes outside the JavaScript heap that only a full garbage
 * collection frees (Deno 2.9.6). A thread that does little else has no reason to run one: hashing 8 GiB
 * in blocks of 16 KiB would take 120 MB. So the thread asks for a collection once in a while.
 *
 * @module
 */

import v8 from "node:v8";
import vm from "node:vm";

/** After so many hashes there are about 9 MB to free, which takes 15 ms; hashing that much took 500. */
const HASHES_PER_COLLECTION = 40_000;

/** Counts hashes and collects when there is enough to collect. */
export class NativeGarbage {
  #hashes = 0;
  #collect: (() => void) | undefined;

  /** So many hashes were computed. */
  add(hashes: number): void {
    this.#hashes += hashes;
    if (this.#hashes < HASHES_PER_COLLECTION) return;
    this.#hashes = 0;
    this.#collect ??= collector();
    this.#collect();
  }
}

/** The engine's own collection function; where it cannot be had, memory is left to the engine. */
function collector(): () => void {
  try {
    v8.setFlagsFromString("--expose-gc");
    const collect: unknown = vm.runInNewContext("gc");
    return typeof collect === "function" ? () => collect() : () => {};
  } catch {
    return () => {};
  }
}
