/**
 * Messages that wait to be written to one peer, file data aside: encoded, one after the other.
 *
 * While some are being written, others gather in a second buffer. What is on its way counts as waiting
 * until the system has taken it.
 *
 * @module
 */

import { encodedLength, type Message, writeMessage } from "../codec/wire/message.ts";
import { requestsLength, writeRequests } from "../codec/wire/request_batch.ts";
import type { SendBudget, Waiter } from "./send_budget.ts";

/** A peer that reads so slowly that this many bytes of small messages pile up has to go. */
const MAX_BACKLOG_BYTES = 8 * 1024 * 1024;
/** A larger buffer for small messages is not kept: a thousand quiet peers would have one each. */
const MAX_SPARE_BYTES = 4096;
/** Answers that may wait before the peer is not read from any more: it shall read before it asks. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** The same while all of the program's peers together let much wait. */
const MAX_ANSWER_BYTES_SHORT = 16 * 1024;

/** The waiting messages of one connection. */
export class SendQueue implements Waiter {
  /** Bytes that were queued in all. */
  total = 0;
  readonly #budget: SendBudget;
  readonly #overflow: () => void;
  #pending = new Uint8Array(512);
  #spare = new Uint8Array(512);
  #length = 0; // of #pending
  #writing = 0;
  /** How much of both answers what the peer asked for. */
  #answers = 0;
  #writingAnswers = 0;
  #isClosed = false;
  #drained: (() => void) | undefined;

  /** `overflow` is called, once, when too much waits: the queue is closed then. */
  constructor(budget: SendBudget, overflow: () => void) {
    this.#budget = budget;
    this.#overflow = overflow;
  }

  /** See {@link Waiter.waitingBytes}. */
  get waitingBytes(): number {
    return this.#isClosed ? 0 : this.#length + this.#writing;
  }

  /** Whether there is anything that is not on its way. */
  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Whether the peer shall read before it is read from. */
  get isHigh(): boolean {
    const most = this.#budget.isShort ? MAX_ANSWER_BYTES_SHORT : MAX_ANSWER_BYTES;
    return this.#answers + this.#writingAnswers > most && !this.#isClosed;
  }

  /** Queues a message. */
  add(message: Message): void {
    const length = encodedLength(message);
    if (!this.#makeRoom(length)) return;
    this.#length = writeMessage(message, this.#pending, this.#length);
    // Only these count: two peers that both had to read first before they are heard would wait for ever.
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

  /** All that waits, to be written now; {@link written} has to follow. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#pending.subarray(0, this.#length);
    this.#pending = this.#spare;
    this.#spare = new Uint8Array(0);
    [this.#writing, this.#length] = [this.#length, 0];
    [this.#writingAnswers, this.#answers] = [this.#answers, 0];
    return bytes;
  }

  /** The system has what was taken. */
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

  /** Resolves when the peer has read enough of its answers, or the queue is closed. */
  drained(): Promise<void> {
    return this.isHigh ? new Promise((resolve) => this.#drained = resolve) : Promise.resolve();
  }

  /** Nothing is queued any more, and what was is dropped. */
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

  /** Makes room, unless there is too much already: then the queue ends. */
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

/** Whether it says something because the peer asked. */
function isAnswer({ type }: Message): boolean {
  return type === "hashes" || type === "reject" || type === "extended" || type === "hashReject";
}
