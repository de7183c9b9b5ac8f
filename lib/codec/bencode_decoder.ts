/**
 * The bencode decoder (BEP 3), strict or tolerant, without recursion: what a stranger nests costs no
 * stack, and what a stranger claims costs no memory before its bytes are there.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import type { Bencode, BencodeDict } from "./bencode.ts";
import { latin1 } from "./bytes.ts";

/** How a decoder treats what it reads. */
export interface DecodeOptions {
  /**
   * Refuse what an encoder must not emit: unsorted or duplicate keys, leading zeros, `-0`. Default
   * true. When false, those are read (of duplicate keys, the first counts).
   */
  strict?: boolean;
  /** Most containers inside one another. Default 100. */
  maxDepth?: number;
  /** Most values and keys altogether; it bounds what a small file can make us allocate. Default 3,000,000. */
  maxItems?: number;
}

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

/** Bytes that are not bencoding, or more than the limits allow. */
export class BencodeError extends ProtocolError {
  /** Where in the input, in bytes. */
  readonly offset: number;

  /** An error at an offset. */
  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.offset = offset;
  }
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
  return new Decoder(bytes, options).run();
}

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
/** No int64 has more digits. */
const INT64_DIGITS = 19;
/** This many digits always make an exact `number`. */
const SAFE_DIGITS = 15;

const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const MINUS = 0x2d;
const DICT = 0x64;
const END = 0x65;
const INTEGER = 0x69;
const LIST = 0x6c;

/** A container whose end has not come yet. `key` is set between a key and its value. */
type Open =
  | { type: "list"; value: Bencode[] }
  | { type: "dict"; value: BencodeDict; key: string | undefined; lastKey?: string };

class Decoder {
  #at = 0;
  #items = 0;
  #valueStart = 0;
  readonly #bytes: Uint8Array;
  readonly #strict: boolean;
  readonly #maxDepth: number;
  readonly #maxItems: number;
  readonly #open: Open[] = [];
  readonly #spans = new Map<string, Span>();

  constructor(
    bytes: Uint8Array,
    { strict = true, maxDepth = 100, maxItems = 3_000_000 }: DecodeOptions,
  ) {
    this.#bytes = bytes;
    this.#strict = strict;
    this.#maxDepth = maxDepth;
    this.#maxItems = maxItems;
  }

  run(): Decoded {
    while (true) {
      const finished = this.#step();
      if (finished !== undefined && this.#place(finished)) {
        return { value: finished, end: this.#at, spans: this.#spans };
      }
    }
  }

  /** Reads one token; gives the value that it completes, if it completes one. */
  #step(): Bencode | undefined {
    const container = this.#open.at(-1);
    const byte = this.#peek();
    if (byte === END && container !== undefined) return this.#closeContainer(container);
    if (++this.#items > this.#maxItems) this.#fail("too many values");
    if (container?.type === "dict") {
      if (container.key === undefined) return this.#readKey(container);
      if (this.#open.length === 1) this.#valueStart = this.#at;
    }
    if (byte === INTEGER) return this.#integer();
    if (byte === LIST) return this.#openContainer({ type: "list", value: [] });
    if (byte === DICT) {
      return this.#openContainer({ type: "dict", value: new Map(), key: undefined });
    }
    return this.#byteString();
  }

  /** Puts a finished value where it belongs; true when it is the outermost one. */
  #place(value: Bencode): boolean {
    const container = this.#open.at(-1);
    if (container === undefined) return true;
    if (container.type === "list") {
      container.value.push(value);
      return false;
    }
    const key = container.key!;
    container.key = undefined;
    if (container.value.has(key)) return false;
    container.value.set(key, value);
    if (this.#open.length === 1) this.#spans.set(key, { start: this.#valueStart, end: this.#at });
    return false;
  }

  #openContainer(container: Open): undefined {
    if (this.#open.length === this.#maxDepth) this.#fail("nested too deeply");
    this.#at++;
    this.#open.push(container);
  }

  #closeContainer(container: Open): Bencode {
    if (container.type === "dict" && container.key !== undefined) this.#fail("a key has no value");
    this.#at++;
    this.#open.pop();
    return container.value;
  }

  #readKey(dict: Open & { type: "dict" }): undefined {
    const start = this.#at;
    const key = latin1(this.#byteString());
    if (this.#strict && dict.lastKey !== undefined && key <= dict.lastKey) {
      throw new BencodeError(
        key === dict.lastKey ? "a key comes twice" : "keys are not in order",
        start,
      );
    }
    dict.key = dict.lastKey = key;
  }

  #byteString(): Uint8Array {
    const start = this.#at;
    let length = 0;
    while (this.#peek() !== COLON) {
      length = length * 10 + this.#digit();
      // Checked at every digit, so that no sequence of digits can leave the exact integers.
      if (length > this.#bytes.length) throw new BencodeError("a string exceeds the input", start);
    }
    this.#checkDigits(start, this.#at);
    const from = this.#at + 1;
    if (length > this.#bytes.length - from) {
      throw new BencodeError("a string exceeds the input", start);
    }
    this.#at = from + length;
    return this.#bytes.subarray(from, this.#at);
  }

  #integer(): number | bigint {
    this.#at++;
    const negative = this.#peek() === MINUS;
    if (negative) this.#at++;
    const start = this.#at;
    while (this.#peek() !== END) this.#digit();
    this.#checkDigits(start, this.#at);
    if (negative && this.#strict && this.#bytes[start] === ZERO) {
      throw new BencodeError("negative zero", start);
    }
    let first = start;
    while (first < this.#at - 1 && this.#bytes[first] === ZERO) first++;
    const digits = latin1(
      this.#bytes.subarray(first, Math.min(this.#at, first + INT64_DIGITS + 1)),
    );
    this.#at++;
    return this.#integerOf(negative, digits, start);
  }

  #integerOf(negative: boolean, digits: string, offset: number): number | bigint {
    if (digits.length <= SAFE_DIGITS) {
      const magnitude = Number(digits);
      return negative && magnitude !== 0 ? -magnitude : magnitude;
    }
    const value = negative ? -BigInt(digits) : BigInt(digits);
    if (digits.length > INT64_DIGITS || value > INT64_MAX || value < INT64_MIN) {
      throw new BencodeError("an integer exceeds 64 bits", offset);
    }
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  /** Digits from `start` to `end` must be there and, for a strict decoder, have no needless zero. */
  #checkDigits(start: number, end: number): void {
    if (end === start) throw new BencodeError("a number has no digits", start);
    if (this.#strict && end - start > 1 && this.#bytes[start] === ZERO) {
      throw new BencodeError("a number has a leading zero", start);
    }
  }

  #digit(): number {
    const byte = this.#peek();
    if (byte < ZERO || byte > NINE) this.#fail("unexpected byte");
    this.#at++;
    return byte - ZERO;
  }

  #peek(): number {
    return this.#bytes[this.#at] ?? this.#fail("the input ends too early");
  }

  #fail(message: string): never {
    throw new BencodeError(message, this.#at);
  }
}
