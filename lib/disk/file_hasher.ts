/**
 * Hashes pieces on disk with long reads into one small buffer. Each byte is read once and hashed by every
 * algorithm while it is in the CPU cache.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";
import { readSync } from "node:fs";
import { SHA1_LENGTH, writeDigest } from "../codec/hash.ts";
import {
  BLOCK_LENGTH,
  blockHashes,
  HASH_LENGTH,
  merkleRoot,
  paddedBlocks,
} from "../codec/torrent/merkle.ts";
import type { GcPacer } from "../runtime/gc.ts";
import type { FileSpan, Layout, PieceIndex } from "../store/layout.ts";
import type { SyncFileCache } from "./open_files.ts";
import type { HashKinds, HashResult, WorkerSetup } from "./worker_jobs.ts";

/** Bytes read and hashed at once, a whole number of blocks; much more does not fit a core's own cache. */
const READ_LENGTH = 512 * 1024;

/** The one buffer of this thread, which hashes for one torrent at a time. */
let readBuffer = new Uint8Array(0);

/** A piece being hashed; it may be longer than the buffer. */
interface RunningPiece {
  readonly piece: PieceIndex;
  /** Its place in the result. */
  readonly index: number;
  /** SHA-256 of its blocks so far; length 0 when not wanted. */
  readonly leaves: Uint8Array;
  readonly sha1: Hash | undefined;
}

/** Hashes runs of pieces of one torrent. */
export class FileHasher {
  readonly #layout: Layout;
  readonly #setup: WorkerSetup;
  readonly #files: SyncFileCache;
  readonly #garbage: GcPacer;

  /** Opens files through `files`. */
  constructor(setup: WorkerSetup, layout: Layout, files: SyncFileCache, garbage: GcPacer) {
    this.#setup = setup;
    this.#layout = layout;
    this.#files = files;
    this.#garbage = garbage;
  }

  /**
   * Hashes `count` pieces starting at `first`.
   *
   * @throws {Error} with a `code` when an existing file cannot be read
   */
  hash(first: PieceIndex, count: number, wanted: HashKinds): HashResult {
    const result = {
      roots: new Uint8Array(wanted.sha256 ? count * HASH_LENGTH : 0),
      sha1s: new Uint8Array(wanted.sha1 ? count * SHA1_LENGTH : 0),
      readable: new Uint8Array(count).fill(1),
    };
    const { pieceLength } = this.#layout;
    const last = first + count - 1 as PieceIndex;
    const end = (count - 1) * pieceLength + this.#layout.pieceSize(last);
    if (readBuffer.length === 0) readBuffer = new Uint8Array(READ_LENGTH);
    let running: RunningPiece | undefined;
    for (let begin = 0; begin < end; begin += READ_LENGTH) {
      const bytes = readBuffer.subarray(0, Math.min(READ_LENGTH, end - begin));
      this.#read(first, begin, bytes, result.readable);
      for (let at = 0; at < bytes.length;) {
        const index = Math.floor((begin + at) / pieceLength);
        const offset = begin + at - index * pieceLength;
        const part = bytes.subarray(at, at + pieceLength - offset);
        if (running?.index !== index) running = this.#start(first, index, wanted);
        if (result.readable[index] === 1) this.#add(running, offset, part, result);
        at += part.length;
      }
    }
    return result;
  }

  #start(first: PieceIndex, index: number, wanted: HashKinds): RunningPiece {
    const piece = first + index as PieceIndex;
    const blocks = wanted.sha256 ? this.#layout.blockCount(piece) : 0;
    const sha1 = wanted.sha1 ? createHash("sha1") : undefined;
    return { piece, index, leaves: new Uint8Array(blocks * HASH_LENGTH), sha1 };
  }

  /** Adds bytes of a piece at `offset`; at the end of the piece, stores its hashes. */
  #add(
    { piece, index, leaves, sha1 }: RunningPiece,
    offset: number,
    part: Uint8Array,
    { roots, sha1s }: HashResult,
  ): void {
    const end = offset + part.length;
    const dataLength = this.#layout.dataLength(piece);
    if (leaves.length > 0 && offset < dataLength) {
      const hashes = blockHashes(part.subarray(0, dataLength - offset));
      leaves.set(hashes, offset / BLOCK_LENGTH * HASH_LENGTH);
      this.#garbage.add(hashes.length / HASH_LENGTH);
      if (end >= dataLength) roots.set(this.#root(piece, leaves), index * HASH_LENGTH);
    }
    if (sha1 === undefined) return;
    sha1.update(part);
    if (end < this.#layout.pieceSize(piece)) return;
    writeDigest(sha1, sha1s.subarray(index * SHA1_LENGTH, (index + 1) * SHA1_LENGTH));
    this.#garbage.add(1);
  }

  #root(piece: PieceIndex, leaves: Uint8Array): Uint8Array {
    const { length } = this.#setup.layout.files[this.#layout.fileOf(piece).file]!;
    return merkleRoot(leaves, 0, paddedBlocks(length, this.#layout.pieceLength));
  }

  /** Fills `out` from `begin` bytes after the start of a piece; marks incomplete pieces unreadable. */
  #read(first: PieceIndex, begin: number, out: Uint8Array, readable: Uint8Array): void {
    const { pieceLength } = this.#layout;
    let filled = 0;
    for (const span of this.#spans(first, begin, out.length)) {
      out.fill(0, filled, span.at); // pads and gaps
      filled = span.at + span.length;
      const read = this.#readSpan(span, out);
      if (read === span.length) continue;
      const missing = Math.floor((begin + span.at + read) / pieceLength);
      readable.fill(0, missing, Math.floor((begin + filled - 1) / pieceLength) + 1);
    }
    out.fill(0, filled);
  }

  /** The file spans of a run of pieces; a span may continue across pieces. */
  #spans(first: PieceIndex, begin: number, length: number): FileSpan[] {
    const { pieceLength } = this.#layout;
    const spans: FileSpan[] = [];
    for (let at = 0; at < length;) {
      const index = Math.floor((begin + at) / pieceLength);
      const offset = begin + at - index * pieceLength;
      const step = Math.min(length - at, pieceLength - offset);
      for (const span of this.#layout.spans(first + index as PieceIndex, offset, step)) {
        span.at += at;
        const before = spans.at(-1);
        const goesOn = before?.file === span.file && before.at + before.length === span.at;
        if (goesOn) before.length += span.length;
        else spans.push(span);
      }
      at += step;
    }
    return spans;
  }

  /** Reads a span to its place in `out`, and returns how many bytes there were. */
  #readSpan({ file, offset, length, at }: FileSpan, out: Uint8Array): number {
    const path = this.#setup.paths[file]!;
    if (path === "") return 0;
    let fd: number;
    try {
      fd = this.#files.get(path, "r");
    } catch (error) {
      if ((error as { code?: string }).code === "ENOENT") return 0;
      throw error;
    }
    let done = 0;
    while (done < length) {
      const read = readSync(fd, out, at + done, length - done, offset + done);
      if (read === 0) break;
      done += read;
    }
    return done;
  }
}
