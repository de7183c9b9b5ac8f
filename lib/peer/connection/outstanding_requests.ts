/**
 * The requests that one peer has not answered, in the order in which they were made.
 *
 * Peers answer in that order as a rule, so the request that is looked for is the first, and there is
 * nothing to search. What is kept is kept in place: a request costs no memory of its own.
 *
 * @module
 */

/** Places at first; there are twice as many when they run out. */
const INITIAL_PLACES = 16;

/** Numbers of blocks, and when each was asked for. */
export class OutstandingRequests {
  /** How many there are. */
  size = 0;
  #keys = new Float64Array(0);
  #timesMs = new Float64Array(0);
  #first = 0;

  /** A block is asked for that was not. */
  add(key: number, nowMs: number): void {
    if (this.#first + this.size === this.#keys.length) this.#makeRoom();
    const place = this.#first + this.size++;
    this.#keys[place] = key;
    this.#timesMs[place] = nowMs;
  }

  /** Whether the block was asked for. */
  has(key: number): boolean {
    return this.#placeOf(key) >= 0;
  }

  /** Takes a request out. When it was made, in milliseconds; -1 when it was not. */
  take(key: number): number {
    const place = this.#placeOf(key);
    if (place < 0) return -1;
    const askedMs = this.#timesMs[place]!;
    if (place !== this.#first) {
      this.#keys.copyWithin(this.#first + 1, this.#first, place);
      this.#timesMs.copyWithin(this.#first + 1, this.#first, place);
    }
    this.#first = --this.size === 0 ? 0 : this.#first + 1;
    return askedMs;
  }

  /** The blocks, oldest request first: a copy. */
  keys(): number[] {
    return [...this.#keys.subarray(this.#first, this.#first + this.size)];
  }

  #placeOf(key: number): number {
    const end = this.#first + this.size;
    for (let place = this.#first; place < end; place++) if (this.#keys[place] === key) return place;
    return -1;
  }

  /** Moves what there is to the front, of more room where it fills half of this. */
  #makeRoom(): void {
    const { size } = this;
    const [keys, timesMs] = [this.#keys, this.#timesMs];
    if (size * 2 > keys.length || keys.length === 0) {
      const places = Math.max(INITIAL_PLACES, keys.length * 2);
      this.#keys = new Float64Array(places);
      this.#timesMs = new Float64Array(places);
    }
    this.#keys.set(keys.subarray(this.#first, this.#first + size));
    this.#timesMs.set(timesMs.subarray(this.#first, this.#first + size));
    this.#first = 0;
  }
}
