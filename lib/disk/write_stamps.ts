/**
 * Takes a file's mark before and after a write, wherever that is cheap. A network disk may have to flush
 * everything written before it can answer, so most looks are skipped there.
 *
 * @module
 */

import { type Clock, systemClock } from "../runtime/clock.ts";
import { type FileId, idOf } from "./exclusive_file.ts";
import { type FileMark, markOf } from "./foreign_writes.ts";

/** On a local disk a look takes a few microseconds. */
const QUICK_MS = 0.5;
/** After a slow look, skip looks for this many times its duration. */
const REST_FACTOR = 50;

/** What one thread knows about the cost of looking. */
export class WriteStamps {
  #restUntilMs = -Infinity;
  readonly #clock: Pick<Clock, "nowMs">;

  constructor(clock: Pick<Clock, "nowMs"> = systemClock) {
    this.#clock = clock;
  }

  /**
   * Runs `write`, and takes the mark before and after.
   *
   * @throws {Error} with the `code` `EREPLACED` when a file other than `id` is at `path`; else as `write`
   * and the system do
   */
  around(path: string, id: FileId, write: () => void): { before: FileMark; after: FileMark } {
    if (this.#clock.nowMs() < this.#restUntilMs) {
      write();
      return { before: NaN, after: NaN };
    }
    const before = this.#look(path, id);
    write();
    return { before, after: this.#look(path, id) };
  }

  #look(path: string, id: FileId): FileMark {
    const startMs = this.#clock.nowMs();
    const info = Deno.lstatSync(path);
    const endMs = this.#clock.nowMs();
    const tookMs = endMs - startMs;
    if (tookMs > QUICK_MS) this.#restUntilMs = endMs + REST_FACTOR * tookMs;
    if (idOf(info) === id) return markOf(info);
    throw Object.assign(new Error(`${path} was replaced`), { code: "EREPLACED" });
  }
}
