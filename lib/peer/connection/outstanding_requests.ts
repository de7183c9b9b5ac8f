/**
 * The unanswered requests to one peer, in the order in which they were made.
 *
 * Peers usually answer in that order, so the request to look up is usually the first. The entries live in
 * typed arrays, so a request allocates nothing.
 *
 * @module
 */

/** Initial capacity, which doubles when it runs out. */
const INITIAL_PLACES = 16;

/** Block numbers, and when each was requested. */
export class OutstandingRequests {
  /** Number of requests. */
  size = 0;
  #keys = new Float64Array(0);
  #timesMs = new Float64Array(0);
  #first = 0;

  /** Adds a request for a block that is not outstanding. */
  add(key: number, nowMs: number): void {
    if (this.#first + this.size === this.#keys.length) this.#makeRoom();
    const place = this.#first + this.size++;
    this.#keys[place] = key;
    this.#timesMs[place] = nowMs;
  }

  /** Whether the block is outstanding. */
  has(key: number): boolean {
    return this.#placeOf(key) >= 0;
  }

  /** Removes a request. Returns when it was made, in milliseconds, or -1 when there is none. */
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

  /** A copy of the block numbers, oldest request first. */
  keys(): number[] {
    return [...this.#keys.subarray(this.#first, this.#first + this.size)];
  }

  #placeOf(key: number): number {
    const end = this.#first + this.size;
    for (let place = this.#first; place < end; place++) if (this.#keys[place] === key) return place;
    return -1;
  }

  /** Moves the entries to the front, and doubles the capacity if they fill more than half of it. */
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
