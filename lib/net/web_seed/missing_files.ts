/**
 * Which files a web server has not: asked for one by one, found missing, and asked for again some day.
 *
 * @module
 */

import type { WebSeedFiles } from "../../codec/torrent/web_seed_url.ts";
import type { BlockRequest } from "../../peer/connection/connection.ts";
import { Bitfield } from "../../store/bitfield.ts";
import type { Layout } from "../../store/layout.ts";

/** So many files in a row that a server has not, and it is the server that is wrong. */
const MAX_MISSES = 32;
/** A file that is missing is asked for again after so long: longer than a server is left alone for. */
const MISSING_MS = 30 * 60_000;

/** What one web server lacks of a torrent. It outlives connections. */
export class WebLacks {
  readonly #layout: Layout;
  readonly #files: WebSeedFiles["files"];
  /** When each file that is missing is asked for again. */
  readonly #untilMs = new Map<number, number>();
  #missesInRow = 0;

  /** Nothing is known to be missing. */
  constructor(layout: Layout, files: WebSeedFiles["files"]) {
    this.#layout = layout;
    this.#files = files;
  }

  /** Whether files are known to be missing. */
  get any(): boolean {
    return this.#untilMs.size > 0;
  }

  /** A file is not there, or is another one. Returns whether there is hope for the others. */
  miss(file: number, nowMs: number): boolean {
    if (!this.#untilMs.has(file)) this.#missesInRow++; // else it was asked for twice at once
    this.#untilMs.set(file, nowMs + MISSING_MS);
    return this.#missesInRow < MAX_MISSES && this.longest() !== undefined;
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

  /** Whether a block has bytes of a file that is missing. */
  concerns({ piece, begin, length }: BlockRequest): boolean {
    if (!this.any) return false;
    return this.#layout.spans(piece, begin, length).some(({ file }) => this.#untilMs.has(file));
  }

  /** The longest file that is not missing: whether it can be had in parts shows there. */
  longest(): number | undefined {
    let longest: number | undefined;
    for (const [file, { length, pad }] of this.#files.entries()) {
      if (pad || length === 0 || this.#untilMs.has(file)) continue;
      if (longest === undefined || length > this.#files[longest]!.length) longest = file;
    }
    return longest;
  }

  /** The pieces that can be had: those of which no byte is missing. */
  pieces(): Bitfield {
    const pieces = new Bitfield(this.#layout.pieceCount);
    pieces.fill();
    for (const file of this.#untilMs.keys()) {
      const { first, count } = this.#layout.piecesOf(file);
      for (let piece = first; piece < first + count; piece++) pieces.clear(piece);
    }
    return pieces;
  }
}
