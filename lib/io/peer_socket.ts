/**
 * One open connection: a loop that reads messages and a loop that writes them.
 *
 * Reading: socket -> framer -> messages, all that one read brought, then one settling; so a batch of
 * blocks is answered by one write of requests. Writing: small messages go first, then file data in
 * batches of half a megabyte; while one batch is on its way, the next is read from disk.
 *
 * @module
 */

import type { Framer } from "../codec/framer.ts";
import { encodedLength, type Message, PIECE_HEADER_LENGTH } from "../codec/message.ts";
import { writeMessage, writePieceHeader } from "../codec/message.ts";
import { BLOCK_LENGTH } from "../codec/merkle.ts";
import { ProtocolError } from "../errors.ts";
import type { BlockRequest, Connection } from "../peer/connection.ts";
import { closeQuietly, writeAll } from "./handshaking.ts";
import { pause, type RateLimiter } from "./rate_limiter.ts";

/** File data per write. */
const BATCH_BYTES = 512 * 1024;
/** A batch with the headers of its blocks, should they all be whole. */
const BATCH_CAPACITY = BATCH_BYTES + (BATCH_BYTES / BLOCK_LENGTH + 1) * PIECE_HEADER_LENGTH +
  128 * 1024; // the one block that may be larger than what is left of a batch
/** A peer that reads so slowly that this many bytes of small messages pile up has to go. */
const MAX_BACKLOG_BYTES = 8 * 1024 * 1024;

/** What a socket needs from the session it belongs to. */
export interface SocketHost {
  received(connection: Connection, message: Message): void;
  /** A batch of messages is through. */
  settle(): void;
  takeUploads(connection: Connection, maxBytes: number): BlockRequest[];
  /** Reads file data; false when it is not what it should be. */
  readBlocks(request: BlockRequest, out: Uint8Array): Promise<boolean>;
  refuseUpload(connection: Connection, request: BlockRequest): void;
  sent(connection: Connection, dataBytes: number): void;
  readonly uploadLimiter: RateLimiter;
  readonly downloadLimiter: RateLimiter;
  readonly buffers: BatchBuffers;
}

/** The buffers of upload batches, used again by whoever uploads next. */
export class BatchBuffers {
  readonly #free: Uint8Array[] = [];

  /** A buffer for one batch. */
  acquire(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(BATCH_CAPACITY);
  }

  /** Gives it back. */
  release(buffer: Uint8Array): void {
    if (this.#free.length < 4) this.#free.push(buffer);
  }
}

interface Batch {
  readonly buffer: Uint8Array;
  /** Bytes to write. */
  length: number;
  /** How many of them are file data. */
  dataBytes: number;
}

/** Moves the messages of one connection. */
export class PeerSocket {
  /** The conversation this socket carries. */
  readonly connection: Connection;
  readonly #conn: Deno.TcpConn;
  readonly #framer: Framer;
  readonly #host: SocketHost;
  readonly #closed = new AbortController();
  #pending = new Uint8Array(512);
  #pendingLength = 0;
  #spare = new Uint8Array(512);
  #wake: (() => void) | undefined;
  #hasUploads = false;
  #reason = "";

  /** Takes over an open connection; {@link run} starts it. */
  constructor(connection: Connection, conn: Deno.TcpConn, framer: Framer, host: SocketHost) {
    this.connection = connection;
    this.#conn = conn;
    this.#framer = framer;
    this.#host = host;
  }

  /** Reads and writes until the connection ends; returns in words why it did. */
  async run(): Promise<string> {
    const reading = this.#readLoop().catch((error) => this.close(describe(error)));
    const writing = this.#writeLoop().catch((error) => this.close(describe(error)));
    await reading;
    this.close("closed by the peer");
    await writing;
    return this.#reason;
  }

