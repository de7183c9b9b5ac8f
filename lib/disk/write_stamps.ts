/**
 * Looks at what a file is like before and after a write, wherever that costs next to nothing. A network
 * disk may have to store all that was written before it can tell: there, most looks are left out.
 *
 * @module
 */

import { type Clock, systemClock } from "../runtime/clock.ts";
import { type FileId, idOf } from "./exclusive_file.ts";
import { type FileMark, markOf } from "./foreign_writes.ts";

/** A look on a disk of this machine takes a few microseconds. */
const QUICK_MS = 0.5;
/** After a slow look there is none for so many times as long. */
const REST_FACTOR = 50;

/** What one thread knows of the cost of looking. */
export class WriteStamps {
  #restUntilMs = -Infinity;
  readonly #clock: Pick<Clock, "nowMs">;

  constructor(clock: Pick<Clock, "nowMs"> = systemClock) {
    this.#clock = clock;
  }

  /**
   * Runs `write`, with a look before and after.
   *
   * @throws {Error} with the `code` `EREPLACED`, when another file than `id` is at `path`; and as `write`
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
