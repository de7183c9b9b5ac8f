/**
 * The bencode decoder (BEP 3), strict or tolerant. Nesting depth is bounded, and a claimed length allocates
 * no memory before its bytes have arrived.
 *
 * @module
 */

import { BencodeError } from "./bencode_integer.ts";
import { BencodeReader, type DecodeOptions } from "./bencode_reader.ts";
import type { Bencode, BencodeDict } from "./bencode_value.ts";

/** A range of bytes in the input; `end` is exclusive. */
export interface Span {
  /** Offset of the first byte. */
  start: number;
  /** Offset after the last byte. */
  end: number;
}

/** The result of {@link decodePrefix}. */
export interface Decoded {
  /** The value at the start of the input. */
  value: Bencode;
  /** Where it ended, in bytes from the beginning. */
  end: number;
  /** For a top-level dictionary: the byte range of each of its values. */
  spans: ReadonlyMap<string, Span>;
}

/**
 * Decodes one value that fills the whole input. Byte strings are views into `bytes`, not copies.
 *
 * @throws BencodeError when the input is not bencoding, exceeds a limit, or continues after the value.
 */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): Bencode {
  const { value, end } = decodePrefix(bytes, options);
  if (end !== bytes.length) throw new BencodeError("bytes follow the value", end);
  return value;
}

/**
 * Decodes the value at the start of the input and returns where it ends; ignores what follows. Also returns
 * the spans of a top-level dictionary's values, because an info-hash covers the bytes as they are in the
 * file, never a re-encoding.
 *
 * @throws BencodeError when the input is not bencoding or exceeds a limit.
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

/** The byte string at a key, or `undefined`. */
export function bytesAt(dict: BencodeDict, key: string): Uint8Array | undefined {
  const value = dict.get(key);
  return value instanceof Uint8Array ? value : undefined;
}

/** The integer at a key, or `undefined`; also `undefined` when a `number` cannot hold it exactly. */
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
