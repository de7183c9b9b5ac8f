/**
 * The chosen files of a torrent, and the pieces and bytes they comprise.
 *
 * @module
 */

import type { TorrentInfo } from "../codec/torrent/metainfo.ts";
import { OptionError } from "../errors.ts";
import { Bitfield } from "./bitfield.ts";
import type { Layout, LayoutFile, PieceIndex } from "./layout.ts";

/** Some files of a torrent, or all. Immutable. */
export class Selection {
  /** Whether it includes every file. */
  readonly isWhole: boolean;
  /** Number of files included, without pads. */
  readonly fileCount: number;
  /** Total bytes of these files. */
  readonly totalBytes: number;
  /** The pieces that contain bytes of these files; absent: all. */
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

  /** Whether the file is included; pads never are. */
  has(file: number): boolean {
    return this.#chosen.has(file);
  }

  /** Whether a piece contains bytes of an included file; any piece does if all files are included. */
  wants(piece: number): boolean {
    return this.wanted?.get(piece) ?? true;
  }

  /** Bytes of a piece that belong to included files. */
  bytesOf(piece: PieceIndex): number {
    let bytes = 0;
    for (const { file, length } of this.#layout.spans(piece, 0, this.#layout.pieceLength)) {
      if (this.#chosen.has(file)) bytes += length;
    }
    return bytes;
  }

  /** Bytes of the included files in these pieces. */
  bytesIn(pieces: Bitfield): number {
    let bytes = 0;
    for (const piece of pieces.ones()) {
      if (this.wants(piece)) bytes += this.bytesOf(piece as PieceIndex);
    }
    return bytes;
  }

  /** Whether these pieces include every wanted piece. */
  isIn(pieces: Bitfield): boolean {
    if (this.wanted === undefined) return pieces.isFull;
    for (const piece of this.wanted.ones()) if (!pieces.get(piece)) return false;
    return true;
  }

  /** The pieces that contain bytes of any of these files. */
  piecesOf(files: Iterable<number>): Bitfield {
    const pieces = new Bitfield(this.#layout.pieceCount);
    for (const file of files) {
      const { first, count } = this.#layout.piecesOf(file);
      for (let i = 0; i < count; i++) pieces.set(first + i);
    }
    return pieces;
  }
}

/** The user's choice of files; default: all. */
export interface FileChoice {
  /** Indexes into the files without pads. Takes precedence over {@link selectOnly}. */
  readonly select?: readonly number[] | undefined;
  /** Indexes into the files with pads, from a magnet link. */
  readonly selectOnly?: readonly number[] | undefined;
}

/**
 * The chosen files.
 *
 * @throws {OptionError} when there is no such file, or none is chosen
 */
export function chooseFiles(
  info: TorrentInfo,
  layout: Layout,
  { select, selectOnly }: FileChoice,
): Selection {
  const { files } = info;
  if (select !== undefined) {
    const real = files.keys().filter((file) => !files[file]!.pad).toArray();
    requireIndexes(info, select, real.length);
    return new Selection(layout, files, select.map((index) => real[index]!));
  }
  if (selectOnly !== undefined) requireIndexes(info, selectOnly, files.length);
  const selection = new Selection(layout, files, selectOnly);
  if (selection.fileCount > 0) return selection;
  throw new OptionError(`the link chooses no file of "${info.name}"`, { code: "nothing-selected" });
}

function requireIndexes(info: TorrentInfo, indexes: readonly number[], count: number): void {
  if (indexes.length === 0) throw new OptionError("no file is chosen: give the number of one");
  const wrong = indexes.find((index) => !Number.isInteger(index) || index < 0 || index >= count);
  if (wrong === undefined) return;
  const isOne = count === 1;
  const files = isOne ? "one file, number 0" : `the files 0 to ${count - 1}`;
  throw new OptionError(
    `there is no file ${wrong}: "${info.name}" has ${files}`,
    isOne ? {} : { code: "no-such-index" },
  );
}
