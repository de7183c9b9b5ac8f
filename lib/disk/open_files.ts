/**
 * Open files, a few dozen at most, however many torrents there are.
 *
 * Each torrent has a cache of its own, so that closing one closes nothing of another. All caches of a
 * client, or of a thread, share one bound.
 *
 * @module
 */

import { close, closeSync, open, openSync } from "node:fs";
import { diskError } from "./disk_error.ts";

/** Unused files kept open at most; operating systems allow a process 256 or more. */
export const MAX_POOLED_FILES = 64;

/** A file that is open for reading. */
interface Pooled {
  readonly fd: Promise<number>;
  /** Pending reads. */
  users: number;
  /** Removes it from the cache it belongs to. */
  readonly forget: () => void;
}

/** The files open for reading, of all torrents of a client. Closes the least recently used idle one first. */
export class OpenFiles {
  /** Least recently used first. */
  readonly #files = new Set<Pooled>();

  /** Number of files open now. */
  get size(): number {
    return this.#files.size;
  }

  /** The file is used now. */
  use(file: Pooled): void {
    this.#files.delete(file);
    this.#files.add(file);
  }

  /** The file is closed. */
  remove(file: Pooled): void {
    this.#files.delete(file);
  }

  /** Closes files until few enough are open. */
  async tidy(): Promise<void> {
    for (const file of this.#files) {
      if (this.#files.size <= MAX_POOLED_FILES) return;
      if (file.users > 0) continue;
      this.#files.delete(file);
      file.forget();
      await closeFile(file);
    }
  }
}

/** The files of one torrent that are open for reading, by path, shared by all its pending reads. */
export class FileCache {
  readonly #all: OpenFiles;
  readonly #files = new Map<string, Pooled>();

  /** Keeps within the bound of `all`. */
  constructor(all: OpenFiles = new OpenFiles()) {
    this.#all = all;
  }

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
    this.#all.use(file);
    file.users++;
    try {
      return await work(await file.fd);
    } finally {
      file.users--;
      await this.#all.tidy();
    }
  }

  /** Closes all files. They must not be used afterwards. */
  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    for (const file of files) this.#all.remove(file);
    await Promise.all(files.map(closeFile));
  }

  #open(path: string): Pooled {
    const forget = () => {
      if (this.#files.get(path) === file) this.#files.delete(path);
    };
    const file: Pooled = { fd: openFile(path), users: 0, forget };
    this.#files.set(path, file);
    file.fd.catch(() => {
      forget();
      this.#all.remove(file);
    });
    return file;
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

/** A file that a thread keeps open, and the cache it belongs to. */
interface Kept {
  readonly fd: number;
  readonly forget: () => void;
}

/** The files a thread keeps open, of all torrents. Closes the least recently used one first. */
export class ThreadFiles {
  /** Least recently used first. */
  readonly #files = new Set<Kept>();

  /** Number of files open now. */
  get size(): number {
    return this.#files.size;
  }

  /** The file is used now; another may have to be closed for it. */
  use(file: Kept): void {
    this.#files.delete(file);
    this.#files.add(file);
    if (this.#files.size <= MAX_OPEN_FILES) return;
    const [oldest] = this.#files;
    oldest!.forget();
    this.close(oldest!);
  }

  /** Closes a file. */
  close(file: Kept): void {
    this.#files.delete(file);
    closeSync(file.fd);
  }
}

/** The files of one torrent that a thread keeps open, by path and mode. */
export class SyncFileCache {
  readonly #all: ThreadFiles;
  readonly #open = new Map<string, Kept>();
  readonly #openFile: (path: string, mode: "r" | "r+") => number;

  /** The path requested last, which an error is about. */
  lastPath = "";

  /**
   * @param openFile opens a file; throws as {@link get} does
   * @param all keeps within its bound
   */
  constructor(
    openFile: (path: string, mode: "r" | "r+") => number = openSync,
    all: ThreadFiles = new ThreadFiles(),
  ) {
    this.#openFile = openFile;
    this.#all = all;
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
    let file = this.#open.get(key);
    if (file === undefined) {
      file = { fd: this.#openFile(path, mode), forget: () => this.#open.delete(key) };
      this.#open.set(key, file);
    }
    this.#all.use(file);
    return file.fd;
  }

  /** Closes all files. */
  close(): void {
    for (const file of this.#open.values()) this.#all.close(file);
    this.#open.clear();
  }
}
