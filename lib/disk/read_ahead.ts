/**
 * Reads ahead what peers will request next.
 *
 * A peer that requests a piece in small batches would cost one read for each. So the first batch reads a
 * whole stretch of the piece, and the others find it in memory, whichever peer they are for. A large batch
 * goes straight to the file, which saves a copy.
 *
 * @module
 */

import type { Layout, PieceIndex } from "../store/layout.ts";

/** Bytes in one read. */
const STRETCH_BYTES = 512 * 1024;
/** Stretches kept, at most. */
const MAX_STRETCHES = 16;
/** A peer that has not requested the rest by then will not. */
const ABANDONED_MS = 1000;

/** Reads bytes of a piece; false when the data is no longer right. */
type PieceRead = (
  piece: PieceIndex,
  begin: number,
  length: number,
  out: Uint8Array,
) => Promise<boolean>;

interface Stretch {
  readonly buffer: Uint8Array;
  readonly length: number;
  /** Whether the read succeeded. */
  readonly read: Promise<boolean>;
  /** Bytes already served from it. */
  used: number;
  usedMs: number;
  /** Requests waiting for it. */
  users: number;
}

/** A bounded cache of piece stretches, shared by all readers. */
export class ReadAhead {
  readonly #layout: Layout;
  readonly #source: PieceRead;
  /** By offset of the first byte in the torrent; least recently used first. */
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

  /** Finds or starts a stretch; `undefined` when all memory is in use. */
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
      if (!isRead) this.#stretches.delete(key); // the next request may find it repaired
      return isRead;
    });
    return { buffer, length, read, used: 0, usedMs: nowMs, users: 0 };
  }

  /** Memory for a new stretch: fresh, or from one that is used up or abandoned. */
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
