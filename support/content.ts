/**
 * Predictable test content: a formula for small files, and a fast, seeded stream of pseudo-random bytes for
 * big ones. Both are the same on every machine and in every run.
 *
 * @module
 */

import { createHash } from "node:crypto";

const CHUNK_BYTES = 1 << 20;

/** `length` bytes with `byte[i] = (i * 7 + 3) mod 251`, the content of the published test vectors. */
export function formulaBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 7 + 3) % 251;
  return bytes;
}

/** A stream of pseudo-random bytes that depends only on `seed` (xorshift, 32 bits). */
export class PseudoRandomBytes {
  #state: number;

  constructor(seed: number) {
    // Zero is the one state xorshift never leaves; the multiplication spreads neighbouring seeds.
    this.#state = Math.imul(seed + 1, 0x9e3779b1) || 1;
  }

  /** Fills `bytes`, whose length must be a multiple of four unless it is the last of the stream. */
  fill(bytes: Uint8Array<ArrayBuffer>): void {
    const words = new Uint32Array(Math.ceil(bytes.length / 4));
    let state = this.#state;
    for (let i = 0; i < words.length; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[i] = state;
    }
    this.#state = state;
    bytes.set(new Uint8Array(words.buffer, 0, bytes.length));
  }
}

/** The first `length` bytes of the pseudo-random stream of `seed`. */
export function pseudoRandomBytes(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  new PseudoRandomBytes(seed).fill(bytes);
  return bytes;
}

/**
 * Writes a file of `length` pseudo-random bytes, using at most 1 MiB of memory.
 *
 * @returns the SHA-256 of the content, in hex
 */
export async function writePseudoRandomFile(
  path: string,
  length: number,
  seed: number,
): Promise<string> {
  const stream = new PseudoRandomBytes(seed);
  const chunk = new Uint8Array(CHUNK_BYTES);
  const hash = createHash("sha256");
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  for (let left = length; left > 0;) {
    const part = chunk.subarray(0, Math.min(left, CHUNK_BYTES));
    stream.fill(part);
    hash.update(part);
    for (let done = 0; done < part.length;) done += await file.write(part.subarray(done));
    left -= part.length;
  }
  return hash.digest("hex");
}

/** The SHA-256 of a file, in hex, read 1 MiB at a time. */
export async function sha256OfFile(path: string): Promise<string> {
  const chunk = new Uint8Array(CHUNK_BYTES);
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  for (;;) {
    const read = await file.read(chunk);
    if (read === null) return hash.digest("hex");
    hash.update(chunk.subarray(0, read));
  }
}
