/**
 * Which files of a torrent are to be here, and what that means in pieces and bytes.
 *
 * @module
 */

import { Bitfield } from "./bitfield.ts";
import type { Layout, LayoutFile, PieceIndex } from "./layout.ts";

/** Some of the files of a torrent, or all. Immutable. */
export class Selection {
  /** Whether every file is in it. */
  readonly isWhole: boolean;
  /** How many files are in it; pads are none. */
  readonly fileCount: number;
  /** Bytes of these files together. */
  readonly totalBytes: number;
  /** The pieces that have bytes of these files; absent: all. */
  readonly wanted: Bitfield | undefined;
  readonly #layout: Layout;
  readonly #chosen: ReadonlySet<number>;

  /**
   * Chooses files.
   *
   * @param files the files of the layout
   * @param indexes into `files`; those of pads are ignored; absent: all
   */
  constructor(layout: Layout, files: readonly LayoutFile[], indexes?: Iterable<number>) {
    const real = files.keys().filter((file) => !files[file]!.pad).toArray();
    const chosen = new Set(indexes ?? real);
    const kept = real.filter((file) => chosen.has(file));
    this.#layout = layout;
    this.#chosen = new Set(kept);
    this.fileCount = kept.length;
    this.totalBytes = kept.reduce((sum, file) => sum + files[file]!.length, 0);
    this.isWhole = kept.length === real.length;
    this.wanted = this.isWhole ? undefined : this.piecesOf(kept);
  }

  /** Whether the file is in it; pads never are. */
  has(file: number): boolean {
    return this.#chosen.has(file);
  }

  /** Whether a piece has bytes of a file that is in it; where everything is in it, any piece. */
  wants(piece: number): boolean {
    return this.wanted?.get(piece) ?? true;
  }

  /** How many bytes of a piece belong to files that are in it. */
  bytesOf(piece: PieceIndex): number {
    let bytes = 0;
    for (const { file, length } of this.#layout.spans(piece, 0, this.#layout.pieceLength)) {
      if (this.#chosen.has(file)) bytes += length;
    }
    return bytes;
  }

  /** How many bytes of its files lie in these pieces. */
  bytesIn(pieces: Bitfield): number {
    let bytes = 0;
    for (const piece of pieces.ones()) {
      if (this.wants(piece)) bytes += this.bytesOf(piece as PieceIndex);
    }
    return bytes;
  }

  /** Whether every piece that it wants is among these. */
  isIn(pieces: Bitfield): boolean {
    if (this.wanted === undefined) return pieces.isFull;
    for (const piece of this.wanted.ones()) if (!pieces.get(piece)) return false;
    return true;
  }

  /** The pieces that have bytes of any of these files. */
  piecesOf(files: Iterable<number>): Bitfield {
    const pieces = new Bitfield(this.#layout.pieceCount);
    for (const file of files) {
      const { first, count } = this.#layout.piecesOf(file);
      for (let i = 0; i < count; i++) pieces.set(first + i);
    }
    return pieces;
  }
}
