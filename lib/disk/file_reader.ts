/**
 * Reads pieces from files to upload them, and notices when a file has changed.
 *
 * A changed file is no longer trusted: each of its pieces is hashed again before it is served. Checking for
 * changes costs one `fstat` per read.
 *
 * @module
 */

import { read, readSync } from "node:fs";
import { equalBytes } from "../codec/bytes.ts";
import { sha1 } from "../codec/hash.ts";
import { paddedBlocks, pieceHash } from "../codec/torrent/merkle.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { rethrowBug } from "../runtime/operational_errors.ts";
import type { FileSpan, Layout, LayoutFile, PieceIndex } from "../store/layout.ts";
import type { PieceHash } from "../store/pieces.ts";
import { fingerprintOfOpen, fingerprintOfOpenNow } from "./file_fingerprint.ts";
import { FileCache, type OpenFiles } from "./open_files.ts";

/** A file that has changed since it was verified. */
interface ChangedFile {
  /** Its fingerprint when last looked at. */
  stamp: string;
  /** Pieces verified again since. */
  readonly rechecked: Set<number>;
}

/** Positional, asynchronous reads from the files of one torrent. */
export class FileReader {
  readonly #layout: Layout;
  readonly #files: readonly LayoutFile[];
  readonly #paths: readonly string[];
  readonly #pool: FileCache;
  readonly #pace = new ReadStrategy();
  /** By file index. */
  readonly #changed = new Map<number, ChangedFile>();
  readonly #expected: (piece: PieceIndex) => PieceHash | undefined;
  readonly #state: "growing" | readonly string[];
  readonly #clock: Clock;
  #reading = 0;
  #idle: (() => void) | undefined;

  /**
   * @param paths where each file of the layout is; empty for a file without a place on disk, such as a pad
   * @param state `growing` files are written by us, so their changes are ignored; for the others, what
   * `fingerprintsOf` returned when they were verified
   * @param openFiles the files open for all torrents, whose bound it keeps
   */
  constructor(
    layout: Layout,
    files: readonly LayoutFile[],
    paths: readonly string[],
    expected: (piece: PieceIndex) => PieceHash | undefined,
    state: "growing" | readonly string[],
    openFiles?: OpenFiles,
    clock: Clock = systemClock,
  ) {
    this.#pool = new FileCache(openFiles);
    this.#layout = layout;
    this.#files = files;
    this.#paths = paths;
    this.#expected = expected;
    this.#state = state;
    this.#clock = clock;
  }

