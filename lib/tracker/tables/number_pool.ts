/**
 * Small numbers that are given out and taken back, and rows of numbers that grow.
 *
 * @module
 */

const FEWEST_WORDS = 16;

/** The same row of numbers with room for `length`; new room is zeros. */
export function grown(
  words: Uint32Array<ArrayBuffer>,
  length: number,
): Uint32Array<ArrayBuffer> {
  if (length <= words.length) return words;
  // Fresh memory takes no room on the machine before it is written to, so doubling costs nothing.
  const more = new Uint32Array(Math.max(FEWEST_WORDS, length, 2 * words.length));
  more.set(words);
  return more;
}

/** Numbers from 1 on, the smallest row of them that will do. What is free is chained, in one row. */
export class NumberPool {
  #next: Uint32Array<ArrayBuffer> = new Uint32Array(FEWEST_WORDS);
  #firstFree = 0;
  #given = 0;

  /** A number that nobody has. */
  take(): number {
    const free = this.#firstFree;
    if (free === 0) return ++this.#given;
    this.#firstFree = this.#next[free]!;
    return free;
  }

  /** Takes a number back. */
  give(number: number): void {
    this.#next = grown(this.#next, number + 1);
    this.#next[number] = this.#firstFree;
    this.#firstFree = number;
  }

  /** Every number that is out is at most this. */
  get highest(): number {
    return this.#given;
  }

  /** Bytes of the row. */
  get bytes(): number {
    return this.#next.byteLength;
  }
}
