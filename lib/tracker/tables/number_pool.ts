/**
 * Small numbers that are allocated and freed, and number arrays that grow.
 *
 * @module
 */

const FEWEST_WORDS = 16;

/** Returns an array of the same numbers with room for at least `length`; new elements are zero. */
export function grown(
  words: Uint32Array<ArrayBuffer>,
  length: number,
): Uint32Array<ArrayBuffer> {
  if (length <= words.length) return words;
  // The system does not back fresh memory before it is written to, so doubling costs nothing.
  const more = new Uint32Array(Math.max(FEWEST_WORDS, length, 2 * words.length));
  more.set(words);
  return more;
}

/**
 * Allocates numbers from 1 on, the lowest range that suffices. Free numbers form a linked list in an array.
 */
export class NumberPool {
  #next: Uint32Array<ArrayBuffer> = new Uint32Array(FEWEST_WORDS);
  #firstFree = 0;
  #given = 0;

  /** Allocates a number that is not in use. */
  take(): number {
    const free = this.#firstFree;
    if (free === 0) return ++this.#given;
    this.#firstFree = this.#next[free]!;
    return free;
  }

  /** Frees a number. */
  give(number: number): void {
    this.#next = grown(this.#next, number + 1);
    this.#next[number] = this.#firstFree;
    this.#firstFree = number;
  }

  /** Upper bound of all numbers in use. */
  get highest(): number {
    return this.#given;
  }

  /** Size of the array in bytes. */
  get bytes(): number {
    return this.#next.byteLength;
  }
}