  /** Ends the connection; the first reason given counts. */
  close(reason: string): void {
    if (this.#closed.signal.aborted) return;
    this.#reason = reason;
    this.#closed.abort();
    closeQuietly(this.#conn);
    this.#wakeWriter();
  }

  /** Queues a message; it leaves with the next write. */
  send(message: Message): void {
    const end = this.#pendingLength + encodedLength(message);
    if (end > MAX_BACKLOG_BYTES) return this.close("does not read what it is sent");
    if (end > this.#pending.length) {
      const wider = new Uint8Array(Math.max(end, this.#pending.length * 2));
      wider.set(this.#pending.subarray(0, this.#pendingLength));
      this.#pending = wider;
    }
    this.#pendingLength = writeMessage(message, this.#pending, this.#pendingLength);
    this.#wakeWriter();
  }

  /** There are uploads to fetch from the swarm. */
  upload(): void {
    this.#hasUploads = true;
    this.#wakeWriter();
  }

  async #readLoop(): Promise<void> {
    const { signal } = this.#closed;
    do {
      for (let m = this.#framer.next(); m !== undefined; m = this.#framer.next()) {
        this.#host.received(this.connection, m);
        if (signal.aborted) return;
      }
      this.#host.settle();
      const read = await this.#conn.read(this.#space());
      if (read === null) return;
      this.#framer.advance(read);
      const pauseMs = this.#host.downloadLimiter.take(read);
      if (pauseMs > 0) await pause(pauseMs, signal);
    } while (!signal.aborted);
  }

  /** Where to read to; with a limit in small portions, so that no pause is long. */
  #space(): Uint8Array {
    const space = this.#framer.space();
    const { portionBytes } = this.#host.downloadLimiter;
    return space.length > portionBytes ? space.subarray(0, portionBytes) : space;
  }

  async #writeLoop(): Promise<void> {
    const { signal } = this.#closed;
    let next: Promise<Batch | undefined> | undefined;
    while (!signal.aborted) {
      await this.#writePending();
      const batch = await (next ?? this.#prepare());
      next = undefined;
      if (batch === undefined) {
        if (this.#pendingLength === 0) await this.#sleep();
        continue;
      }
      next = this.#prepare(); // read while this batch is on its way
      next.catch(() => {}); // seen when awaited
      const pauseMs = this.#host.uploadLimiter.take(batch.dataBytes);
      if (pauseMs > 0) await pause(pauseMs, signal);
      try {
        await this.#writePending();
        if (!signal.aborted) await writeAll(this.#conn, batch.buffer.subarray(0, batch.length));
        this.#host.sent(this.connection, batch.dataBytes);
      } finally {
        this.#host.buffers.release(batch.buffer);
      }
    }
    const last = await next?.catch(() => undefined);
    if (last !== undefined) this.#host.buffers.release(last.buffer);
  }

  async #writePending(): Promise<void> {
    while (this.#pendingLength > 0 && !this.#closed.signal.aborted) {
      const bytes = this.#pending;
      const length = this.#pendingLength;
      this.#pending = this.#spare;
      this.#pendingLength = 0;
      await writeAll(this.#conn, bytes.subarray(0, length));
      this.#spare = bytes.length > 64 * 1024 ? new Uint8Array(512) : bytes;
      this.#host.sent(this.connection, 0);
    }
  }

  /** Reads the next batch of uploads from disk, framed as piece messages; nothing when none wait. */
  async #prepare(): Promise<Batch | undefined> {
    if (!this.#hasUploads) return undefined;
    const portion = Math.min(BATCH_BYTES, this.#host.uploadLimiter.portionBytes);
    const requests = this.#host.takeUploads(this.connection, portion);
    if (requests.length === 0) {
      this.#hasUploads = false;
      return undefined;
    }
    const batch: Batch = { buffer: this.#host.buffers.acquire(), length: 0, dataBytes: 0 };
    for (let i = 0; i < requests.length;) {
      const run = runLength(requests, i);
      await this.#addRun(batch, requests.slice(i, i + run));
      i += run;
    }
    return batch;
  }

  /**
   * Adds consecutive blocks of a piece. They are read in one go to where the last of them belongs, and
   * then each moves forward to its place behind its header.
   */
  async #addRun(batch: Batch, run: readonly BlockRequest[]): Promise<void> {
    const { piece, begin } = run[0]!;
    const length = run.reduce((sum, request) => sum + request.length, 0);
    const { buffer } = batch;
    const dataAt = batch.length + run.length * PIECE_HEADER_LENGTH;
    const out = buffer.subarray(dataAt, dataAt + length);
    const good = await this.#host.readBlocks({ piece, begin, length }, out);
    if (!good) {
      for (const request of run) this.#host.refuseUpload(this.connection, request);
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

  #sleep(): Promise<void> {
    if (this.#closed.signal.aborted || this.#hasUploads) return Promise.resolve();
    return new Promise((resolve) => this.#wake = resolve);
  }

  #wakeWriter(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

/** How many requests from `start` on ask for one unbroken stretch of a piece. */
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

function describe(error: unknown): string {
  if (error instanceof ProtocolError) return error.message;
  if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) {
    return "closed";
  }
  if (error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe) {
    return "broke the connection off";
  }
  return error instanceof Error ? error.message : String(error);
}
