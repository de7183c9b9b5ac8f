/**
 * RC4, the cipher of message stream encryption. It hides what a connection is about from a glance and
 * from nothing more: whether data is right is for hashes to say.
 *
 * @module
 */

/** One direction of a stream: the same bytes make plain bytes of encrypted ones and the reverse. */
export class Rc4 {
  readonly #state = Uint8Array.from({ length: 256 }, (_, i) => i);
  #i = 0;
  #j = 0;

  /**
   * Begins a stream.
   *
   * @param key 1 to 256 bytes
   * @param dropBytes so many bytes of the keystream, which betray the key, are passed over
   */
  constructor(key: Uint8Array, dropBytes = 0) {
    const state = this.#state;
    for (let i = 0, j = 0; i < 256; i++) {
      const value = state[i]!;
      j = (j + value + key[i % key.length]!) & 255;
      state[i] = state[j]!;
      state[j] = value;
    }
    this.apply(new Uint8Array(dropBytes));
  }

  /** Encrypts or decrypts the next bytes of the stream where they are, and returns them. */
  apply<T extends Uint8Array>(bytes: T): T {
    const state = this.#state;
    let i = this.#i;
    let j = this.#j;
    for (let at = 0; at < bytes.length; at++) {
      i = (i + 1) & 255;
      const a = state[i]!;
      j = (j + a) & 255;
      const b = state[j]!;
      state[i] = b;
      state[j] = a;
      bytes[at]! ^= state[(a + b) & 255]!;
    }
    this.#i = i;
    this.#j = j;
    return bytes;
  }
}
