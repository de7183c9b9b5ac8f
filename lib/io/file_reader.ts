/**
 * Reads pieces from files for other peers, and notices when a file is no longer what it was.
 *
 * A file that changed is not trusted any more: each of its pieces is hashed once more before it is
 * served. Looking costs one `fstat` per read, which is nothing beside the read.
 *
 * @module
 */

import { close, fstat, open, read, stat, type Stats } from "node:fs";
import { equalBytes } from "../codec/bytes.ts";
import { sha1 } from "../codec/hash.ts";
import { paddedBlocks, pieceHash } from "../codec/merkle.ts";
import type { Expected } from "../peer/transfer.ts";
import type { FileSpan, Layout, LayoutFile, PieceIndex } from "../store/layout.ts";
import { diskError } from "./disk_error.ts";

interface OpenFile {
  readonly fd: number;
  readonly path: string;
  /** Size and time of the last change when the file was known to be right; absent while we write it. */
  stamp: string | undefined;
  /** Pieces found unchanged although the file changed; absent while the file has not. */
  rechecked: Set<number> | undefined;
}

/** Positional, asynchronous reads from the files of one torrent. */
export class FileReader {
  readonly #layout: Layout;
  readonly #files: readonly LayoutFile[];
  readonly #paths: readonly string[];
  readonly #open = new Map<number, Promise<OpenFile>>();
  readonly #expected: (piece: PieceIndex) => Expected | undefined;
  readonly #state: "growing" | readonly string[];
  #reading = 0;
  #idle: (() => void) | undefined;

  /**
   * @param state `growing` files are being written by ourselves, and their changes mean nothing; of others,
   *   what {@link stampOf} said when they were known to be right
   */
  constructor(
    layout: Layout,
    files: readonly LayoutFile[],
    paths: readonly string[],
    expected: (piece: PieceIndex) => Expected | undefined,
    state: "growing" | readonly string[],
  ) {
    this.#layout = layout;
    this.#files = files;
    this.#paths = paths;
    this.#expected = expected;
    this.#state = state;
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
    return this.#paths[this.#layout.spans(piece, 0, 1)[0]?.file ?? 0]!;
  }

  /** Waits for the reads under way and closes all files. */
  async close(): Promise<void> {
    if (this.#reading > 0) await new Promise<void>((resolve) => this.#idle = resolve);
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const file of await Promise.allSettled(open)) {
      if (file.status === "rejected") continue;
      await new Promise<void>((done) => close(file.value.fd, () => done()));
    }
  }

  async #read(piece: PieceIndex, begin: number, length: number, out: Uint8Array): Promise<boolean> {
    const spans = this.#layout.spans(piece, begin, length);
    const covered = spans.reduce((sum, span) => sum + span.length, 0);
    if (covered < length) out.fill(0, 0, length);
    for (const span of spans) {
      const file = await this.#file(span.file).catch(() => undefined);
      if (file === undefined || !await this.#isUnchanged(file, piece)) return false;
      if (!await readSpan(file.fd, span, out)) return false;
    }
    return true;
  }

  /** Opens the file if it is not open yet. A failed attempt is not remembered. */
  #file(index: number): Promise<OpenFile> {
    const known = this.#open.get(index);
    if (known !== undefined) return known;
    const path = this.#paths[index]!;
    const stamp = this.#state === "growing" ? undefined : this.#state[index];
    const opened = openFile(path).then((fd) => ({ fd, path, stamp, rechecked: undefined }));
    opened.catch(() => this.#open.delete(index));
    this.#open.set(index, opened);
    return opened;
  }

  async #isUnchanged(file: OpenFile, piece: PieceIndex): Promise<boolean> {
    if (file.stamp === undefined) return true;
    const stamp = await stampOfOpen(file.fd);
    if (stamp !== file.stamp) {
      file.stamp = stamp;
      file.rechecked = new Set();
    }
    if (file.rechecked === undefined || file.rechecked.has(piece)) return true;
    if (!await this.#stillMatches(piece)) return false;
    file.rechecked.add(piece);
    return true;
  }

  async #stillMatches(piece: PieceIndex): Promise<boolean> {
    const dataLength = this.#layout.dataLength(piece);
    const data = new Uint8Array(this.#layout.pieceSize(piece));
    for (const span of this.#layout.spans(piece, 0, dataLength)) {
      const file = await this.#file(span.file);
      if (!await readSpan(file.fd, span, data)) return false;
    }
    const expected = this.#expected(piece);
    if (expected === undefined) return false;
    if (expected.kind === "sha1") return equalBytes(sha1(data), expected.hash);
    const { length } = this.#files[this.#layout.fileOf(piece).file]!;
    const blocks = paddedBlocks(length, this.#layout.pieceLength);
    return equalBytes(pieceHash(data.subarray(0, dataLength), blocks), expected.hash);
  }
}

function openFile(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    open(path, "r", (error, fd) => error ? reject(diskError(error, path)) : resolve(fd!));
  });
}

/**
 * What tells that a file has changed: it is another one, longer or shorter, or was written to.
 *
 * @throws {DiskError} when there is no such file
 */
export function stampOf(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    stat(
      path,
      (error, stats) => error ? reject(diskError(error, path)) : resolve(stampFrom(stats)),
    );
  });
}

function stampOfOpen(fd: number): Promise<string> {
  return new Promise((resolve, reject) => {
    fstat(fd, (error, stats) => error ? reject(error) : resolve(stampFrom(stats as Stats)));
  });
}

function stampFrom({ size, mtimeMs, ino }: Stats): string {
  return `${ino} ${size} ${mtimeMs}`;
}

/** Reads a span to its place in `out`; false when the file ends before it does. */
async function readSpan(fd: number, span: FileSpan, out: Uint8Array): Promise<boolean> {
  for (let done = 0; done < span.length;) {
    const count = await new Promise<number>((resolve) => {
      const { at, length, offset } = span;
      read(fd, out, at + done, length - done, offset + done, (error, n) => resolve(error ? 0 : n!));
    });
    if (count === 0) return false;
    done += count;
  }
  return true;
}
