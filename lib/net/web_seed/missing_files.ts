/**
 * Which files a web server has not: asked for one by one, found missing, and asked for again some day; and
 * those of which it has another version than the torrent, which are not asked for again.
 *
 * @module
 */

import type { WebSeedFiles } from "../../codec/torrent/web_seed_url.ts";
import type { BlockRequest } from "../../peer/connection/upload_state.ts";
import { Bitfield } from "../../store/bitfield.ts";
import type { Layout, PieceIndex } from "../../store/layout.ts";

/** So many files in a row that a server has not, and it is the server that is wrong. */
const MAX_MISSES = 32;
/** So many files with other data than the torrent's, and it is the server that is not to be believed. */
const MAX_DIFFERENT = 3;
/** A file that is missing is asked for again after so long: longer than a server is left alone for. */
const MISSING_MS = 30 * 60_000;

/** Files that follow each other: indexes into the torrent's files. */
interface FileRange {
  readonly first: number;
  readonly last: number;
}

/** What one web server lacks of a torrent. It outlives connections. */
export class MissingFiles {
  readonly #layout: Layout;
  readonly #files: WebSeedFiles["files"];
  /** When each file that is missing is asked for again. */
  readonly #untilMs = new Map<number, number>();
  /** Files with other data. */
  readonly #different = new Set<number>();
  /** Pieces that came with other data, and the files that they are made of. */
  readonly #spoiled = new Map<PieceIndex, FileRange>();
  #missesInRow = 0;

  /** Nothing is known to be missing. */
  constructor(layout: Layout, files: WebSeedFiles["files"]) {
    this.#layout = layout;
    this.#files = files;
  }

  /** Whether something is known to be missing, or to be other data. */
  get any(): boolean {
    return this.#untilMs.size > 0 || this.#spoiled.size > 0;
  }

  /** A file is not there, or is another one. Returns whether there is hope for the others. */
  miss(file: number, nowMs: number): boolean {
    if (!this.#untilMs.has(file)) this.#missesInRow++; // else it was asked for twice at once
    this.#untilMs.set(file, nowMs + MISSING_MS);
    return this.#missesInRow < MAX_MISSES && this.longest() !== undefined;
  }

  /**
   * A piece came with other data. Where one file has all of it, none of that file is asked for again; else
   * it may be any of them, and only the piece is left to others. Returns those files, and whether the
   * server may be believed in what it has besides; `undefined` when that much was known.
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

  /** Bytes of some file came. */
  hit(): void {
    this.#missesInRow = 0;
  }

  /** Files whose time has come are asked for again; false when there are none. */
  forget(nowMs: number): boolean {
    const before = this.#untilMs.size;
    for (const [file, untilMs] of this.#untilMs) {
      if (untilMs <= nowMs) this.#untilMs.delete(file);
    }
    return this.#untilMs.size < before;
  }

  /** Whether a block has bytes that are not to be had here. */
  concerns({ piece, begin, length }: BlockRequest): boolean {
    if (!this.any) return false;
    if (this.#spoiled.has(piece)) return true;
    return this.#layout.spans(piece, begin, length).some(({ file }) => this.#isOut(file));
  }

  /** The longest file that may be had: whether it can be had in parts shows there. */
  longest(): number | undefined {
    let longest: number | undefined;
    for (const [file, { length, pad }] of this.#files.entries()) {
      if (pad || length === 0 || this.#isOut(file)) continue;
      if (longest === undefined || length > this.#files[longest]!.length) longest = file;
    }
    return longest;
  }

  /** The pieces that can be had: those of which no byte is missing or different. */
  pieces(): Bitfield {
    const pieces = new Bitfield(this.#layout.pieceCount);
    pieces.fill();
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

  /** How many files must be different at least, for all the pieces to have come with other data. */
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
