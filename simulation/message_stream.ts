/**
 * Messages in transit: their length, their bytes, and decoding from bytes that arrive split at any point.
 *
 * @module
 */

import { concat } from "../lib/codec/bytes.ts";
import { Framer } from "../lib/codec/wire/framer.ts";
import { encodedLength, encodeMessage, type Message } from "../lib/codec/wire/message.ts";

/** Messages that travel together. */
export type Messages = Message | readonly Message[];

/** Calls `take` for each message. */
export function eachOf(messages: Messages, take: (message: Message) => void): void {
  if (isList(messages)) { for (const message of messages) take(message); }
  else take(messages);
}

/** The encoded length in bytes. */
export function lengthOf(messages: Messages): number {
  if (!isList(messages)) return encodedLength(messages);
  let bytes = 0;
  for (const message of messages) bytes += encodedLength(message);
  return bytes;
}

/** The encoded bytes. */
export function bytesOf(messages: Messages): Uint8Array {
  return isList(messages) ? concat(...messages.map(encodeMessage)) : encodeMessage(messages);
}

function isList(messages: Messages): messages is readonly Message[] {
  return Array.isArray(messages);
}

/** Decodes the bytes of a connection. */
export class StreamReader {
  readonly #framer = new Framer({ initialCapacity: 4096 });
  readonly #random: () => number;

  /** @param random Decides where arriving bytes are split. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /**
   * Decodes arriving bytes, in two parts.
   *
   * @throws {ProtocolError} on an invalid message
   */
  read(bytes: Uint8Array, take: (message: Message) => void): void {
    const cut = Math.floor(this.#random() * (bytes.length + 1));
    for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
      this.#framer.push(part);
      for (let next = this.#framer.next(); next !== undefined; next = this.#framer.next()) {
        take(next);
      }
    }
  }
}
