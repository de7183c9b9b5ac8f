/**
 * One bit per piece, in wire order, with a maintained count of ones.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";

/**
 * A fixed number of bits; bit 7 (0x80) of byte 0 is bit 0, as in the `bitfield` message (BEP 3).
 *
 * Invariant: bits at and beyond `length` are zero, and `count` is the number of ones. So whole words can be
 * counted and skipped.
 */
export class Bitfield {
  /** Number of bits. */
  readonly length: number;
  /** The bytes on the wire, then zeros up to a whole word. */
  readonly #bytes: Uint8Array;
  /** The same memory as words, for operations that do not depend on byte order. */
  readonly #words: Uint32Array;
  #count = 0;

  /**
   * Creates `length` zero bits.
   *
   * @throws {RangeError} when `length` is not a whole number from 0 up.
   */
  constructor(length: number) {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new RangeError(`a bitfield cannot have ${length} bits`);
    }
    this.length = length;
    this.#words = new Uint32Array(Math.ceil(length / 32));
    this.#bytes = new Uint8Array(this.#words.buffer);
  }

  /** A field of `length` bits, all of them set. */
  static full(length: number): Bitfield {
    const field = new Bitfield(length);
    field.fill();
    return field;
  }

  /**
   * Copies the bits of a `bitfield` message (BEP 3).
   *
   * @throws {ProtocolError} when `bytes` does not have exactly the length that `length` bits need, or a
   * spare bit at the end is set.
   */
  static fromBytes(bytes: Uint8Array, length: number): Bitfield {
    const needed = Math.ceil(length / 8);
    if (bytes.length !== needed) {
      throw new ProtocolError(
        `a bitfield of ${length} pieces has ${needed} bytes, not ${bytes.length}`,
      );
    }
    if (length % 8 !== 0 && (bytes[needed - 1]! & (0xff >>> (length % 8))) !== 0) {
      throw new ProtocolError("a spare bit at the end of the bitfield is set");
    }
    const field = new Bitfield(length);
    field.#bytes.set(bytes);
    field.#recount();
    return field;
  }

  /** Number of set bits. */
  get count(): number {
    return this.#count;
  }

  /** Whether every bit is set. True for a bitfield of no bits. */
  get isFull(): boolean {
    return this.#count === this.length;
  }

  /** Whether no bit is set. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Bit `index`; false outside the bitfield. */
  get(index: number): boolean {
    if (!(index >= 0 && index < this.length)) return false;
    return (this.#bytes[index >>> 3]! & (0x80 >>> (index & 7))) !== 0;
  }

  /**
   * Sets bit `index`.
   *
   * @returns whether it was clear before.
   * @throws {RangeError} outside the bitfield.
   */
  set(index: number): boolean {
    this.#checkIndex(index);
    const mask = 0x80 >>> (index & 7);
    const byte = this.#bytes[index >>> 3]!;
    if ((byte & mask) !== 0) return false;
    this.#bytes[index >>> 3] = byte | mask;
    this.#count++;
    return true;
  }

  /**
   * Clears bit `index`.
   *
   * @returns whether it was set before.
   * @throws {RangeError} outside the bitfield.
   */
  clear(index: number): boolean {
    this.#checkIndex(index);
    const mask = 0x80 >>> (index & 7);
    const byte = this.#bytes[index >>> 3]!;
    if ((byte & mask) === 0) return false;
    this.#bytes[index >>> 3] = byte & ~mask;
    this.#count--;
    return true;
  }

  /** Sets every bit. */
  fill(): void {
    const whole = this.length >>> 3;
    this.#bytes.fill(0xff, 0, whole);
    if (this.length % 8 !== 0) this.#bytes[whole] = 0xff00 >>> (this.length % 8);
    this.#count = this.length;
  }

  /** A copy without the bits that are set in `other`, which has the same length. */
  without(other: Bitfield): Bitfield {
    const field = new Bitfield(this.length);
    for (let i = 0; i < field.#words.length; i++) {
      field.#words[i] = this.#words[i]! & ~other.#words[i]!;
    }
    field.#recount();
    return field;
  }

  /** A copy in the form of the `bitfield` message: `ceil(length / 8)` bytes, spare bits zero. */
  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes.subarray(0, Math.ceil(this.length / 8)));
  }

  /**
   * The indexes of the set bits, ascending. Bits may be changed during the iteration; changes ahead count.
   */
  *ones(): Generator<number> {
    for (let index = this.nextCommon(this, 0); index >= 0;) {
      yield index;
      index = this.nextCommon(this, index + 1);
    }
  }

  /**
   * The first index from `from` on that is set here and in `other`, which has the same length; -1 if there
   * is none. Skips a word at a time.
   */
  nextCommon(other: Bitfield, from: number): number {
    for (let word = from >>> 5, at = from & 31; word < this.#words.length; word++, at = 0) {
      if ((this.#words[word]! & other.#words[word]!) === 0) continue;
      for (let byte = word * 4 + (at >>> 3); byte < word * 4 + 4; byte++, at = 0) {
        const common = this.#bytes[byte]! & other.#bytes[byte]! & (0xff >>> (at & 7));
        if (common !== 0) return byte * 8 + Math.clz32(common) - 24;
      }
    }
    return -1;
  }

  #checkIndex(index: number): void {
    if (!(Number.isInteger(index) && index >= 0 && index < this.length)) {
      throw new RangeError(`bit ${index} is outside a bitfield of ${this.length}`);
    }
  }

  #recount(): void {
    let count = 0;
    for (let i = 0; i < this.#words.length; i++) count += onesIn(this.#words[i]!);
    this.#count = count;
  }
}

/** Population count of a 32-bit word: pairs, nibbles, bytes, then their sum in the top byte. */
function onesIn(word: number): number {
  word -= (word >>> 1) & 0x55555555;
  word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
  return Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
