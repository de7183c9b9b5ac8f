/**
 * Peers of a swarm, packed: their addresses one after another just as they go into answers, and behind
 * all of these a few words about each.
 *
 * @module
 */

/** Words of 16 bits that are kept about a peer beside its address: when it was heard of, and a note. */
const ABOUT_WORDS = 4;
const NOTE_OFFSET = 2;

const FEWEST_PLACES = 4;
const NO_WORDS = new Uint16Array(0);

/**
 * The peers of one kind, leechers or seeders, at places from 0 on. Everything lies in one array, with
 * 14 bytes a peer over IPv4 and 26 over IPv6; at least a quarter of its places are taken.
 *
 * Times are milliseconds in 32 bits, which begin anew every 49 days. Only differences count, so that
 * does no harm as long as nobody is remembered for 24 days.
 */
export class Roster {
  /** Addresses from index 0 on, `stride` words each; only {@link Roster.length} of them are set. */
  words = NO_WORDS;
  /** How many peers there are. */
  length = 0;
  #capacity = 0;

  /** @param stride Words of an address with its port: 3 over IPv4, 9 over IPv6. */
  constructor(readonly stride: number) {}

  /** Adds a peer at the end, with the note 0. */
  add(address: Uint16Array, nowMs: number): void {
    if (this.length === this.#capacity) this.#resize(Math.max(FEWEST_PLACES, 2 * this.#capacity));
    const place = this.length++;
    const at = place * this.stride;
    for (let i = 0; i < this.stride; i++) this.words[at + i] = address[i]!;
    this.hear(place, nowMs);
    this.setNote(place, 0);
  }

  /** Takes the last peer out. */
  pop(): void {
    this.length--;
    if (4 * this.length < this.#capacity && this.#capacity > FEWEST_PLACES) {
      this.#resize(this.#capacity / 2);
    }
  }

  /** Lets two peers change places. */
  swap(a: number, b: number): void {
    this.#swapWords(a * this.stride, b * this.stride, this.stride);
    this.#swapWords(this.#about(a), this.#about(b), ABOUT_WORDS);
  }

  /** Notes that the peer was heard of now. */
  hear(place: number, nowMs: number): void {
    this.#write(this.#about(place), nowMs);
  }

  /** Milliseconds since the peer was heard of. */
  silentMs(place: number, nowMs: number): number {
    return (nowMs | 0) - this.#read(this.#about(place)) | 0;
  }

  /** A number from 0 up to 2^31 - 1 that somebody has noted about the peer. */
  note(place: number): number {
    return this.#read(this.#about(place) + NOTE_OFFSET);
  }

  /** Notes another number about the peer. */
  setNote(place: number, note: number): void {
    this.#write(this.#about(place) + NOTE_OFFSET, note);
  }

  #about(place: number): number {
    return this.#capacity * this.stride + place * ABOUT_WORDS;
  }

  #read(at: number): number {
    return this.words[at]! | this.words[at + 1]! << 16;
  }

  #write(at: number, value: number): void {
    this.words[at] = value;
    this.words[at + 1] = (value | 0) >>> 16;
  }

  #swapWords(a: number, b: number, count: number): void {
    const { words } = this;
    for (let i = 0; i < count; i++) {
      const word = words[a + i]!;
      words[a + i] = words[b + i]!;
      words[b + i] = word;
    }
  }

  #resize(capacity: number): void {
    const before = this.words;
    const aboutBefore = this.#about(0);
    this.words = new Uint16Array(capacity * (this.stride + ABOUT_WORDS));
    this.#capacity = capacity;
    this.words.set(before.subarray(0, this.length * this.stride));
    const about = before.subarray(aboutBefore, aboutBefore + this.length * ABOUT_WORDS);
    this.words.set(about, this.#about(0));
  }
}
