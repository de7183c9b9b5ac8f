/**
 * Reads a file of a torrent from its first byte to its last while it is downloaded. What the reader needs next
 * is fetched next; what has not been verified is not handed out.
 *
 * @module
 */

import { DiskError } from "../errors.ts";
import type { UrgentRange } from "../peer/download/urgent_pieces.ts";
import type { TransferView } from "../peer/transfer_view.ts";
import type { PieceIndex } from "../store/layout.ts";

/** Bytes in one chunk of a stream, at most. */
const CHUNK_BYTES = 256 * 1024;
/** How much is fetched ahead of the reader before the rest of the torrent. */
const AHEAD_BYTES = 4 * 1024 * 1024;
/** The same in pieces, at least: the one that is needed and the next. */
const LEAST_AHEAD = 2;

/** A part of a file, in bytes. */
export interface ByteRange {
  /** The first byte; default 0. */
  readonly start?: number;
  /** The byte after the last one; default, and at most, the length of the file. */
  readonly end?: number;
}

/** Where a file lies in its torrent. */
export interface FilePlace {
  readonly transfer: TransferView;
  /** Address of its first byte in the torrent. */
  readonly address: number;
  /** Number of bytes. */
  readonly length: number;
}

/** What a stream needs from the torrent. */
interface FileSource {
  /** Where the file is, as soon as that is known; rejects when it cannot be read. */
  readonly place: () => Promise<FilePlace>;
  /** Fills `out` from a verified piece; false when the data has changed. */
  readonly read: (piece: PieceIndex, begin: number, out: Uint8Array) => Promise<boolean>;
  /** Resolves when some piece has been stored, or the torrent has ended. */
  readonly nextPiece: () => Promise<void>;
}

/** One stream. Its memory is bounded: a chunk that waits for the reader, and one that is being read. */
export class FileStream {
  /** What the reader gets. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Called when nothing is read any more. */
  onOver: () => void = () => {};
  readonly #source: FileSource;
  readonly #range: ByteRange;
  #controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  #place: FilePlace | undefined;
  #urgent: UrgentRange | undefined;
  /** Address of the next byte. */
  #next = 0;
  /** Address after the last one. */
  #end = 0;
  #isOver = false;

  /** Reads this part of a file. */
  constructor(source: FileSource, range: ByteRange) {
    this.#source = source;
    this.#range = range;
    this.readable = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#pull(),
      cancel: () => this.#finish(),
    });
  }

  /** The torrent has ended before the stream has. */
  fail(reason: unknown): void {
    if (this.#isOver) return;
    this.#finish();
    this.#controller.error(reason);
  }

  #finish(): void {
    this.#isOver = true;
    this.#urgent?.close();
    this.onOver();
  }

  /** Called by the stream while its reader takes what comes. */
  async #pull(): Promise<void> {
    try {
      const chunk = await this.#chunk();
      if (this.#isOver) return;
      if (chunk !== undefined) this.#controller.enqueue(chunk);
      if (this.#next < this.#end) return;
      this.#finish();
      this.#controller.close();
    } catch (error) {
      this.fail(error);
    }
  }

  /** The next chunk; `undefined` at the end. */
  async #chunk(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { transfer: { layout, pieces } } = this.#place ??= await this.#begin();
    if (this.#isOver || this.#next >= this.#end) return undefined;
    const { pieceLength } = layout;
    const piece = layout.pieceIndex(Math.floor(this.#next / pieceLength))!;
    const last = Math.floor((this.#end - 1) / pieceLength);
    const ahead = Math.max(LEAST_AHEAD, Math.ceil(AHEAD_BYTES / pieceLength));
    this.#urgent?.moveTo(piece, Math.min(piece + ahead, last + 1));
    while (!pieces.have.get(piece)) {
      await this.#source.nextPiece();
      if (this.#isOver) return undefined;
    }
    const begin = this.#next - piece * pieceLength;
    const out = new Uint8Array(Math.min(CHUNK_BYTES, pieceLength - begin, this.#end - this.#next));
    if (!await this.#source.read(piece, begin, out)) {
      throw new DiskError(`the data of piece ${piece} on disk has changed`, {
        code: "content-changed",
      });
    }
    this.#next += out.length;
    return out;
  }

  async #begin(): Promise<FilePlace> {
    const place = await this.#source.place();
    const { start = 0, end = Infinity } = this.#range;
    this.#next = place.address + Math.min(start, place.length);
    this.#end = place.address + Math.min(end, place.length);
    if (!this.#isOver) this.#urgent = place.transfer.urge();
    return place;
  }
}
