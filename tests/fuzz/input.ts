/**
 * What one run of a target is fed: numbers, bytes and texts that depend on a seed alone.
 * @module
 */

import { concat, utf8 } from "../../lib/codec/bytes.ts";
import { seededRandom } from "../../support/random.ts";

/** Numbers at which lengths, counts and offsets go wrong. */
const EDGES = [0, 1, 2, 15, 16, 127, 255, 256, 16_383, 16_384, 16_385, 65_535, 65_536].concat(
  [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER, 2 ** 53],
);

/** A source of hostile values; the same seed gives the same values. */
export class Input {
  /** What the values depend on. */
  readonly seed: number;
  readonly #random: () => number;

  constructor(seed: number) {
    this.seed = seed;
    this.#random = seededRandom(seed);
  }

  /** A number from 0 up to 1, as of `Math.random`. */
  readonly random = (): number => this.#random();

  /** A whole number from 0 to `n` - 1. */
  below(n: number): number {
    return Math.floor(this.#random() * n);
  }

  /** True once in `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** A number at which something may go wrong; never negative. */
  edge(): number {
    return this.pick(EDGES);
  }

  /** The same in 32 bits. */
  edge32(): number {
    return this.edge() >>> 0;
  }

  /** Any bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /** Several of what `make` makes. */
  several<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make);
  }

  /** The bytes with up to four faults in them; one in five times without any. */
  damaged(bytes: Uint8Array): Uint8Array {
    if (this.oneIn(5)) return bytes;
    let damaged = bytes;
    for (let faults = 1 + this.below(4); faults > 0; faults--) damaged = this.#withFault(damaged);
    return damaged;
  }

  /** {@linkcode Input.damaged} for a text. */
  damagedText(text: string): string {
    return new TextDecoder().decode(this.damaged(utf8(text)));
  }

  #withFault(bytes: Uint8Array): Uint8Array {
    const at = this.below(bytes.length + 1);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    switch (this.below(6)) {
      case 0: // a bit is another one
        return concat(before, after.map((byte, i) => i === 0 ? byte ^ 1 << this.below(8) : byte));
      case 1: // a byte is another one
        return concat(before, after.map((byte, i) => i === 0 ? this.below(256) : byte));
      case 2: // the end is missing
        return before;
      case 3: // something is missing
        return concat(before, after.subarray(this.below(12)));
      case 4: // something came in between
        return concat(
          before,
          this.oneIn(2) ? this.bytes(this.below(8)) : u32(this.edge32()),
          after,
        );
      default: // something stands there twice
        return concat(bytes.subarray(0, Math.min(bytes.length, at + this.below(40))), after);
    }
  }
}

/** Four bytes, big-endian. */
export function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** Two bytes, big-endian. */
export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value);
}
