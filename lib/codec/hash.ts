/**
 * SHA-1 and SHA-256 of a sequence of byte arrays.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";

/** Bytes of a SHA-1: v1 info-hashes and piece hashes. */
export const SHA1_LENGTH = 20;

/** Bytes of a SHA-256: v2 info-hashes, and the nodes of trees. */
export const SHA256_LENGTH = 32;

/** SHA-1 (20 bytes) of the concatenated parts. */
export function sha1(...parts: Uint8Array[]): Uint8Array {
  return digest("sha1", parts);
}

/** SHA-256 (32 bytes) of the concatenated parts. */
export function sha256(...parts: Uint8Array[]): Uint8Array {
  return digest("sha256", parts);
}

function digest(algorithm: "sha1" | "sha256", parts: Uint8Array[]): Uint8Array {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  const out = new Uint8Array(algorithm === "sha1" ? SHA1_LENGTH : SHA256_LENGTH);
  writeDigest(hash, out);
  return out;
}

/**
 * Finishes a hash and writes the digest to `out`. Goes through hex digits where the engine can decode them
 * (Deno 2.5 and later), because the buffer that the hash would allocate costs more.
 */
export const writeDigest: (hash: Hash, out: Uint8Array) => void =
  "setFromHex" in Uint8Array.prototype
    ? (hash, out) => void out.setFromHex(hash.digest("hex"))
    : (hash, out) => out.set(hash.digest());
