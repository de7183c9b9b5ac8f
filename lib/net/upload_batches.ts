/**
 * Blocks on their way from disk to one peer: read in batches and framed as piece messages.
 *
 * @module
 */

import { BLOCK_LENGTH } from "../codec/torrent/merkle.ts";
import { PIECE_HEADER_LENGTH, writePieceHeader } from "../codec/wire/message.ts";
import type { Connection } from "../peer/connection/connection.ts";
import type { BlockRequest } from "../peer/connection/upload_state.ts";
import type { Clock } from "../runtime/clock.ts";
import type { RateShare } from "./rate_limiter.ts";
import { BATCH_BYTES, type BatchBuffers, LEAST_BATCH_BYTES } from "./send_buffers.ts";

/** A batch holds what the peer takes in this time, within the minimum and maximum batch size. */
const BATCH_SECONDS = 0.02;

/** Provides the blocks. */
export interface UploadSource {
  /** Takes the peer's pending requests, up to `maxBytes`. */
  takeUploads(connection: Connection, maxBytes: number): BlockRequest[];
  /** Reads file data; returns false if it fails verification. */
  readBlocks(request: BlockRequest, out: Uint8Array): Promise<boolean>;
  /** Called for a block that cannot be served. */
  refuseUpload(connection: Connection, request: BlockRequest): void;
  readonly uploadLimiter: RateShare;
  readonly buffers: BatchBuffers;
}

/** Blocks with their headers. */
export interface Batch {
  readonly buffer: Uint8Array;
  /** Number of bytes to write. */
  length: number;
  /** How many of them are file data. */
  dataBytes: number;
}

/** Reads the blocks one peer has requested. */
export class UploadBatches {
  /** Number of disk reads made. */
  reads = 0;
  readonly #connection: Connection;
  readonly #source: UploadSource;
  readonly #clock: Clock;

  /** @param connection The connection of the peer. */
  constructor(connection: Connection, source: UploadSource, clock: Clock) {
    this.#connection = connection;
    this.#source = source;
    this.#clock = clock;
  }

  /**
   * Reads the next batch; undefined if no request is waiting. The caller must return the buffer to the
   * source.
   */
  async next(): Promise<Batch | undefined> {
    const portion = Math.min(this.#batchBytes(), this.#source.uploadLimiter.portionBytes);
    const requests = this.#source.takeUploads(this.#connection, portion);
    if (requests.length === 0) return undefined;
    const length = requests.reduce((sum, { length }) => sum + PIECE_HEADER_LENGTH + length, 0);
    const buffer = this.#source.buffers.acquire(portion, length);
    const batch: Batch = { buffer, length: 0, dataBytes: 0 };
    for (let i = 0; i < requests.length;) {
      const run = runLength(requests, i);
      await this.#addRun(batch, requests.slice(i, i + run));
      i += run;
    }
    return batch;
  }

  /** What the peer takes in a moment, because small messages wait behind a write in progress. */
  #batchBytes(): number {
    if (this.#source.buffers.isShort) return BLOCK_LENGTH;
    const rate = this.#connection.upload.meter.rate(this.#clock.nowMs());
    return Math.max(LEAST_BATCH_BYTES, Math.min(BATCH_BYTES, rate * BATCH_SECONDS));
  }

  /**
   * Adds consecutive blocks of a piece. They are read at once, to where the last of them will end up, and
   * then each is moved forward to its place behind its header.
   */
  async #addRun(batch: Batch, run: readonly BlockRequest[]): Promise<void> {
    const { piece, begin } = run[0]!;
    const length = run.reduce((sum, request) => sum + request.length, 0);
    const { buffer } = batch;
    const dataAt = batch.length + run.length * PIECE_HEADER_LENGTH;
    const out = buffer.subarray(dataAt, dataAt + length);
    this.reads++;
    const good = await this.#source.readBlocks({ piece, begin, length }, out);
    if (!good) {
      for (const request of run) this.#source.refuseUpload(this.#connection, request);
      return;
    }
    let from = dataAt;
    let to = batch.length;
    for (const request of run) {
      to = writePieceHeader(buffer, to, piece, request.begin, request.length);
      buffer.copyWithin(to, from, from + request.length);
      from += request.length;
      to += request.length;
    }
    batch.length = to;
    batch.dataBytes += length;
  }
}

/** The number of requests from `start` on that cover one contiguous range of a piece. */
function runLength(requests: readonly BlockRequest[], start: number): number {
  let count = 1;
  while (start + count < requests.length) {
    const before = requests[start + count - 1]!;
    const next = requests[start + count]!;
    if (next.piece !== before.piece || next.begin !== before.begin + before.length) break;
    count++;
  }
  return count;
}
