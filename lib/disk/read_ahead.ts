/**
 * Reads ahead what peers will request next.
 *
 * A peer that requests a piece in small batches would cost one read for each. So the first batch reads a
 * whole stretch of the piece, and the others find it in memory, whichever peer they are for. A large batch
 * goes straight to the file, which saves a copy.
 *
 * All torrents of a client share the memory. When all of it is in use, a torrent with less than its share
 * takes from one that has more.
 *
 * @module
 */

import type { Layout, PieceIndex } from "../store/layout.ts";

/** Bytes in one read. */
const STRETCH_BYTES = 512 * 1024;
/** Stretches kept, at most, of all torrents. */
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
  /** The torrent it belongs to, and its place there. */
  readonly owner: ReadAhead;
  readonly key: number;
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

/** The stretches of all torrents of a client. */
export class ReadAheadMemory {
  /** Least recently used first. */
  readonly #stretches = new Set<Stretch>();

  /** Stretches in memory. */
  get size(): number {
    return this.#stretches.size;
  }

  /** A stretch is used now. */
  use(stretch: Stretch): void {
    this.#stretches.delete(stretch);
    this.#stretches.add(stretch);
  }

  /** A stretch is not kept any more. */
  remove(stretch: Stretch): void {
    this.#stretches.delete(stretch);
  }

  /** Memory for a new stretch of `owner`; `undefined` when all of it is in use. */
  acquire(owner: ReadAhead, nowMs: number): Uint8Array | undefined {
    if (this.#stretches.size < MAX_STRETCHES) return new Uint8Array(STRETCH_BYTES);
    const stretch = this.#finished(nowMs) ?? this.#excess(owner);
    stretch?.owner.forget(stretch);
    return stretch?.buffer;
  }

  /** One that is used up or abandoned. */
  #finished(nowMs: number): Stretch | undefined {
    return this.#stretches.values().find(({ length, used, usedMs, users }) =>
      users === 0 && (used >= length || nowMs - usedMs >= ABANDONED_MS)
    );
  }

  /** One of a torrent that has more than its share, if `owner` has less. */
  #excess(owner: ReadAhead): Stretch | undefined {
    const counts = new Map<ReadAhead, number>([[owner, 0]]);
    for (const { owner } of this.#stretches) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    const share = Math.max(1, Math.floor(MAX_STRETCHES / counts.size));
    if (counts.get(owner)! >= share) return undefined;
    return this.#stretches.values().find(({ owner, users }) =>
      users === 0 && counts.get(owner)! > share
    );
  }
}

/** The stretches of one torrent, for all its readers. */
export class ReadAhead {
  readonly #layout: Layout;
  readonly #source: PieceRead;
  readonly #memory: ReadAheadMemory;
  /** By offset of the first byte in the torrent. */
  readonly #stretches = new Map<number, Stretch>();

  /** Reads from `source` what is not in `memory`. */
  constructor(layout: Layout, source: PieceRead, memory: ReadAheadMemory = new ReadAheadMemory()) {
    this.#layout = layout;
    this.#source = source;
    this.#memory = memory;
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

  /** Does not keep a stretch any more. */
  forget(stretch: Stretch): void {
    if (this.#stretches.get(stretch.key) === stretch) this.#stretches.delete(stretch.key);
    this.#memory.remove(stretch);
  }

  /** Gives the memory back. */
  close(): void {
    for (const stretch of this.#stretches.values()) this.forget(stretch);
  }

  /** Finds or starts a stretch; `undefined` when all memory is in use. */
  #stretchAt(piece: PieceIndex, begin: number, nowMs: number): Stretch | undefined {
    const key = piece * this.#layout.pieceLength + begin;
    let stretch = this.#stretches.get(key);
    if (stretch === undefined) {
      const buffer = this.#memory.acquire(this, nowMs);
      if (buffer === undefined) return undefined;
      stretch = this.#begin(key, piece, begin, buffer, nowMs);
      this.#stretches.set(key, stretch);
    }
    stretch.usedMs = nowMs;
    this.#memory.use(stretch);
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
      if (!isRead) this.forget(stretch); // the next request may find it repaired
      return isRead;
    });
    const place = { owner: this, key, buffer, length };
    const stretch: Stretch = { ...place, read, used: 0, usedMs: nowMs, users: 0 };
    return stretch;
  }
}
