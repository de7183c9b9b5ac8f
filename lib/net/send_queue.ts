/**
 * The encoded messages, other than file data, that wait to be written to one peer.
 *
 * While some are being written, new ones collect in a second buffer. Data counts as waiting until the system
 * has accepted it.
 *
 * @module
 */

import { encodedLength, type Message, writeMessage } from "../codec/wire/message.ts";
import { requestsLength, writeRequests } from "../codec/wire/request_batch.ts";
import type { SendBudget, Waiter } from "./send_budget.ts";

/** A peer that lets this many bytes of small messages pile up is disconnected. */
const MAX_BACKLOG_BYTES = 8 * 1024 * 1024;
/** Larger buffers are not kept: a thousand idle peers would hold one each. */
const MAX_SPARE_BYTES = 4096;
/** Bytes of unread answers above which the peer is not read from: it must read before it asks for more. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** The same limit while the program's {@link SendBudget} is short. */
const MAX_ANSWER_BYTES_SHORT = 16 * 1024;

/** The waiting messages of one connection. */
export class SendQueue implements Waiter {
  /** Total number of bytes queued so far. */
  total = 0;
  readonly #budget: SendBudget;
  readonly #overflow: () => void;
  #pending = new Uint8Array(512);
  #spare = new Uint8Array(512);
  #length = 0; // used bytes of #pending
  #writing = 0;
  /** Bytes of answers to the peer's requests, in each of the two buffers. */
  #answers = 0;
  #writingAnswers = 0;
  #isClosed = false;
  #drained: (() => void) | undefined;

  /** @param overflow Called once if too much is waiting; the queue is closed by then. */
  constructor(budget: SendBudget, overflow: () => void) {
    this.#budget = budget;
    this.#overflow = overflow;
  }

  /** See {@link Waiter.waitingBytes}. */
  get waitingBytes(): number {
    return this.#isClosed ? 0 : this.#length + this.#writing;
  }

  /** Whether nothing waits apart from what is being written. */
  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Whether the peer must read answers before it is read from again. */
  get isHigh(): boolean {
    const most = this.#budget.isShort ? MAX_ANSWER_BYTES_SHORT : MAX_ANSWER_BYTES;
    return this.#answers + this.#writingAnswers > most && !this.#isClosed;
  }

  /** Queues a message. */
  add(message: Message): void {
    const length = encodedLength(message);
    if (!this.#makeRoom(length)) return;
    this.#length = writeMessage(message, this.#pending, this.#length);
    // Only answers count: if all messages did, two peers that each wait for the other to read would deadlock.
    if (isAnswer(message)) this.#answers += length;
    this.#added(length);
  }

  /** Queues a request for each of these blocks. */
  addRequests(blocks: readonly number[]): void {
    const length = requestsLength(blocks);
    if (!this.#makeRoom(length)) return;
    this.#length = writeRequests(blocks, this.#pending, this.#length);
    this.#added(length);
  }

  /** Takes all waiting messages to be written; {@link written} must follow. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#pending.subarray(0, this.#length);
    this.#pending = this.#spare;
    this.#spare = new Uint8Array(0);
    [this.#writing, this.#length] = [this.#length, 0];
    [this.#writingAnswers, this.#answers] = [this.#answers, 0];
    return bytes;
  }

  /** Reports that the system has accepted what was taken. */
  written(taken: Uint8Array<ArrayBuffer>): void {
    const buffer = new Uint8Array(taken.buffer);
    const isLarge = buffer.length > MAX_SPARE_BYTES;
    this.#spare = isLarge ? new Uint8Array(512) : buffer;
    if (isLarge) this.#budget.release(buffer);
    const written = this.#writing;
    this.#writing = this.#writingAnswers = 0;
    if (!this.#isClosed) this.#budget.changed(this, -written);
    if (!this.isHigh) this.#wake();
  }

  /** Resolves when the peer has read enough of its answers, or when the queue is closed. */
  drained(): Promise<void> {
    return this.isHigh ? new Promise((resolve) => this.#drained = resolve) : Promise.resolve();
  }

  /** Drops all waiting messages and accepts no more. */
  close(): void {
    if (this.#isClosed) return;
    const waiting = this.waitingBytes;
    this.#isClosed = true;
    this.#budget.changed(this, -waiting);
    this.#wake();
  }

  /** See {@link Waiter.overflow}. */
  overflow(): void {
    this.close();
    this.#overflow();
  }

  #added(length: number): void {
    this.total += length;
    this.#budget.changed(this, length);
  }

  /** Makes room for a message, or closes the queue if too much is waiting. */
  #makeRoom(length: number): boolean {
    if (this.#isClosed) return false;
    const end = this.#length + length;
    if (end > MAX_BACKLOG_BYTES) this.overflow();
    else if (end > this.#pending.length) {
      const wider = this.#budget.acquire(Math.max(end, this.#pending.length * 2));
      wider.set(this.#pending.subarray(0, this.#length));
      this.#budget.release(this.#pending);
      this.#pending = wider;
    }
    return end <= MAX_BACKLOG_BYTES;
  }

  #wake(): void {
    this.#drained?.();
    this.#drained = undefined;
  }
}

/** Whether a message answers a request of the peer. */
function isAnswer({ type }: Message): boolean {
  return type === "hashes" || type === "reject" || type === "extended" || type === "hashReject";
}
