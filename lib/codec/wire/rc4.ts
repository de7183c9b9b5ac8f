/**
 * RC4, the cipher of message stream encryption. It only hides what a connection is about from casual
 * inspection; piece hashes protect the data.
 *
 * @module
 */

/** One direction of a stream. Encryption and decryption are the same operation. */
export class Rc4 {
  readonly #state = Uint8Array.from({ length: 256 }, (_, i) => i);
  #i = 0;
  #j = 0;

  /**
   * Starts a stream.
   *
   * @param key 1 to 256 bytes
   * @param dropBytes bytes at the start of the keystream, which leak the key, to discard
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

  /** Encrypts or decrypts the next bytes of the stream in place, and returns them. */
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
