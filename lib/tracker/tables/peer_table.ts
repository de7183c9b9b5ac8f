/**
 * A compact table of the peers of a swarm: first all addresses in the format of answers, then a few words
 * about each peer.
 *
 * @module
 */

/** Offsets within a peer's record, in 16-bit words. */
const HEARD_MS = 0, NOTE = 2, LEFT = 4, SINCE_SECONDS = 6, MOVED_SECONDS = 8, PEER = 10, AGENT = 12;
const ABOUT_WORDS = 16;

/** The leading bytes of a peer id that identify the client (BEP 20). */
const AGENT_LENGTH = 8;

/** Most swarms have one peer. */
const FEWEST_PLACES = 1;
const NO_WORDS = new Uint16Array(0);

/** For reinterpreting the bits of a number. */
const FLOAT = new Float32Array(1);
const FLOAT_BITS = new Int32Array(FLOAT.buffer);

/** A peer as shown to tools that watch a tracker. */
export interface PeerInfo {
  /** Bytes it reported as missing, to seven digits. */
  readonly leftBytes: number;
  /** Milliseconds since its last announce. */
  readonly silentMs: number;
  /** How long it had been in the swarm at its last announce, in whole seconds. */
  readonly staySeconds: number;
  /** How long it had received nothing at its last announce, in whole seconds. */
  readonly stillSeconds: number;
  /** The first 8 bytes of its peer id, as a binary string. */
  readonly agent: string;
}

/**
 * The leechers or the seeders of a swarm, at places from 0 on. All data is in one array, with 38 bytes per
 * peer for IPv4 and 50 for IPv6; at least a quarter of its places are used.
 *
 * Times are 32-bit milliseconds, which wrap around every 49 days. Only differences are used, so this is
 * harmless as long as no peer is kept for 24 days.
 */
export class PeerTable {
  /** Addresses from index 0 on, `stride` words each; only the first {@link PeerTable.length} are set. */
  words = NO_WORDS;
  /** Number of peers. */
  length = 0;
  /**
   * This many peers at the start each stand for their host; behind them are further peers of the same hosts.
   */
  front = 0;
  /** Number of hosts that have peers here but none in front, because the one in front has left. */
  frontless = 0;
  #capacity = 0;

  /** @param stride Words of an address with its port: 3 for IPv4, 9 for IPv6. */
  constructor(readonly stride: number) {}

  /** Appends a peer, by its number, with flags 0. */
  add(address: Uint16Array, peer: number, nowMs: number): void {
    if (this.length === this.#capacity) this.#resize(Math.max(FEWEST_PLACES, 2 * this.#capacity));
    const place = this.length++;
    const at = place * this.stride;
    for (let i = 0; i < this.stride; i++) this.words[at + i] = address[i]!;
    this.#write(this.#at(place) + HEARD_MS, nowMs);
    this.#write(this.#at(place) + PEER, peer);
    this.setFlags(place, 0);
  }

  /** Removes the last peer. */
  pop(): void {
    this.length--;
    if (4 * this.length < this.#capacity && this.#capacity > FEWEST_PLACES) {
      this.#resize(this.#capacity / 2);
    }
  }

  /** Swaps two peers. */
  swap(a: number, b: number): void {
    this.#swapWords(a * this.stride, b * this.stride, this.stride);
    this.#swapWords(this.#at(a), this.#at(b), ABOUT_WORDS);
  }

  /** Records a peer that has just joined; its peer id begins at `packet[at]`. */
  insert(place: number, packet: Uint8Array, at: number, leftBytes: number, nowMs: number): void {
    const agent = this.#at(place) + AGENT;
    for (let i = 0; i < AGENT_LENGTH; i += 2) {
      this.words[agent + i / 2] = packet[at + i]! | packet[at + i + 1]! << 8;
    }
    this.#write(this.#at(place) + SINCE_SECONDS, nowMs / 1000);
    this.#write(this.#at(place) + MOVED_SECONDS, nowMs / 1000);
    this.#writeLeft(place, leftBytes);
  }

  /**
   * Records an announce: the peer was heard from now and lacks `leftBytes`. Returns how many bytes less that
   * is than before.
   */
  touch(place: number, leftBytes: number, nowMs: number): number {
    this.#write(this.#at(place) + HEARD_MS, nowMs);
    const receivedBytes = this.#left(place) - leftBytes;
    if (receivedBytes > 0) this.#write(this.#at(place) + MOVED_SECONDS, nowMs / 1000);
    this.#writeLeft(place, leftBytes);
    return receivedBytes;
  }

  /** Milliseconds since the peer's last announce. */
  silentMs(place: number, nowMs: number): number {
    return (nowMs | 0) - this.#read(this.#at(place) + HEARD_MS) | 0;
  }

  /** Whole seconds since the peer joined. */
  sinceSeconds(place: number, nowMs: number): number {
    return Math.floor(nowMs / 1000) - this.#read(this.#at(place) + SINCE_SECONDS) | 0;
  }

  /** What is known about the peer, apart from its address and flags. */
  peerInfo(place: number, nowMs: number): PeerInfo {
    const silentMs = this.silentMs(place, nowMs);
    const heardSeconds = Math.floor((nowMs - silentMs) / 1000);
    const secondsSince = (word: number) =>
      Math.max(0, heardSeconds - this.#read(this.#at(place) + word) | 0);
    const agent = this.#at(place) + AGENT;
    const words = this.words.subarray(agent, agent + AGENT_LENGTH / 2);
    return {
      leftBytes: this.#left(place),
      silentMs,
      staySeconds: secondsSince(SINCE_SECONDS),
      stillSeconds: secondsSince(MOVED_SECONDS),
      agent: String.fromCharCode(...[...words].flatMap((word) => [word & 255, word >> 8])),
    };
  }

  /** A number from 0 up to 2^31 - 1 that the owner of the table stores for the peer. */
  flags(place: number): number {
    return this.#read(this.#at(place) + NOTE);
  }

  /** Replaces that number. */
  setFlags(place: number, note: number): void {
    this.#write(this.#at(place) + NOTE, note);
  }

  /** The number of the peer at this place. */
  peer(place: number): number {
    return this.#read(this.#at(place) + PEER);
  }

  /** A copy of the peer's record, which is everything except its address. */
  record(place: number): Uint16Array {
    return this.words.slice(this.#at(place), this.#at(place) + ABOUT_WORDS);
  }

  /** Replaces the peer's record with one from {@link PeerTable.record}. */
  setRecord(place: number, about: Uint16Array): void {
    this.words.set(about, this.#at(place));
  }

  #left(place: number): number {
    FLOAT_BITS[0] = this.#read(this.#at(place) + LEFT);
    return FLOAT[0]!;
  }

  #writeLeft(place: number, leftBytes: number): void {
    FLOAT[0] = leftBytes;
    this.#write(this.#at(place) + LEFT, FLOAT_BITS[0]!);
  }

  #at(place: number): number {
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
    const aboutBefore = this.#at(0);
    this.words = new Uint16Array(capacity * (this.stride + ABOUT_WORDS));
    this.#capacity = capacity;
    this.words.set(before.subarray(0, this.length * this.stride));
    const about = before.subarray(aboutBefore, aboutBefore + this.length * ABOUT_WORDS);
    this.words.set(about, this.#at(0));
  }
}
