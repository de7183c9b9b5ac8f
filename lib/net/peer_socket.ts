/**
 * One open connection: a loop that reads messages and a loop that writes them.
 *
 * Reading: socket -> framer -> messages. All messages of one read are handled before a single settle, so a
 * batch of blocks leads to one write of requests. Writing: small messages go first, then file data in batches
 * of half a megabyte. While one batch is being sent, the next is read from disk.
 *
 * A peer that sends many small messages must let other connections run after a fixed number of them. A peer
 * that does not read its answers, or that exceeds its host's quota, is not read from for a while.
 *
 * @module
 */

import type { Framer } from "../codec/wire/framer.ts";
import type { Message } from "../codec/wire/message.ts";
import { ProtocolError } from "../errors.ts";
import type { Connection } from "../peer/connection/connection.ts";
import type { HostQuotas } from "../peer/peers/host_quota.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { rethrowBug } from "../runtime/operational_errors.ts";
import { closeQuietly } from "./handshake.ts";
import { costOfReceived, costOfSent, hostQuotas } from "./host_budget.ts";
import { describeBreak, localHostOf, type PeerStream } from "./peer_stream.ts";
import { MAX_PAUSE_MS, pause } from "./rate_limiter.ts";
import { programBudget, type SendBudget } from "./send_budget.ts";
import { SendQueue } from "./send_queue.ts";
import type { Transport, TransportHost } from "./transport.ts";
import { type Batch, UploadBatches, type UploadSource } from "./upload_batches.ts";
import { WriteTimeout } from "./write_timeout.ts";

/** Small messages handled for one peer before other connections get a turn. */
const TURN_MESSAGES = 512;
/** Read size for a peer that sends no file data. */
const SMALL_READ_BYTES = 16 * 1024;

/** What a socket needs from the session it belongs to. */
export interface SocketHost extends TransportHost, UploadSource {}

/** Shared resources and timeouts of sockets. */
export interface SocketBounds {
  readonly stalledWriteMs?: number;
  readonly budget?: SendBudget;
  readonly shares?: HostQuotas;
  readonly clock?: Clock;
}

/** Moves the messages of one connection. */
export class PeerSocket implements Transport {
  /** The connection state this socket serves. */
  readonly connection: Connection;
  readonly #conn: PeerStream;
  readonly #framer: Framer;
  readonly #host: SocketHost;
  readonly #closed = new AbortController();
  readonly #queue: SendQueue;
  readonly #uploads: UploadBatches;
  readonly #shares: HostQuotas;
  readonly #clock: Clock;
  /** Small messages that may still be handled in this turn. */
  #turnLeft = TURN_MESSAGES;
  /** Units of outgoing work that were already charged to the host. */
  #paidUnits = 0;
  readonly #writes: WriteTimeout;
  #wake: (() => void) | undefined;
  #hasUploads = false;
  #reason = "";

  /** Takes over an open connection; {@link run} starts it. */
  constructor(
    connection: Connection,
    conn: PeerStream,
    framer: Framer,
    host: SocketHost,
    bounds: SocketBounds = {},
  ) {
    this.connection = connection;
    this.#conn = conn;
    this.#framer = framer;
    this.#host = host;
    this.#shares = bounds.shares ?? hostQuotas;
    this.#clock = bounds.clock ?? systemClock;
    const overflow = () => this.close("does not read what it is sent");
    this.#queue = new SendQueue(bounds.budget ?? programBudget, overflow);
    this.#writes = new WriteTimeout(overflow, this.#clock, bounds.stalledWriteMs);
    this.#uploads = new UploadBatches(connection, host, this.#clock);
  }

