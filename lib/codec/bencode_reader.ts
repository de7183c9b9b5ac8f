/**
 * Reads bencoding (BEP 3) step by step: whoever knows what it looks for takes that and passes over the
 * rest, so that a stranger's input makes nothing in memory that nobody asked for.
 *
 * @module
 */

import { BencodeError, integerOf } from "./bencode_integer.ts";
import { keyText } from "./bencode_keys.ts";
import type { Bencode, BencodeDict } from "./bencode_value.ts";

/** How a decoder treats what it reads. */
export interface DecodeOptions {
  /**
   * Refuse what an encoder must not emit: unsorted or duplicate keys, leading zeros, `-0`. Default
   * true. When false, those are read (of duplicate keys, the first counts).
   */
  strict?: boolean;
  /** Most containers inside one another. Default 100. */
  maxDepth?: number;
  /** Most values and keys altogether, those that are passed over too. Default 3,000,000. */
  maxItems?: number;
}

/** What stands at the place where a reader is. */
type Kind = "integer" | "string" | "list" | "dict";

/** Some fields of a dictionary. */
export interface Fields {
  /** Integers and byte strings. */
  readonly scalars: BencodeDict;
  /** Where lists and dictionaries begin, in bytes from the beginning of the input. */
  readonly places: ReadonlyMap<string, Place>;
}

/** Where a container stands in the input. */
interface Place {
  readonly kind: "list" | "dict";
  /** Offset of the first byte. */
  readonly start: number;
  /** Offset after the last byte. */
  readonly end: number;
}

const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const MINUS = 0x2d;
const DICT = 0x64;
const END = 0x65;
const INTEGER = 0x69;
const LIST = 0x6c;

/** A place in bencoded input that moves on with everything that is read. */
export class BencodeReader {
  #at: number;
  #items = 0;
  readonly #bytes: Uint8Array;
  readonly #strict: boolean;
  readonly #maxDepth: number;
  readonly #maxItems: number;
  /** For each open container its last key; `undefined` for lists and before the first key. */
  readonly #open: (string | undefined)[] = [];

  /** Begins at an offset of the input, before a value. */
  constructor(
    bytes: Uint8Array,
    { strict = true, maxDepth = 100, maxItems = 3_000_000 }: DecodeOptions = {},
    at = 0,
  ) {
    this.#bytes = bytes;
    this.#strict = strict;
    this.#maxDepth = maxDepth;
    this.#maxItems = maxItems;
    this.#at = at;
  }

  /** Bytes from the beginning of the input to what is read next. */
  get at(): number {
    return this.#at;
  }

  /**
   * What kind of value is next.
   *
   * @throws BencodeError when none is
   */
  get kind(): Kind {
    const byte = this.#peek();
    if (byte === INTEGER) return "integer";
    if (byte === LIST) return "list";
    if (byte === DICT) return "dict";
    if (byte === END && this.#open.length > 0) this.#fail("a key has no value");
    return "string";
  }

  /** Goes into the list or dictionary that is next. */
  enter(): void {
    if (this.#open.length === this.#maxDepth) this.#fail("nested too deeply");
    this.#count();
    this.#at++;
    this.#open.push(undefined);
  }

  /** Whether the container that was entered last goes on; where it does not, the reader leaves it. */
  more(): boolean {
    if (this.#peek() !== END) return true;
    this.#at++;
    this.#open.pop();
    return false;
  }

  /** The key that is next in a dictionary, as a binary string. */
  key(): string {
    this.#count();
    const start = this.#at;
    const from = this.#stringStart();
    const key = keyText(this.#bytes, from, this.#at);
    if (this.#strict) this.#checkOrder(key, start);
    return key;
  }

  /** The value that is next. Byte strings are views of the input. */
  value(): Bencode {
    switch (this.kind) {
      case "list":
        return this.#list();
      case "dict":
        return this.#dict();
      case "integer":
        this.#count();
        return this.#integer();
      case "string":
        this.#count();
        return this.#byteString();
    }
  }

  /** Passes over the value that is next; it has to be as well-formed as any. */
  skip(): void {
    const { kind } = this;
    if (kind === "string") return this.#skipString();
    if (kind === "integer") return void this.value();
    this.enter();
    while (this.more()) {
      if (kind === "dict") this.#skipKey();
      this.skip();
    }
  }

  /**
   * The fields with these keys of the dictionary that is next; others are passed over.
   *
   * @param repeats of a key that comes again, the first counts; else, since another program may take the
   * last, that is an error
   * @throws BencodeError when one of the keys comes twice
   */
  fields(keys: ReadonlySet<string>, repeats = false): Fields {
    const scalars: BencodeDict = new Map();
    const places = new Map<string, Place>();
    this.enter();
    while (this.more()) {
      const start = this.#at;
      const key = this.key();
      const isKnown = scalars.has(key) || places.has(key);
      if (isKnown && !repeats) throw new BencodeError("a key comes twice", start);
      if (isKnown || !keys.has(key)) {
        this.skip();
        continue;
      }
      const { kind, at } = this;
      if (kind === "integer" || kind === "string") scalars.set(key, this.value());
      else {
        this.skip();
        places.set(key, { kind, start: at, end: this.#at });
      }
    }
    return { scalars, places };
  }

  #list(): Bencode[] {
    const list: Bencode[] = [];
    this.enter();
    while (this.more()) list.push(this.value());
    return list;
  }

  #dict(): BencodeDict {
    const dict: BencodeDict = new Map();
    this.enter();
    while (this.more()) {
      const key = this.key();
      const value = this.value();
      if (!dict.has(key)) dict.set(key, value);
    }
    return dict;
  }

  #skipKey(): void {
    if (this.#strict) this.key();
    else this.#skipString();
  }

  #skipString(): void {
    this.#count();
    this.#stringStart();
  }

  #checkOrder(key: string, start: number): void {
    const last = this.#open.at(-1);
    if (last !== undefined && key <= last) {
      throw new BencodeError(
        key === last ? "a key comes twice" : "keys are not in order",
        start,
      );
    }
    this.#open[this.#open.length - 1] = key;
  }

  #byteString(): Uint8Array {
    const from = this.#stringStart();
    return this.#bytes.subarray(from, this.#at);
  }

  /** Passes over a string; gives the offset of its first byte. */
  #stringStart(): number {
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
    return from;
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
    const end = this.#at++;
    return integerOf(this.#bytes, start, end, negative);
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

  #count(): void {
    if (++this.#items > this.#maxItems) this.#fail("too many values");
  }

  #peek(): number {
    return this.#bytes[this.#at] ?? this.#fail("the input ends too early");
  }

  #fail(message: string): never {
    throw new BencodeError(message, this.#at);
  }
}
