/**
 * Connection ids that need no memory: a keyed hash of the time and of who asked (BEP 15).
 *
 * An id proves that its holder receives what is sent to its address. It is the first 8 bytes of
 * HMAC-SHA256(secret, minute ‖ address). The port is not in it: routers change ports under way.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import { concat, viewOf } from "../codec/bytes.ts";

const BUCKET_MS = 60_000;

/**
 * How many buckets before the current one still count. Two make every id good for two to three
 * minutes, as BEP 15 asks of trackers.
 */
const PREVIOUS_BUCKETS = 2;

const ID_LENGTH = 8;

/** Gives out and checks connection ids. */
export class ConnectionIds {
  readonly #secret: Uint8Array;

  /** @param secret 32 random bytes that nobody else knows. */
  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  /** The 8-byte id for a client with this IP address (4 or 16 bytes) at this time. */
  issue(ip: Uint8Array, nowMs: number): Uint8Array {
    return this.#idAt(ip, bucketOf(nowMs));
  }

  /** Whether `id` was given to this address not long ago. */
  accepts(id: Uint8Array, ip: Uint8Array, nowMs: number): boolean {
    if (id.length !== ID_LENGTH) return false;
    const bucket = bucketOf(nowMs);
    for (let age = 0; age <= PREVIOUS_BUCKETS; age++) {
      if (timingSafeEqual(id, this.#idAt(ip, bucket - age))) return true;
    }
    return false;
  }

  #idAt(ip: Uint8Array, bucket: number): Uint8Array {
    const time = new Uint8Array(4);
    viewOf(time).setUint32(0, bucket);
    const digest = createHmac("sha256", this.#secret).update(concat(time, ip)).digest();
    return new Uint8Array(digest.subarray(0, ID_LENGTH));
  }
}

function bucketOf(nowMs: number): number {
  return Math.floor(nowMs / BUCKET_MS);
}
