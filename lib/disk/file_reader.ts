/**
 * Reads pieces from files for other peers, and notices when a file is no longer what it was.
 *
 * A file that changed is not trusted any more: each of its pieces is hashed once more before it is
 * served. Looking costs one `fstat` per read.
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
import { FileCache } from "./open_files.ts";

/** A file that is not what it was when it was known to be right. */
interface ChangedFile {
  /** What it was like when it was looked at last. */
  stamp: string;
  /** Pieces found unchanged since. */
  readonly rechecked: Set<number>;
}

/** Positional, asynchronous reads from the files of one torrent. */
export class FileReader {
  readonly #layout: Layout;
  readonly #files: readonly LayoutFile[];
  readonly #paths: readonly string[];
  readonly #pool = new FileCache();
  readonly #pace = new ReadStrategy();
  /** By index. */
  readonly #changed = new Map<number, ChangedFile>();
  readonly #expected: (piece: PieceIndex) => PieceHash | undefined;
  readonly #state: "growing" | readonly string[];
  readonly #clock: Clock;
  #reading = 0;
  #idle: (() => void) | undefined;

  /**
   * @param paths where each file of the layout is; empty for what has no place on disk, like pads
   * @param state `growing` files are being written by ourselves, and their changes mean nothing; of others,
   *   what {@link stampsOf} said when they were known to be right
   */
  constructor(
    layout: Layout,
    files: readonly LayoutFile[],
    paths: readonly string[],
    expected: (piece: PieceIndex) => PieceHash | undefined,
    state: "growing" | readonly string[],
    clock: Clock = systemClock,
  ) {
    this.#layout = layout;
    this.#files = files;
    this.#paths = paths;
    this.#expected = expected;
    this.#state = state;
    this.#clock = clock;
  }

  /**
   * Reads `[begin, begin + length)` of a piece into `out`; what is no file's reads as zeros.
   *
   * @returns false when the data is not what it was: the file was changed, cut or cannot be read
   */
  async read(piece: PieceIndex, begin: number, length: number, out: Uint8Array): Promise<boolean> {
    this.#reading++;
    try {
      return await this.#read(piece, begin, length, out);
    } finally {
      if (--this.#reading === 0) this.#idle?.();
    }
  }

  /** Where the piece is on disk; for a piece of several files, the first of them. */
  pathOf(piece: PieceIndex): string {
    return this.#paths[this.#layout.spans(piece, 0, this.#layout.pieceLength)[0]?.file ?? 0]!;
  }

  /** Waits for the reads under way and closes all files. */
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

  /** As {@link FileCache.use}; false where the file cannot be opened or looked at. */
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

  /** Reads a span to its place in `out`; false when the file ends before it does. */
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

/** On another thread; 0 when it fails. */
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

/** A read that takes longer came from a disk, or the system was busy: either way it is no gain. */
const QUICK_MS = 1;
/** So many reads are left to another thread before the next is tried at once; twice as many each time. */
const FIRST_REST = 16;
const LONGEST_REST = 4096;

/** The choice for one set of files. Starts with other threads. */
export class ReadStrategy {
  #rest = FIRST_REST;
  #left = FIRST_REST;

  /** Whether the next read is to be made at once, by the thread that asks. */
  get isQuick(): boolean {
    return this.#left === 0;
  }

  /** A read made at once took so long. */
  took(ms: number): void {
    if (ms <= QUICK_MS) {
      this.#rest = FIRST_REST;
      return;
    }
    this.#left = this.#rest;
    this.#rest = Math.min(this.#rest * 2, LONGEST_REST);
  }

  /** A read was made by another thread. */
  rested(): void {
    if (this.#left > 0) this.#left--;
  }
}
