/**
 * Splits the bytes of a connection into peer messages.
 *
 * The socket reads straight into {@link Framer.space}, and messages are views of that buffer. The buffer
 * adapts to the traffic: it doubles when a read fills it and halves when reads stay small. A busy
 * connection reads up to a mebibyte at once, and an idle one holds 16 KiB.
 *
 * @module
 */

import { ProtocolError } from "../../errors.ts";
import { readUint32 } from "../bytes.ts";
import { decodeMessageAt, type Message, wrongLength } from "./message.ts";
import { lengthFits, MAX_MESSAGE_LENGTH } from "./message_types.ts";

export { MAX_MESSAGE_LENGTH } from "./message_types.ts";

const PREFIX_LENGTH = 4;

/** A read into less space than this is not worth its system call. */
const MIN_SPACE = 4096;

/** This many small reads in a row mean a quiet connection, not a pause of a busy one. */
const SMALL_READS_TO_SHRINK = 32;

/** The size of a connection's receive buffer. */
export interface FramerOptions {
  /** Bytes at the start, and the minimum the buffer shrinks to. Default 16 KiB. */
  initialCapacity?: number;
  /**
   * The size the buffer grows to in order to read more at once, in bytes. Default 1 MiB. A longer message
   * makes it grow further, to {@link MAX_MESSAGE_LENGTH} at most, and only as its bytes arrive.
   */
  maxCapacity?: number;
}

/**
 * Splits the byte stream of one connection into messages.
 *
 * ```
 * const read = await conn.read(framer.space());
 * framer.advance(read);
 * for (let m = framer.next(); m !== undefined; m = framer.next()) handle(m);
 * ```
 */
export class Framer {
  readonly #initialCapacity: number;
  readonly #maxCapacity: number;
  #buffer: Uint8Array<ArrayBuffer>;
  /** The unread bytes are `[#start, #end)` of the buffer. */
  #start = 0;
  #end = 0;
  #smallReads = 0;

  /** Creates an empty framer. */
  constructor(options: FramerOptions = {}) {
    this.#initialCapacity = Math.max(MIN_SPACE, options.initialCapacity ?? 16 * 1024);
    this.#maxCapacity = Math.max(this.#initialCapacity, options.maxCapacity ?? 1024 * 1024);
    this.#buffer = new Uint8Array(this.#initialCapacity);
  }

  /** Bytes received but not yet taken. */
  get buffered(): number {
    return this.#end - this.#start;
  }

  /** Size of the buffer in bytes. */
  get capacity(): number {
    return this.#buffer.length;
  }

  /**
   * The region to read into, never empty. Invalidates every view handed out before.
   *
   * @throws {RangeError} when the buffer is full of messages that were not taken.
   */
  space(): Uint8Array<ArrayBuffer> {
    const full = this.#end === this.#buffer.length;
    this.#moveToFront();
    const free = this.#buffer.length - this.#end;
    if (full || free < MIN_SPACE) this.#grow();
    else if (this.#smallReads >= SMALL_READS_TO_SHRINK) this.#shrink();
    if (this.#end === this.#buffer.length) {
      throw new RangeError("the receive buffer is full of messages that nobody took");
    }
    return this.#buffer.subarray(this.#end);
  }

  /**
   * Records that `byteCount` bytes have been read into {@link space}.
   *
   * @throws {RangeError} when that is more than there was room for.
   */
  advance(byteCount: number): void {
    const end = this.#end + byteCount;
    if (!(byteCount >= 0) || end > this.#buffer.length) {
      throw new RangeError(`cannot advance by ${byteCount} bytes`);
    }
    this.#end = end;
    if (end * 4 > this.#buffer.length) this.#smallReads = 0;
    else this.#smallReads++;
  }

  /** Copies any number of bytes in. Invalidates every view handed out before. */
  push(chunk: Uint8Array): void {
    this.#moveToFront();
    const needed = this.#end + chunk.length;
    if (needed > this.#buffer.length) {
      let capacity = this.#buffer.length;
      while (capacity < needed) capacity *= 2;
      this.#resize(capacity);
    }
    this.#buffer.set(chunk, this.#end);
    this.#end = needed;
  }

  /**
   * The next `byteCount` raw bytes, for the handshake; `undefined` while fewer have arrived. The view is
   * valid until the next {@link space} or {@link push}.
   */
  take(byteCount: number): Uint8Array | undefined {
    if (this.buffered < byteCount) return undefined;
    this.#start += byteCount;
    return this.#buffer.subarray(this.#start - byteCount, this.#start);
  }

  /**
   * The next message; `undefined` until its last byte has arrived. Views in it are valid until the next
   * {@link space} or {@link push}.
   *
   * @throws {ProtocolError} when a length prefix is longer than any message, or not allowed for the
   * message's id. Throws as soon as prefix and id have arrived; the stream has no next message after that.
   */
  next(): Message | undefined {
    const buffer = this.#buffer;
    const start = this.#start;
    const available = this.#end - start;
    if (available < PREFIX_LENGTH) return undefined;
    const length = readUint32(buffer, start);
    if (length > MAX_MESSAGE_LENGTH) {
      throw new ProtocolError(`a message cannot be ${length} bytes long`);
    }
    const bodyStart = start + PREFIX_LENGTH;
    if (available < PREFIX_LENGTH + length) {
      if (available > PREFIX_LENGTH && !lengthFits(buffer[bodyStart]!, length)) {
        throw wrongLength(buffer[bodyStart]!, length);
      }
      return undefined;
    }
    const message = decodeMessageAt(buffer, bodyStart, bodyStart + length);
    this.#start = bodyStart + length;
    return message;
  }

  #moveToFront(): void {
    if (this.#start === 0) return;
    if (this.#start < this.#end) this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }

  /**
   * Doubles the buffer after reads have filled it, or nearly: the peer has really sent that much. Beyond
   * `maxCapacity` it grows only for a message that does not fit otherwise.
   */
  #grow(): void {
    const limit = this.#end + MIN_SPACE <= this.#maxCapacity
      ? this.#maxCapacity
      : Math.max(this.#maxCapacity, PREFIX_LENGTH + MAX_MESSAGE_LENGTH);
    const capacity = Math.min(this.#buffer.length * 2, limit);
    if (capacity > this.#buffer.length) this.#resize(capacity);
  }

  #shrink(): void {
    this.#smallReads = 0;
    const capacity = Math.max(this.#buffer.length >>> 1, this.#initialCapacity);
    if (capacity < this.#buffer.length && this.#end <= capacity >>> 1) this.#resize(capacity);
  }

  #resize(capacity: number): void {
    const buffer = new Uint8Array(capacity);
    buffer.set(this.#buffer.subarray(0, this.#end));
    this.#buffer = buffer;
    this.#smallReads = 0;
  }
}
