/**
 * Reads bencoding (BEP 3) step by step. Callers take what they need and skip the rest, so that untrusted
 * input allocates nothing that was not asked for.
 *
 * @module
 */

import { BencodeError, integerOf } from "./bencode_integer.ts";
import { keyText } from "./bencode_keys.ts";
import type { Bencode, BencodeDict } from "./bencode_value.ts";

/** How a decoder treats its input. */
export interface DecodeOptions {
  /**
   * Refuse what an encoder must not emit: unsorted or duplicate keys, leading zeros, `-0`. Default true.
   * When false, those are accepted (the first of duplicate keys counts).
   */
  strict?: boolean;
  /** The maximum nesting depth. Default 100. */
  maxDepth?: number;
  /** The maximum number of values and keys, including skipped ones. Default 3,000,000. */
  maxItems?: number;
}

/** The kind of value at a reader's position. */
type Kind = "integer" | "string" | "list" | "dict";

/** Some fields of a dictionary. */
export interface Fields {
  /** Integers and byte strings. */
  readonly scalars: BencodeDict;
  /** The byte ranges of lists and dictionaries, as offsets in the input. */
  readonly places: ReadonlyMap<string, Place>;
}

/** The byte range of a container in the input. */
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

/** A position in bencoded input that advances with every read. */
export class BencodeReader {
  #at: number;
  #items = 0;
  readonly #bytes: Uint8Array;
  readonly #strict: boolean;
  readonly #maxDepth: number;
  readonly #maxItems: number;
  /** The last key of each open container; `undefined` for lists and before the first key. */
  readonly #open: (string | undefined)[] = [];

  /** Starts at an offset of the input, before a value. */
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

  /** Offset of what is read next. */
  get at(): number {
    return this.#at;
  }

  /**
   * The kind of the next value.
   *
   * @throws BencodeError when there is none
   */
  get kind(): Kind {
    const byte = this.#peek();
    if (byte === INTEGER) return "integer";
    if (byte === LIST) return "list";
    if (byte === DICT) return "dict";
    if (byte === END && this.#open.length > 0) this.#fail("a key has no value");
    return "string";
  }

  /** Enters the next value, a list or dictionary. */
  enter(): void {
    if (this.#open.length === this.#maxDepth) this.#fail("nested too deeply");
    this.#count();
    this.#at++;
    this.#open.push(undefined);
  }

  /** Whether the current container has more values; leaves it if not. */
  more(): boolean {
    if (this.#peek() !== END) return true;
    this.#at++;
    this.#open.pop();
    return false;
  }

  /** The next key of a dictionary, as a binary string. */
  key(): string {
    this.#count();
    const start = this.#at;
    const from = this.#stringStart();
    const key = keyText(this.#bytes, from, this.#at);
    if (this.#strict) this.#checkOrder(key, start);
    return key;
  }

  /** The next value. Byte strings are views of the input. */
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

  /** Skips the next value, which must still be well-formed. */
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
   * The fields with these keys of the next dictionary; skips the others.
   *
   * @param repeats whether a key may repeat; if so, the first counts. Otherwise a repeated key is an error,
   * because another program may take the last
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

  /** Skips a string; returns the offset of its first byte. */
  #stringStart(): number {
    const start = this.#at;
    let length = 0;
    while (this.#peek() !== COLON) {
      length = length * 10 + this.#digit();
      // Checked at every digit, so that the length always stays an exact integer.
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

  /** The digits from `start` to `end` must exist and, for a strict decoder, have no leading zero. */
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