  /**
   * Reads `[begin, begin + length)` of a piece into `out`. Bytes that belong to no file read as zeros.
   *
   * @returns false when the data is no longer right: the file was changed, truncated or cannot be read
   */
  async read(piece: PieceIndex, begin: number, length: number, out: Uint8Array): Promise<boolean> {
    this.#reading++;
    try {
      return await this.#read(piece, begin, length, out);
    } finally {
      if (--this.#reading === 0) this.#idle?.();
    }
  }

  /** The path of the piece; if it spans several files, of the first. */
  pathOf(piece: PieceIndex): string {
    return this.#paths[this.#layout.spans(piece, 0, this.#layout.pieceLength)[0]?.file ?? 0]!;
  }

  /** Waits for pending reads and closes all files. */
  async close(): Promise<void> {
    if (this.#reading > 0) await new Promise<void>((resolve) => this.#idle = resolve);
    await this.#pool.close();
  }

  async #read(piece: PieceIndex, begin: number, length: number, out: Uint8Array): Promise<boolean> {
    const spans = this.#layout.spans(piece, begin, length);
    const covered = spans.reduce((sum, span) => sum + span.length, 0);
    if (covered < length) out.fill(0, 0, length);
    for (const span of spans) {
      const path = this.#paths[span.file]!;
      if (path === "") return false;
      const isRead = await this.#use(path, async (fd) => {
        return await this.#isUnchanged(span.file, fd, piece) && await this.#readSpan(fd, span, out);
      });
      if (!isRead) return false;
    }
    return true;
  }

  /** As {@link FileCache.use}, but returns false if the file cannot be opened or examined. */
  async #use(path: string, work: (fd: number) => Promise<boolean>): Promise<boolean> {
    try {
      return await this.#pool.use(path, work);
    } catch (error) {
      rethrowBug(error);
      return false;
    }
  }

  async #isUnchanged(file: number, fd: number, piece: PieceIndex): Promise<boolean> {
    if (this.#state === "growing") return true;
    let known = this.#changed.get(file);
    const stamp = this.#pace.isQuick ? fingerprintOfOpenNow(fd) : await fingerprintOfOpen(fd);
    if (stamp !== (known?.stamp ?? this.#state[file])) {
      known = { stamp, rechecked: new Set() };
      this.#changed.set(file, known);
    }
    if (known === undefined || known.rechecked.has(piece)) return true;
    if (!await this.#stillMatches(piece)) return false;
    known.rechecked.add(piece);
    return true;
  }

  async #stillMatches(piece: PieceIndex): Promise<boolean> {
    const dataLength = this.#layout.dataLength(piece);
    const data = new Uint8Array(this.#layout.pieceSize(piece));
    for (const span of this.#layout.spans(piece, 0, dataLength)) {
      const isRead = await this.#pool.use(
        this.#paths[span.file]!,
        (fd) => this.#readSpan(fd, span, data),
      );
      if (!isRead) return false;
    }
    const expected = this.#expected(piece);
    if (expected === undefined) return false;
    if (expected.kind === "sha1") return equalBytes(sha1(data), expected.hash);
    const { length } = this.#files[this.#layout.fileOf(piece).file]!;
    const blocks = paddedBlocks(length, this.#layout.pieceLength);
    return equalBytes(pieceHash(data.subarray(0, dataLength), blocks), expected.hash);
  }

  /** Reads a span to its place in `out`; false if the file ends early. */
  async #readSpan(fd: number, { at, length, offset }: FileSpan, out: Uint8Array): Promise<boolean> {
    for (let done = 0; done < length;) {
      const count = this.#pace.isQuick
        ? this.#readNow(fd, out, at + done, length - done, offset + done)
        : await readElsewhere(fd, out, at + done, length - done, offset + done);
      if (count === 0) return false;
      done += count;
    }
    if (!this.#pace.isQuick) this.#pace.rested();
    return true;
  }

  #readNow(fd: number, out: Uint8Array, at: number, length: number, position: number): number {
    const startMs = this.#clock.nowMs();
    const count = readSync(fd, out, at, length, position);
    this.#pace.took(this.#clock.nowMs() - startMs);
    return count;
  }
}

/** Reads on another thread; returns 0 on failure. */
function readElsewhere(
  fd: number,
  out: Uint8Array,
  at: number,
  length: number,
  position: number,
): Promise<number> {
  return new Promise((resolve) => {
    read(fd, out, at, length, position, (error, count) => resolve(error ? 0 : count!));
  });
}

/** A slower read came from a disk, or the system was busy; reading synchronously gains nothing then. */
const QUICK_MS = 1;
/** Reads left to another thread before trying a synchronous one again; doubles each time. */
const FIRST_REST = 16;
const LONGEST_REST = 4096;

/** Chooses between synchronous reads and another thread, for one set of files. Starts with the thread. */
export class ReadStrategy {
  #rest = FIRST_REST;
  #left = FIRST_REST;

  /** Whether to make the next read synchronously. */
  get isQuick(): boolean {
    return this.#left === 0;
  }

  /** Records how long a synchronous read took. */
  took(ms: number): void {
    if (ms <= QUICK_MS) {
      this.#rest = FIRST_REST;
      return;
    }
    this.#left = this.#rest;
    this.#rest = Math.min(this.#rest * 2, LONGEST_REST);
  }

  /** Records a read made by another thread. */
  rested(): void {
    if (this.#left > 0) this.#left--;
  }
}