  /** See {@link Transport.localHost}. */
  get localHost(): string | undefined {
    return localHostOf(this.#conn);
  }

  /** Reads and writes until the connection ends; returns a description of why it ended. */
  async run(): Promise<string> {
    // If one loop fails with a bug, the other ends too and the error propagates.
    const reading = this.#readLoop().finally(() => this.close("closed by the peer"));
    const writing = this.#writeLoop().finally(() => this.close("closed"));
    await Promise.all([reading, writing]);
    return this.#reason;
  }

  /** Closes the connection; only the first reason is kept. */
  close(reason: string): void {
    if (this.#closed.signal.aborted) return;
    this.#reason = reason;
    this.#closed.abort();
    closeQuietly(this.#conn);
    this.#writes.close();
    this.#queue.close();
    this.#wakeWriter();
  }

  /** Queues a message for the next write. */
  send(message: Message): void {
    this.#queue.add(message);
    this.#wakeWriter();
  }

  /** See {@link Transport.request}. */
  request(blocks: readonly number[]): void {
    this.#queue.addRequests(blocks);
    this.#wakeWriter();
  }

  /** Signals that the swarm has uploads to fetch. */
  upload(): void {
    this.#hasUploads = true;
    this.#wakeWriter();
  }

  async #readLoop(): Promise<void> {
    const { signal } = this.#closed;
    const share = this.#shares.of(this.connection.peer.host, this.#clock.nowMs());
    for (;;) {
      const nowMs = this.#clock.nowMs();
      const { dataBytes, units, isThrough } = this.#takeMessages(nowMs);
      if (signal.aborted) return;
      this.#host.settle();
      // Only file data counts towards the limit, so a peer that sends none is not delayed by those that do.
      const { downloadLimiter } = this.#host;
      const limitMs = downloadLimiter.take(dataBytes);
      const { position } = downloadLimiter;
      const quotaMs = share.spend(units + this.#unitsDone(), nowMs);
      if (quotaMs > 0) await pause(quotaMs, signal);
      if (limitMs > 0) await downloadLimiter.pass(position, signal);
      if (this.#queue.isHigh) await this.#queue.drained();
      if (this.#turnLeft <= 0) await this.#turnOfOthers();
      if (isThrough && !await this.#read(dataBytes > 0)) return;
      if (signal.aborted) return;
    }
  }

  /** Handles the messages received so far. Stops early when a limit should be checked before continuing. */
  #takeMessages(nowMs: number): { dataBytes: number; units: number; isThrough: boolean } {
    const { signal } = this.#closed;
    let dataBytes = 0, units = 0;
    for (let m = this.#next(); m !== undefined; m = this.#next()) {
      units += costOfReceived(m);
      if (m.type === "piece") dataBytes += m.block.length;
      else this.#turnLeft--;
      const mayBeAnswered = m.type === "hashRequest" || m.type === "extended";
      this.#host.received(this.connection, m, nowMs);
      if (signal.aborted) break;
      if (mayBeAnswered || this.#turnLeft <= 0) return { dataBytes, units, isThrough: false };
    }
    return { dataBytes, units, isThrough: true };
  }

  #next(): Message | undefined {
    try {
      return this.#framer.next();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.close(error.message);
      return undefined;
    }
  }

  /** Units of work done for the peer since the last call. */
  #unitsDone(): number {
    const paid = this.#paidUnits;
    this.#paidUnits = costOfSent(this.#queue.total, this.#uploads.reads);
    return this.#paidUnits - paid;
  }

  /** Closes the connection after a failed read or write. */
  #broke(error: unknown): void {
    rethrowBug(error);
    this.close(describeBreak(error));
  }

  /** Lets other connections run. Reads that complete immediately would otherwise keep going. */
  async #turnOfOthers(): Promise<void> {
    this.#turnLeft = TURN_MESSAGES;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  /** Reads what is available; returns false at the end of the stream. */
  async #read(isData: boolean): Promise<boolean> {
    try {
      const read = await this.#conn.read(this.#space(isData));
      if (read === null) return false;
      this.#framer.advance(read);
      return true;
    } catch (error) {
      this.#broke(error);
      return false;
    }
  }

  /**
   * The buffer to read into. With a rate limit it is small, so that no pause is long. Small messages do not
   * justify a large buffer: a hundred peers would hold one each, and a thousand messages would delay every
   * other peer.
   */
  #space(isData: boolean): Uint8Array {
    const space = this.#framer.space();
    const { portionBytes } = this.#host.downloadLimiter;
    const most = isData ? portionBytes : Math.min(portionBytes, SMALL_READ_BYTES);
    return space.length > most ? space.subarray(0, most) : space;
  }

  async #writeLoop(): Promise<void> {
    const { signal } = this.#closed;
    let next: Promise<Batch | undefined> | undefined;
    while (!signal.aborted) {
      await this.#writePending();
      const batch = await (next ?? this.#prepare());
      next = undefined;
      if (batch === undefined) {
        if (this.#queue.isEmpty) await this.#sleep();
        continue;
      }
      next = this.#prepare(); // read from disk while this batch is being sent
      next.catch(() => {}); // errors surface when it is awaited
      this.#host.uploadLimiter.take(batch.dataBytes);
      await this.#hold(this.#host.uploadLimiter.position);
      if (!signal.aborted) await this.#write(batch.buffer.subarray(0, batch.length));
      this.#host.sent(this.connection, batch.dataBytes);
      this.#host.buffers.release(batch.buffer);
    }
    const last = await next;
    if (last !== undefined) this.#host.buffers.release(last.buffer);
  }

  /** Waits as long as the rate limit demands; small messages still go out meanwhile. */
  async #hold(position: number): Promise<void> {
    for (;;) {
      await this.#writePending();
      const leftMs = Math.min(this.#host.uploadLimiter.leftMs(position), MAX_PAUSE_MS);
      if (leftMs <= 0 || this.#closed.signal.aborted) return;
      const woken = new Promise<void>((resolve) => this.#wake = resolve);
      const timer = setTimeout(() => this.#wakeWriter(), leftMs);
      await woken;
      clearTimeout(timer);
    }
  }

  /** Writes all bytes; closes the connection on failure. */
  async #write(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length;) {
        this.#writes.begin();
        done += await this.#conn.write(bytes.subarray(done));
      }
      this.#writes.end();
    } catch (error) {
      this.#broke(error);
    }
  }

  async #writePending(): Promise<void> {
    while (!this.#queue.isEmpty && !this.#closed.signal.aborted) {
      const bytes = this.#queue.take();
      await this.#write(bytes);
      this.#queue.written(bytes);
      this.#host.sent(this.connection, 0);
    }
  }

  /** Reads the next batch of uploads from disk; undefined if none are waiting. */
  async #prepare(): Promise<Batch | undefined> {
    if (!this.#hasUploads) return undefined;
    this.#hasUploads = false; // set again if there is a batch, or if more uploads arrive meanwhile
    const batch = await this.#uploads.next();
    if (batch !== undefined) this.#hasUploads = true;
    return batch;
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
