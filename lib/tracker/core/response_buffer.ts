/**
 * A reusable buffer for announce answers.
 *
 * @module
 */

import { writeUint32 } from "../../codec/bytes.ts";
import {
  Action,
  ANNOUNCE_HEADER_LENGTH,
  type SwarmCounts,
} from "../../codec/discovery/udp_tracker.ts";

/** Maximum length of an answer, so that it crosses every network without fragmentation. */
export const MAX_ANSWER_LENGTH = 1200;

/** One buffer viewed as bytes and as 16-bit words: an address with its port is a whole number of words. */
export class ResponseBuffer {
  readonly bytes = new Uint8Array(MAX_ANSWER_LENGTH);
  readonly words = new Uint16Array(this.bytes.buffer);
  /** Cached subarrays of `bytes`, by length. */
  readonly #parts: Uint8Array[] = [];

  /** Writes the header that precedes the peers of an answer (BEP 15). */
  writeHeader(transactionId: number, intervalSeconds: number, counts: SwarmCounts): void {
    let at = writeUint32(this.bytes, 0, Action.announce);
    at = writeUint32(this.bytes, at, transactionId);
    at = writeUint32(this.bytes, at, intervalSeconds);
    at = writeUint32(this.bytes, at, counts.leechers);
    writeUint32(this.bytes, at, counts.seeders);
  }

  /** The header followed by this many bytes of peers. */
  answer(peerBytes: number): Uint8Array {
    const length = ANNOUNCE_HEADER_LENGTH + peerBytes;
    return this.#parts[length] ??= this.bytes.subarray(0, length);
  }
}
