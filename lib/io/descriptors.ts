/**
 * Open files of a thread, never more than a few at once: a torrent may have more files than a program
 * may open, and opening one for each piece would cost more than reading it.
 *
 * @module
 */

import { closeSync, openSync } from "node:fs";

/** So many files a thread keeps open; systems allow 256 and more to a program. */
export const MAX_OPEN_FILES = 64;

/** Descriptors by path and mode; the one that was not used for longest is closed first. */
export class Descriptors {
  /** In the order of their last use. */
  readonly #open = new Map<string, number>();
  readonly #openFile: (path: string, mode: "r" | "r+") => number;

  /** The path that was asked for last: the file that an error is about. */
  lastPath = "";

  /** @param openFile opens a file; throws as {@link get} does */
  constructor(openFile: (path: string, mode: "r" | "r+") => number = openSync) {
    this.#openFile = openFile;
  }

  /** Number of files open now. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * A descriptor of the file at `path`, good until the next call.
   *
   * @throws {Error} with a `code`, when it cannot be opened
   */
  get(path: string, mode: "r" | "r+"): number {
    this.lastPath = path;
    const key = mode + path;
    const known = this.#open.get(key);
    if (known !== undefined) {
      this.#open.delete(key);
      this.#open.set(key, known);
      return known;
    }
    const fd = this.#openFile(path, mode);
    this.#open.set(key, fd);
    if (this.#open.size > MAX_OPEN_FILES) {
      const [oldest, unused] = this.#open.entries().next().value!;
      this.#open.delete(oldest);
      closeSync(unused);
    }
    return fd;
  }

  /** Closes all. */
  close(): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }
}
