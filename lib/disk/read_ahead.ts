/**
 * What peers will ask for next, read before they do.
 *
 * A peer that takes its piece in small batches would cost a read for each; so the first of them reads a
 * whole stretch of the piece, and the others find it in memory, whichever peer they are for. A batch that
 * is large itself goes straight to the file: one copy less.
 *
 * @module
 */

import type { Layout, PieceIndex } from "../store/layout.ts";

/** Read in one go. */
const STRETCH_BYTES = 512 * 1024;
/** Stretches kept, at most. */
const MAX_STRETCHES = 16;
/** Who has not come back for the rest by then will not. */
const ABANDONED_MS = 1000;

/** Where bytes of pieces are read; false when they are not what they were. */
type PieceRead = (
  piece: PieceIndex,
  begin: number,
  length: number,
  out: Uint8Array,
) => Promise<boolean>;

interface Stretch {
  readonly buffer: Uint8Array;
  readonly length: number;
  /** Whether it could be read. */
  readonly read: Promise<boolean>;
  /** Bytes handed out of it. */
  used: number;
  usedMs: number;
  /** How many are waiting for it. */
  users: number;
}

/** A bounded amount of memory for stretches of pieces, shared by all who read. */
export class ReadAhead {
  readonly #layout: Layout;
  readonly #source: PieceRead;
  /** By their first byte in the torrent; in the order of their last use. */
  readonly #stretches = new Map<number, Stretch>();

  /** Reads from `source` what is not in memory. */
  constructor(layout: Layout, source: PieceRead) {
    this.#layout = layout;
    this.#source = source;
  }

  /** Stretches in memory. */
  get size(): number {
    return this.#stretches.size;
  }

  /** See {@link PieceRead}. */
  async read(
    piece: PieceIndex,
    begin: number,
    length: number,
    out: Uint8Array,
    nowMs: number,
  ): Promise<boolean> {
    const at = begin % STRETCH_BYTES;
    const stretch = length * 2 > STRETCH_BYTES
      ? undefined
      : this.#stretchAt(piece, begin - at, nowMs);
    if (stretch === undefined || at + length > stretch.length) {
      return this.#source(piece, begin, length, out);
    }
    stretch.users++;
    const isRead = await stretch.read;
    stretch.users--;
    stretch.used += length;
    if (isRead) out.set(stretch.buffer.subarray(at, at + length));
    return isRead;
  }

  /** Finds or begins a stretch; undefined when all memory is in use. */
  #stretchAt(piece: PieceIndex, begin: number, nowMs: number): Stretch | undefined {
    const key = piece * this.#layout.pieceLength + begin;
    let stretch = this.#stretches.get(key);
    if (stretch === undefined) {
      const buffer = this.#memory(nowMs);
      if (buffer === undefined) return undefined;
      stretch = this.#begin(key, piece, begin, buffer, nowMs);
    } else {
      this.#stretches.delete(key);
    }
    stretch.usedMs = nowMs;
    this.#stretches.set(key, stretch);
    return stretch;
  }

  #begin(
    key: number,
    piece: PieceIndex,
    begin: number,
    buffer: Uint8Array,
    nowMs: number,
  ): Stretch {
    const length = Math.min(STRETCH_BYTES, this.#layout.pieceSize(piece) - begin);
    const read = this.#source(piece, begin, length, buffer).then((isRead) => {
      if (!isRead) this.#stretches.delete(key); // the next to ask may find it mended
      return isRead;
    });
    return { buffer, length, read, used: 0, usedMs: nowMs, users: 0 };
  }

  /** Memory for one more: new, or that of a stretch that has been used up or left. */
  #memory(nowMs: number): Uint8Array | undefined {
    if (this.#stretches.size < MAX_STRETCHES) return new Uint8Array(STRETCH_BYTES);
    for (const [key, { buffer, length, used, usedMs, users }] of this.#stretches) {
      const isOver = used >= length || nowMs - usedMs >= ABANDONED_MS;
      if (users > 0 || !isOver) continue;
      this.#stretches.delete(key);
      return buffer;
    }
    return undefined;
  }
}
