/**
 * Tracks the files a web server lacks. Missing files are requested again after a while. Files that differ
 * from the torrent's are not requested again.
 *
 * @module
 */

import type { WebSeedFiles } from "../../codec/torrent/web_seed_url.ts";
import type { BlockRequest } from "../../peer/connection/upload_state.ts";
import { Bitfield } from "../../store/bitfield.ts";
import type { Layout, PieceIndex } from "../../store/layout.ts";

/** After this many missing files in a row, the server itself is considered wrong. */
const MAX_MISSES = 32;
/** After this many files with different data, the server is no longer trusted. */
const MAX_DIFFERENT = 3;
/** Delay before a missing file is requested again: longer than a failing server is left alone. */
const MISSING_MS = 30 * 60_000;

/** A range of consecutive files, as indexes into the torrent's files. */
interface FileRange {
  readonly first: number;
  readonly last: number;
}

/** The files of a torrent that one web server lacks. It outlives connections. */
export class MissingFiles {
  readonly #layout: Layout;
  readonly #files: WebSeedFiles["files"];
  /** When each missing file may be requested again. */
  readonly #untilMs = new Map<number, number>();
  /** Files with different data. */
  readonly #different = new Set<number>();
  /** Pieces that arrived with different data, and the files they span. */
  readonly #spoiled = new Map<PieceIndex, FileRange>();
  #missesInRow = 0;

  /** Starts with all files assumed present. */
  constructor(layout: Layout, files: WebSeedFiles["files"]) {
    this.#layout = layout;
    this.#files = files;
  }

  /** Whether any file is known to be missing or any piece to differ. */
  get any(): boolean {
    return this.#untilMs.size > 0 || this.#spoiled.size > 0;
  }

  /** Records a missing or wrong file. Returns whether other files may still be available. */
  miss(file: number, nowMs: number): boolean {
    if (!this.#untilMs.has(file)) this.#missesInRow++; // already counted if it was requested twice at once
    this.#untilMs.set(file, nowMs + MISSING_MS);
    return this.#missesInRow < MAX_MISSES && this.longest() !== undefined;
  }

  /**
   * Records a piece that arrived with different data. If it lies within one file, that file is not requested
   * again. Otherwise any of its files may be the cause, and only the piece is left to other peers. Returns
   * those files, and whether the server's other files can still be trusted; `undefined` if an earlier finding
   * already explains it.
   */
  differ(piece: PieceIndex): { files: FileRange; hope: boolean } | undefined {
    const files = this.#filesOf(piece);
    const { first, last } = files;
    const isExplained = this.#different.values().some((file) => first <= file && file <= last);
    if (isExplained || this.#spoiled.has(piece)) return undefined;
    this.#spoiled.set(piece, files);
    if (first === last) this.#different.add(first);
    const isLeft = this.#files.some(({ length, pad }, file) =>
      !pad && length > 0 && !this.#different.has(file)
    );
    return { files, hope: isLeft && this.#fewestDifferent() < MAX_DIFFERENT };
  }

  /** Records that bytes of a file arrived. */
  hit(): void {
    this.#missesInRow = 0;
  }

  /** Makes missing files available again whose delay has passed; returns false if there are none. */
  forget(nowMs: number): boolean {
    const before = this.#untilMs.size;
    for (const [file, untilMs] of this.#untilMs) {
      if (untilMs <= nowMs) this.#untilMs.delete(file);
    }
    return this.#untilMs.size < before;
  }

  /** Whether any byte of a block is unavailable here. */
  concerns({ piece, begin, length }: BlockRequest): boolean {
    if (!this.any) return false;
    if (this.#spoiled.has(piece)) return true;
    return this.#layout.spans(piece, begin, length).some(({ file }) => this.#isOut(file));
  }

  /** The longest available file, which shows best whether the server supports ranges. */
  longest(): number | undefined {
    let longest: number | undefined;
    for (const [file, { length, pad }] of this.#files.entries()) {
      if (pad || length === 0 || this.#isOut(file)) continue;
      if (longest === undefined || length > this.#files[longest]!.length) longest = file;
    }
    return longest;
  }

  /** The available pieces: those with no missing or different byte. */
  pieces(): Bitfield {
    const pieces = Bitfield.full(this.#layout.pieceCount);
    for (const file of [...this.#untilMs.keys(), ...this.#different]) {
      const { first, count } = this.#layout.piecesOf(file);
      for (let piece = first; piece < first + count; piece++) pieces.clear(piece);
    }
    for (const piece of this.#spoiled.keys()) pieces.clear(piece);
    return pieces;
  }

  #isOut(file: number): boolean {
    return this.#untilMs.has(file) || this.#different.has(file);
  }

  /** The smallest number of different files that explains all bad pieces. */
  #fewestDifferent(): number {
    let [count, different] = [0, -1];
    for (const [, { first, last }] of [...this.#spoiled].sort(([a], [b]) => a - b)) {
      if (first <= different) continue; // that file explains this piece too
      count++;
      different = last;
    }
    return count;
  }

  #filesOf(piece: PieceIndex): FileRange {
    const spans = this.#layout.spans(piece, 0, this.#layout.pieceLength);
    const own = spans.filter(({ file }) => !this.#files[file]!.pad);
    const files = own.length > 0 ? own : spans;
    return { first: files[0]!.file, last: files.at(-1)!.file };
  }
}
