/**
 * Bencoding (BEP 3): byte strings, integers, lists, dictionaries.
 *
 * Strings and keys are bytes, not text. A dictionary is a `Map` whose keys are binary strings, one
 * character for each byte (see `latin1` in bytes.ts), because v2 torrents and scrapes have keys that
 * are hashes.
 *
 * @module
 */

import type { Bencode, BencodeDict } from "./bencode_value.ts";
import { fromLatin1 } from "./bytes.ts";

export { decode, type Decoded, decodePrefix, type Span } from "./bencode_decoder.ts";
export { BencodeError } from "./bencode_integer.ts";
export { BencodeReader, type DecodeOptions, type Fields } from "./bencode_reader.ts";

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/**
 * The canonical encoding of a value: keys sorted by their bytes, no unnecessary digits.
 *
 * @throws RangeError on a number that is no exact integer, an integer beyond 64 bits, or a key with a
 * character above U+00FF.
 */
export function encode(value: Bencode): Uint8Array {
  const writer = new Writer();
  writer.value(value);
  return writer.finish();
}

/** A dictionary of the given fields, without the undefined ones. */
export function dictOf(fields: Record<string, Bencode | undefined>): BencodeDict {
  const dict: BencodeDict = new Map();
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) dict.set(key, value);
  }
  return dict;
}

class Writer {
  #bytes = new Uint8Array(256);
  #length = 0;

  value(value: Bencode): void {
    if (typeof value === "number" || typeof value === "bigint") {
      this.#ascii(`i${integerText(value)}e`);
    } else if (value instanceof Uint8Array) this.#byteString(value);
    else if (Array.isArray(value)) {
      this.#ascii("l");
      for (const item of value) this.value(item);
      this.#ascii("e");
    } else this.#dict(value);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #dict(dict: BencodeDict): void {
    this.#ascii("d");
    // UTF-16 order is byte order here: no character of a binary string is above U+00FF.
    for (const key of [...dict.keys()].sort()) {
      this.#byteString(fromLatin1(key));
      this.value(dict.get(key)!);
    }
    this.#ascii("e");
  }

  #byteString(bytes: Uint8Array): void {
    this.#ascii(`${bytes.length}:`);
    const offset = this.#reserve(bytes.length);
    this.#bytes.set(bytes, offset);
  }

  #ascii(text: string): void {
    const offset = this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[offset + i] = text.charCodeAt(i);
  }

  /** Makes room for more bytes and returns the offset to write them at. */
  #reserve(byteCount: number): number {
    const offset = this.#length;
    this.#length += byteCount;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    return offset;
  }
}

function integerText(value: number | bigint): string {
  const exact = typeof value === "bigint"
    ? value >= INT64_MIN && value <= INT64_MAX
    : Number.isSafeInteger(value);
  if (!exact) throw new RangeError(`${value} is not an integer that bencoding holds`);
  // Negative zero prints as "0", and no safe integer prints with an exponent.
  return String(value);
}
