/**
 * One open connection: a loop that reads messages and a loop that writes them.
 *
 * Reading: socket -> framer -> messages, all that one read brought, then one settling; so a batch of
 * blocks is answered by one write of requests. Writing: small messages go first, then file data in
 * batches of half a megabyte; while one batch is on its way, the next is read from disk.
 *
 * @module
 */

import { normalizeIp } from "../codec/address.ts";
import type { Framer } from "../codec/framer.ts";
import { encodedLength, type Message, PIECE_HEADER_LENGTH } from "../codec/message.ts";
import { writeMessage, writePieceHeader } from "../codec/message.ts";
import { requestsLength, writeRequests } from "../codec/requests.ts";
import { ProtocolError } from "../errors.ts";
import type { BlockRequest, Connection } from "../peer/connection.ts";
import type { Carrier, CarrierHost } from "./carrier.ts";
import { BATCH_BYTES, type BatchBuffers, LEAST_BATCH_BYTES } from "./batch_buffers.ts";
import { closeQuietly } from "./handshaking.ts";
import { networkReason } from "./network_reason.ts";
import type { PeerStream } from "./peer_stream.ts";
import { pause, type RateLimiter } from "./rate_limiter.ts";

/** A peer that reads so slowly that this many bytes of small messages pile up has to go. */
const MAX_BACKLOG_BYTES = 8 * 1024 * 1024;
/** A larger buffer for small messages is not kept: a thousand quiet peers would have one each. */
const MAX_SPARE_BYTES = 4096;
/** What a peer takes in so long is written at once, within the bounds of a batch. */
const BATCH_SECONDS = 0.02;
/** So long a peer may read nothing at all of what waits for it; it holds memory meanwhile. */
const STALLED_WRITE_MS = 30_000;

/** What a socket needs from the session it belongs to. */
export interface SocketHost extends CarrierHost {
  takeUploads(connection: Connection, maxBytes: number): BlockRequest[];
  /** Reads file data; false when it is not what it should be. */
  readBlocks(request: BlockRequest, out: Uint8Array): Promise<boolean>;
  refuseUpload(connection: Connection, request: BlockRequest): void;
  readonly uploadLimiter: RateLimiter;
  readonly buffers: BatchBuffers;
}

interface Batch {
  readonly buffer: Uint8Array;
  /** Bytes to write. */
  length: number;
  /** How many of them are file data. */
  dataBytes: number;
}

/** Moves the messages of one connection. */
export class PeerSocket implements Carrier {
  /** The conversation this socket carries. */
  readonly connection: Connection;
  readonly #conn: PeerStream;
  readonly #framer: Framer;
  readonly #host: SocketHost;
  readonly #closed = new AbortController();
  readonly #stalledWriteMs: number;
  #writingSinceMs = Infinity;
  #writeTimer: ReturnType<typeof setTimeout> | undefined;
  #pending = new Uint8Array(512);
  #pendingLength = 0;
  #spare = new Uint8Array(512);
  #wake: (() => void) | undefined;
  #hasUploads = false;
  #reason = "";

  /** Takes over an open connection; {@link run} starts it. */
  constructor(
    connection: Connection,
    conn: PeerStream,
    framer: Framer,
    host: SocketHost,
    stalledWriteMs = STALLED_WRITE_MS,
  ) {
    this.connection = connection;
    this.#conn = conn;
    this.#framer = framer;
    this.#host = host;
    this.#stalledWriteMs = stalledWriteMs;
  }

