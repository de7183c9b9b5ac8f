/**
 * Open files for reading, a few dozen at most, shared by all pending reads.
 *
 * @module
 */

import { close, closeSync, open, openSync } from "node:fs";
import { diskError } from "./disk_error.ts";

/** Unused files kept open at most; operating systems allow a process 256 or more. */
export const MAX_POOLED_FILES = 64;

interface Pooled {
  readonly fd: Promise<number>;
  /** Pending reads. */
  users: number;
}

/** File descriptors by path. Closes the least recently used idle one first. */
export class FileCache {
  /** Least recently used first. */
  readonly #files = new Map<string, Pooled>();

  /** Number of files open now. */
  get size(): number {
    return this.#files.size;
  }

  /**
   * Runs `work` with a descriptor that stays valid meanwhile. A failed open is tried again next time.
   *
   * @throws {DiskError} when the file cannot be opened
   */
  async use<T>(path: string, work: (fd: number) => Promise<T>): Promise<T> {
    const file = this.#files.get(path) ?? this.#open(path);
    this.#files.delete(path);
    this.#files.set(path, file);
    file.users++;
    try {
      return await work(await file.fd);
    } finally {
      file.users--;
      await this.#tidy();
    }
  }

  /** Closes all files. They must not be used afterwards. */
  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.all(files.map(closeFile));
  }

  #open(path: string): Pooled {
    const file = { fd: openFile(path), users: 0 };
    file.fd.catch(() => {
      if (this.#files.get(path) === file) this.#files.delete(path);
    });
    return file;
  }

  async #tidy(): Promise<void> {
    for (const [path, file] of this.#files) {
      if (this.#files.size <= MAX_POOLED_FILES) return;
      if (file.users > 0) continue;
      this.#files.delete(path);
      await closeFile(file);
    }
  }
}

function openFile(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    open(path, "r", (error, fd) => error ? reject(diskError(error, path)) : resolve(fd!));
  });
}

async function closeFile({ fd }: Pooled): Promise<void> {
  const opened = await fd.catch(() => undefined);
  if (opened !== undefined) await new Promise<void>((done) => close(opened, () => done()));
}

/** Files a thread keeps open; operating systems allow a process 256 or more. */
export const MAX_OPEN_FILES = 64;

/** File descriptors by path and mode. Closes the least recently used one first. */
export class SyncFileCache {
  /** Least recently used first. */
  readonly #open = new Map<string, number>();
  readonly #openFile: (path: string, mode: "r" | "r+") => number;

  /** The path requested last, which an error is about. */
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
   * A descriptor of the file at `path`, valid until the next call.
   *
   * @throws {Error} with a `code` when the file cannot be opened
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

  /** Closes all files. */
  close(): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }
}
