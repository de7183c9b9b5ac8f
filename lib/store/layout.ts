/**
 * Maps a torrent's pieces, blocks and files onto one linear address space.
 *
 * In v1 and hybrid torrents this is the concatenation of all files, pad files included (BEP 3, 47). In v2
 * torrents every non-empty file begins at a piece boundary, and the rest of its last piece is an unused gap
 * (BEP 52). A hybrid is both at once: its pads are where the gaps would be.
 *
 * All addresses and lengths are in bytes, up to 2^53.
 *
 * @module
 */

import { BLOCK_LENGTH } from "../codec/torrent/merkle.ts";
import { TorrentError } from "../errors.ts";
import type { Bitfield } from "./bitfield.ts";

export { BLOCK_LENGTH } from "../codec/torrent/merkle.ts";

/** The most pieces that 32-bit indexes on the wire can address. */
const MAX_PIECES = 2 ** 32;

declare const pieceBrand: unique symbol;

/** A piece number known to be in range. Made by {@link Layout.pieceIndex} only. */
export type PieceIndex = number & { readonly [pieceBrand]: true };

/** What a layout needs to know about a file. */
export interface LayoutFile {
  /** Bytes. */
  readonly length: number;
  /** Whether it is padding rather than a file: not stored, not counted (BEP 47). */
  readonly pad: boolean;
  /** The file's `pieces root` (BEP 52), 32 bytes, if it has one. */
  readonly root?: Uint8Array;
}

/** What a layout needs to know about a torrent; a parsed info dictionary qualifies. */
export interface LayoutSource {
  /** Bytes of a whole piece, at least 1. */
  readonly pieceLength: number;
  /** Whether files are laid out by the rules of v1, of v2 or both. */
  readonly version: "v1" | "v2" | "hybrid";
  /** In the order of the info dictionary. */
  readonly files: readonly LayoutFile[];
}

/** Consecutive bytes of one file. */
export interface FileSpan {
  /** Index into the torrent's list of files. */
  file: number;
  /** Offset in the file. */
  offset: number;
  /** Number of bytes, at least 1. */
  length: number;
  /** Offset in the requested range. */
  at: number;
}

/** The file that a piece of a v2 or hybrid torrent belongs to. */
export interface FilePiece {
  /** Index into the torrent's list of files. */
  file: number;
  /** Number of the piece within the file. */
  pieceInFile: number;
  /** The file's `pieces root`, if the info dictionary has one. */
  root?: Uint8Array;
}

/** The address range of a non-empty file that is no pad. */
interface Extent {
  readonly file: number;
  readonly start: number;
  readonly end: number;
}

/** The address arithmetic of one torrent. Immutable. */
export class Layout {
  /** Bytes of a whole piece. */
  readonly pieceLength: number;
  /** Whether addresses are those of v1, of v2 or of both. */
  readonly version: "v1" | "v2" | "hybrid";
  /** Number of pieces; 0 for an empty torrent. */
  readonly pieceCount: number;
  /** Bytes of all files, without pads. */
  readonly totalLength: number;
  readonly #files: readonly LayoutFile[];
  /** The start address of each file, including pads and empty files. */
  readonly #starts: Float64Array;
  /** Ascending and disjoint. */
  readonly #extents: readonly Extent[];
  /** The end address of the last byte a piece may contain. */
  readonly #end: number;

  /**
   * Lays out files.
   *
   * @throws {TorrentError} when the numbers are too large to address, or the pads of a hybrid do not
   * make every file begin at a piece boundary.
   */
  constructor(source: LayoutSource) {
    const { pieceLength, version, files } = source;
    if (!Number.isSafeInteger(pieceLength) || pieceLength < 1) {
      throw new TorrentError(`the piece length ${pieceLength} is not a positive whole number`);
    }
    const aligned = version === "v2";
    const starts = new Float64Array(files.length);
    const extents: Extent[] = [];
    let end = 0;
    let totalLength = 0;
    for (const [file, { length, pad }] of files.entries()) {
      if (aligned && length > 0) end = Math.ceil(end / pieceLength) * pieceLength;
      starts[file] = end;
      if (!pad && length > 0) {
        extents.push({ file, start: end, end: end + length });
        totalLength += length;
      }
      end += length;
    }
    const pieceCount = Math.ceil(end / pieceLength);
    if (!Number.isSafeInteger(pieceCount * pieceLength) || pieceCount > MAX_PIECES) {
      throw new TorrentError("the torrent is too large to address");
    }
    if (version === "hybrid") checkAlignment(extents, pieceLength, pieceCount);
    this.pieceLength = pieceLength;
    this.version = version;
    this.pieceCount = pieceCount;
    this.totalLength = totalLength;
    this.#files = files;
    this.#starts = starts;
    this.#extents = extents;
    this.#end = end;
  }

  /** The layout of a parsed info dictionary. Throws as the constructor does. */
  static of(info: LayoutSource): Layout {
    return new Layout(info);
  }

  /** `n` as a piece index, or `undefined` when the torrent has no such piece. */
  pieceIndex(n: number): PieceIndex | undefined {
    return Number.isInteger(n) && n >= 0 && n < this.pieceCount ? n as PieceIndex : undefined;
  }

  /** All piece indexes, ascending. */
  *pieces(): Generator<PieceIndex> {
    for (let piece = 0; piece < this.pieceCount; piece++) yield piece as PieceIndex;
  }

