/**
 * Room for the answer to one announce, used again for the next.
 *
 * @module
 */

import { writeUint32 } from "../../codec/bytes.ts";
import {
  Action,
  ANNOUNCE_HEADER_LENGTH,
  type SwarmCounts,
} from "../../codec/discovery/udp_tracker.ts";

/** No answer is longer than this, so that it crosses every network in one piece. */
export const MAX_ANSWER_LENGTH = 1200;

/** The same bytes, seen as bytes and as words of 16 bits: an address with its port is whole words. */
export class ResponseBuffer {
  readonly bytes = new Uint8Array(MAX_ANSWER_LENGTH);
  readonly words = new Uint16Array(this.bytes.buffer);
  /** Parts of `bytes` by their lengths: each is made once only. */
  readonly #parts: Uint8Array[] = [];

  /** Writes what comes before the peers of an answer (BEP 15). */
  writeHeader(transactionId: number, intervalSeconds: number, counts: SwarmCounts): void {
    let at = writeUint32(this.bytes, 0, Action.announce);
    at = writeUint32(this.bytes, at, transactionId);
    at = writeUint32(this.bytes, at, intervalSeconds);
    at = writeUint32(this.bytes, at, counts.leechers);
    writeUint32(this.bytes, at, counts.seeders);
  }

  /** The header and so many bytes of peers. */
  answer(peerBytes: number): Uint8Array {
    const length = ANNOUNCE_HEADER_LENGTH + peerBytes;
    return this.#parts[length] ??= this.bytes.subarray(0, length);
  }
}
