/**
 * The demo's file: random bytes, and the hash to compare copies with.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { diskError } from "../../lib/disk/disk_error.ts";

const CHUNK_BYTES = 1 << 20;
/** The most that `crypto.getRandomValues` fills at once. */
const MOST_RANDOM_BYTES = 65_536;

/**
 * Writes `length` random bytes to `path`.
 *
 * @returns their SHA-256 in hex
 * @throws DiskError when they cannot be written
 */
export async function writeRandomFile(
  path: string,
  length: number,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash("sha256");
  const chunk = new Uint8Array(CHUNK_BYTES);
  try {
    using file = await Deno.open(path, { write: true, createNew: true });
    for (let left = length; left > 0;) {
      signal.throwIfAborted();
      const part = chunk.subarray(0, Math.min(left, CHUNK_BYTES));
      for (let at = 0; at < part.length; at += MOST_RANDOM_BYTES) {
        crypto.getRandomValues(part.subarray(at, at + MOST_RANDOM_BYTES));
      }
      hash.update(part);
      for (let done = 0; done < part.length;) done += await file.write(part.subarray(done));
      left -= part.length;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw diskError(error, path);
  }
  return hash.digest("hex");
}

/**
 * The SHA-256 of the file at `path`, in hex.
 *
 * @throws DiskError when it cannot be read
 */
export async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const chunk = new Uint8Array(CHUNK_BYTES);
  try {
    using file = await Deno.open(path);
    for (;;) {
      signal.throwIfAborted();
      const read = await file.read(chunk);
      if (read === null) return hash.digest("hex");
      hash.update(chunk.subarray(0, read));
    }
  } catch (error) {
    signal.throwIfAborted();
    throw diskError(error, path);
  }
}