  /** See {@link Carrier.localHost}. */
  get localHost(): string | undefined {
    const { localAddr } = this.#conn;
    return localAddr?.transport === "tcp" ? normalizeIp(localAddr.hostname) : undefined;
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
    clearTimeout(this.#writeTimer);
    this.#wakeWriter();
  }

  /** Queues a message; it leaves with the next write. */
  send(message: Message): void {
    if (!this.#hasRoom(encodedLength(message))) return;
    this.#pendingLength = writeMessage(message, this.#pending, this.#pendingLength);
    this.#wakeWriter();
  }

  /** See {@link Carrier.request}. */
  request(blocks: readonly number[]): void {
    if (!this.#hasRoom(requestsLength(blocks))) return;
    this.#pendingLength = writeRequests(blocks, this.#pending, this.#pendingLength);
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
      const nowMs = performance.now();
      let dataBytes = 0;
      for (let m = this.#framer.next(); m !== undefined; m = this.#framer.next()) {
        if (m.type === "piece") dataBytes += m.block.length;
        this.#host.received(this.connection, m, nowMs);
        if (signal.aborted) return;
      }
      this.#host.settle();
      // Only file data is paid for: who sends none is not made to wait for those who do.
      const pauseMs = this.#host.downloadLimiter.take(dataBytes);
      if (pauseMs > 0) await pause(pauseMs, signal);
      const read = await this.#conn.read(this.#space());
      if (read === null) return;
      this.#framer.advance(read);
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
      try {
        await this.#hold(pauseMs);
        if (!signal.aborted) await this.#write(batch.buffer.subarray(0, batch.length));
        this.#host.sent(this.connection, batch.dataBytes);
      } finally {
        this.#host.buffers.release(batch.buffer);
      }
    }
    const last = await next?.catch(() => undefined);
    if (last !== undefined) this.#host.buffers.release(last.buffer);
  }

  /** Waits for as long as the limit demands; small messages go out meanwhile. */
  async #hold(pauseMs: number): Promise<void> {
    const endMs = performance.now() + pauseMs;
    for (;;) {
      await this.#writePending();
      const leftMs = endMs - performance.now();
      if (leftMs <= 0 || this.#closed.signal.aborted) return;
      const woken = new Promise<void>((resolve) => this.#wake = resolve);
      const timer = setTimeout(() => this.#wakeWriter(), leftMs);
      await woken;
      clearTimeout(timer);
    }
  }

  /** Writes all of it, as long as the peer reads. */
  async #write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      this.#writingSinceMs = performance.now();
      this.#writeTimer ??= setTimeout(this.#watchWrite, this.#stalledWriteMs);
      done += await this.#conn.write(bytes.subarray(done));
    }
    this.#writingSinceMs = Infinity;
  }

  /** One timer watches over many writes: to start one for each would cost more than most of them. */
  readonly #watchWrite = (): void => {
    this.#writeTimer = undefined;
    if (this.#writingSinceMs === Infinity) return;
    const leftMs = this.#writingSinceMs + this.#stalledWriteMs - performance.now();
    if (leftMs <= 0) return this.close("does not read what it is sent");
    this.#writeTimer = setTimeout(this.#watchWrite, leftMs);
  };

  async #writePending(): Promise<void> {
    while (this.#pendingLength > 0 && !this.#closed.signal.aborted) {
      const bytes = this.#pending;
      const length = this.#pendingLength;
      this.#pending = this.#spare;
      this.#pendingLength = 0;
      await this.#write(bytes.subarray(0, length));
      this.#spare = bytes.length > MAX_SPARE_BYTES ? new Uint8Array(512) : bytes;
      this.#host.sent(this.connection, 0);
    }
  }

  /** As much as the peer takes in a moment: small messages wait behind what is being written. */
  #batchBytes(): number {
    const rate = this.connection.up.rate(performance.now());
    return Math.max(LEAST_BATCH_BYTES, Math.min(BATCH_BYTES, rate * BATCH_SECONDS));
  }

  /** Reads the next batch of uploads from disk, framed as piece messages; nothing when none wait. */
  async #prepare(): Promise<Batch | undefined> {
    if (!this.#hasUploads) return undefined;
    const portion = Math.min(this.#batchBytes(), this.#host.uploadLimiter.portionBytes);
    const requests = this.#host.takeUploads(this.connection, portion);
    if (requests.length === 0) {
      this.#hasUploads = false;
      return undefined;
    }
    const batch: Batch = { buffer: this.#host.buffers.acquire(portion), length: 0, dataBytes: 0 };
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

  /** Makes room for small messages, unless there are too many already: then the connection ends. */
  #hasRoom(length: number): boolean {
    const end = this.#pendingLength + length;
    if (end > MAX_BACKLOG_BYTES) this.close("does not read what it is sent");
    else if (end > this.#pending.length) {
      const wider = new Uint8Array(Math.max(end, this.#pending.length * 2));
      wider.set(this.#pending.subarray(0, this.#pendingLength));
      this.#pending = wider;
    }
    return end <= MAX_BACKLOG_BYTES;
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
  return networkReason(error);
}
