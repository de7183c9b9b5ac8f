/**
 * A keyed hash of a few 32-bit words.
 *
 * Clients choose the keys of the tracker's tables: ports, info-hashes, IPv6 addresses. With a hash they could
 * compute, they could pick keys that all collide and turn every lookup into a long search. They cannot
 * compute this one without the key.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import { readUint32 } from "./bytes.ts";

/** Number of final rounds; each word before them takes one round. */
const FINAL_ROUNDS = 3;

/**
 * HalfSipHash-1-3 (Aumasson and Bernstein), as Linux uses it for its own tables.
 *
 * @param key Two words.
 * @param words The input begins at index `from`.
 * @returns An unsigned 32-bit number.
 */
export function halfSipHash(
  key: Uint32Array,
  words: Uint32Array,
  from: number,
  count: number,
): number {
  let v0: number = key[0]! | 0;
  let v1: number = key[1]! | 0;
  let v2: number = v0 ^ 0x6c796765;
  let v3: number = v1 ^ 0x74656462;
  // The last word holds the input's length in bytes, in its highest byte.
  for (let i = 0; i <= count + FINAL_ROUNDS; i++) {
    const word = i < count ? words[from + i]! : i === count ? count << 26 : 0;
    if (i === count + 1) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = (v1 << 5 | v1 >>> 27) ^ v0;
    v0 = v0 << 16 | v0 >>> 16;
    v2 = (v2 + v3) | 0;
    v3 = (v3 << 8 | v3 >>> 24) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = (v3 << 7 | v3 >>> 25) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = (v1 << 13 | v1 >>> 19) ^ v2;
    v2 = v2 << 16 | v2 >>> 16;
    v0 ^= word;
  }
  return (v1 ^ v3) >>> 0;
}

/** Derives a key for {@link halfSipHash} that reveals nothing about the secret. */
export function hashKeyFrom(secret: Uint8Array): Uint32Array {
  const digest = createHmac("sha256", secret).update("tables").digest();
  return Uint32Array.of(readUint32(digest, 0), readUint32(digest, 4));
}
