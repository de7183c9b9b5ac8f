/**
 * The keys of bencoded dictionaries as strings, reusing the same string for each of many files.
 *
 * @module
 */

import { latin1 } from "./bytes.ts";

/** Recently read keys. A list of many files repeats the same few. */
const recentKeys: string[] = new Array(64).fill("");

/** The bytes from `from` to `end` as a binary string; reuses a recent string for a short key. */
export function keyText(bytes: Uint8Array, from: number, end: number): string {
  const slot = (end - from + 7 * bytes[from]!) & 63;
  const recent = recentKeys[slot]!;
  if (isText(bytes, from, end, recent)) return recent;
  const key = latin1(bytes.subarray(from, end));
  if (key.length < 16) recentKeys[slot] = key;
  return key;
}

function isText(bytes: Uint8Array, from: number, end: number, text: string): boolean {
  if (text.length !== end - from) return false;
  for (let i = 0; i < text.length; i++) {
    if (bytes[from + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}
