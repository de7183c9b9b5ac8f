/**
 * The bencode decoder (BEP 3), strict or tolerant: bytes become values. What a stranger nests is bounded,
 * and what a stranger claims costs no memory before its bytes are there.
 *
 * @module
 */

import { BencodeError } from "./bencode_integer.ts";
import { BencodeReader, type DecodeOptions } from "./bencode_reader.ts";
import type { Bencode, BencodeDict } from "./bencode_value.ts";

/** A range of bytes in what was decoded; `end` is exclusive. */
export interface Span {
  /** Offset of the first byte. */
  start: number;
  /** Offset after the last byte. */
  end: number;
}

/** What {@link decodePrefix} gives. */
export interface Decoded {
  /** The value that stands at the beginning. */
  value: Bencode;
  /** Where it ended, in bytes from the beginning. */
  end: number;
  /** For a dictionary at the top: the range of bytes of each of its values. */
  spans: ReadonlyMap<string, Span>;
}

/**
 * Reads one value that is the whole input. Byte strings are views into `bytes`, not copies.
 *
 * @throws BencodeError when it is not bencoding, exceeds a limit, or bytes follow the value.
 */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): Bencode {
  const { value, end } = decodePrefix(bytes, options);
  if (end !== bytes.length) throw new BencodeError("bytes follow the value", end);
  return value;
}

/**
 * Reads the value at the beginning of the input and says where it ended; whatever follows is left alone.
 * The spans of a top-level dictionary's values come with it: an info-hash is taken over the bytes as
 * they stand in the file, never over a re-encoding.
 *
 * @throws BencodeError when it is not bencoding or exceeds a limit.
 */
export function decodePrefix(bytes: Uint8Array, options: DecodeOptions = {}): Decoded {
  const reader = new BencodeReader(bytes, options);
  const spans = new Map<string, Span>();
  if (reader.kind !== "dict") return { value: reader.value(), end: reader.at, spans };
  const dict: BencodeDict = new Map();
  reader.enter();
  while (reader.more()) {
    const key = reader.key();
    const start = reader.at;
    const value = reader.value();
    if (dict.has(key)) continue;
    dict.set(key, value);
    spans.set(key, { start, end: reader.at });
  }
  return { value: dict, end: reader.at, spans };
}

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