  /**
   * Bytes of the piece as a v1 peer sees it: pads are part of it, and only the torrent's last piece is
   * short. In a v2 torrent, which has no v1 peers, only the real bytes.
   */
  pieceSize(piece: PieceIndex): number {
    if (this.version === "v2") return this.dataLength(piece);
    return Math.min(this.pieceLength, this.#end - piece * this.pieceLength);
  }

  /**
   * Bytes of the piece that are hashed: in v2 and hybrid torrents what belongs to the piece's file, without
   * what follows the file's end (for SHA-256; SHA-1 covers {@link pieceSize}).
   */
  dataLength(piece: PieceIndex): number {
    const start = piece * this.pieceLength;
    if (this.version === "v1") return Math.min(this.pieceLength, this.#end - start);
    return Math.min(this.pieceLength, this.#extentBefore(start).end - start);
  }

  /**
   * Upper bound for `begin + length` of a request that we answer. In v2 and hybrid torrents that is the
   * whole piece length: libtorrent 2.0 requests full blocks beyond the end of a file and expects zeros
   * there.
   */
  servableLength(piece: PieceIndex): number {
    return this.version === "v1" ? this.pieceSize(piece) : this.pieceLength;
  }

  /** Number of blocks to request. Blocks entirely in the pad of a hybrid do not count. */
  blockCount(piece: PieceIndex): number {
    return Math.ceil(this.dataLength(piece) / BLOCK_LENGTH);
  }

  /**
   * Bytes to request at `block * BLOCK_LENGTH`; 0 when the piece has no such block.
   *
   * @param v2Connection whether the connection uses the v2 info-hash. In a hybrid, a v1 peer counts the pad
   * after a file's end as part of the block, a v2 peer does not.
   */
  blockLength(piece: PieceIndex, block: number, v2Connection: boolean): number {
    const begin = block * BLOCK_LENGTH;
    const left = this.dataLength(piece) - begin;
    if (!(block >= 0 && left > 0)) return 0;
    if (left >= BLOCK_LENGTH) return BLOCK_LENGTH;
    if (v2Connection || this.version !== "hybrid") return left;
    return Math.min(BLOCK_LENGTH, this.pieceSize(piece) - begin);
  }

  /**
   * The file spans of the bytes `[begin, begin + length)` of a piece, ascending. Pads, gaps and anything
   * beyond the piece have no span: they read as zeros and are not written.
   */
  spans(piece: PieceIndex, begin: number, length: number): FileSpan[] {
    const start = piece * this.pieceLength + begin;
    const end = piece * this.pieceLength + Math.min(begin + length, this.pieceLength);
    const spans: FileSpan[] = [];
    for (let i = Math.max(0, this.#extentIndexBefore(start)); i < this.#extents.length; i++) {
      const extent = this.#extents[i]!;
      if (extent.start >= end) break;
      const from = Math.max(start, extent.start);
      const to = Math.min(end, extent.end);
      if (from >= to) continue;
      const { file } = extent;
      spans.push({ file, offset: from - extent.start, length: to - from, at: from - start });
    }
    return spans;
  }

  /**
   * The file that a piece belongs to.
   *
   * @throws {TypeError} for a v1 torrent, whose pieces may belong to several files.
   */
  fileOf(piece: PieceIndex): FilePiece {
    if (this.version === "v1") throw new TypeError("a piece of a v1 torrent has no one file");
    const { file, start } = this.#extentBefore(piece * this.pieceLength);
    const pieceInFile = piece - start / this.pieceLength;
    const root = this.#files[file]!.root;
    return root === undefined ? { file, pieceInFile } : { file, pieceInFile, root };
  }

  /**
   * The pieces that contain bytes of a file: `count` of them from `first`. An empty file or a pad has none.
   *
   * @throws {RangeError} when there is no such file.
   */
  piecesOf(file: number): { first: number; count: number } {
    const entry = this.#files[file];
    if (entry === undefined) throw new RangeError(`there is no file ${file}`);
    const start = this.#starts[file]!;
    const first = Math.floor(start / this.pieceLength);
    if (entry.pad || entry.length === 0) return { first, count: 0 };
    return { first, count: Math.ceil((start + entry.length) / this.pieceLength) - first };
  }

  /**
   * How many bytes of a file are in these pieces.
   *
   * @throws {RangeError} when there is no such file.
   */
  bytesIn(file: number, pieces: Bitfield): number {
    const { first, count } = this.piecesOf(file);
    const { length } = this.#files[file]!;
    if (pieces.isFull) return count === 0 ? 0 : length;
    const start = this.#starts[file]!;
    let bytes = 0;
    for (let piece = first; piece < first + count; piece++) {
      if (!pieces.get(piece)) continue;
      const at = piece * this.pieceLength;
      bytes += Math.min(start + length, at + this.pieceLength) - Math.max(start, at);
    }
    return bytes;
  }

  /** Index of the last extent that starts at or before an address; -1 when there is none. */
  #extentIndexBefore(address: number): number {
    let low = 0;
    let high = this.#extents.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#extents[middle]!.start <= address) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #extentBefore(address: number): Extent {
    return this.#extents[this.#extentIndexBefore(address)]!;
  }
}

/**
 * A hybrid must have the same pieces for v1 and v2 peers: each file begins where the pieces of the previous
 * one end (BEP 52, BEP 47), and no piece is all padding.
 */
function checkAlignment(extents: readonly Extent[], pieceLength: number, pieceCount: number): void {
  let boundary = 0;
  for (const { start, end } of extents) {
    if (start !== boundary) {
      throw new TorrentError(
        "the pad files of the hybrid torrent do not align its files to pieces",
      );
    }
    boundary = Math.ceil(end / pieceLength) * pieceLength;
  }
  if (boundary !== pieceCount * pieceLength) {
    throw new TorrentError("the hybrid torrent ends in pieces that are all padding");
  }
}
