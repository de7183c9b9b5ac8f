/**
 * SHA-1 and SHA-256 of a sequence of byte arrays.
 *
 * @module
 */

import { createHash } from "node:crypto";

/** Bytes of a SHA-1: v1 info-hashes and piece hashes. */
export const SHA1_LENGTH = 20;

/** SHA-1 (20 bytes) of the parts one after another. */
export function sha1(...parts: Uint8Array[]): Uint8Array {
  return digest("sha1", parts);
}

/** SHA-256 (32 bytes) of the parts one after another. */
export function sha256(...parts: Uint8Array[]): Uint8Array {
  return digest("sha256", parts);
}

function digest(algorithm: "sha1" | "sha256", parts: Uint8Array[]): Uint8Array {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return Uint8Array.fromHex(hash.digest("hex")); // the buffer it would make costs more than the digits
}
