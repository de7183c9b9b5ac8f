/**
 * Typed reads of a bencoded dictionary's fields.
 *
 * A field of another type reads as absent: strangers put anything anywhere, and whoever needs the field
 * says what its absence means.
 *
 * @module
 */

import type { Bencode, BencodeDict } from "./bencode.ts";

/** Whether a value is a dictionary. */
export function isDict(value: Bencode | undefined): value is BencodeDict {
  return value instanceof Map;
}

/** The byte string at a key, or undefined. */
export function bytesAt(dict: BencodeDict, key: string): Uint8Array | undefined {
  const value = dict.get(key);
  return value instanceof Uint8Array ? value : undefined;
}

/** The integer at a key, or undefined; integers that a `number` cannot hold exactly read as absent. */
export function integerAt(dict: BencodeDict, key: string): number | undefined {
  const value = dict.get(key);
  return typeof value === "number" ? value : undefined;
}

/** The list at a key, or undefined. */
export function listAt(dict: BencodeDict, key: string): Bencode[] | undefined {
  const value = dict.get(key);
  return Array.isArray(value) ? value : undefined;
}

/** The dictionary at a key, or undefined. */
export function dictAt(dict: BencodeDict, key: string): BencodeDict | undefined {
  const value = dict.get(key);
  return isDict(value) ? value : undefined;
}
