/**
 * A connection that goes on in RC4 after its encrypted handshake.
 *
 * @module
 */

import type { Rc4 } from "../codec/rc4.ts";
import { type PeerStream, writeAll } from "./peer_stream.ts";

/** So much is encrypted and written at once: each connection keeps as much at most. */
const MAX_WRITE_BYTES = 64 * 1024;

/** A connection behind a cipher: whoever uses it sees plain bytes. */
export class EncryptedStream implements PeerStream {
  readonly #stream: PeerStream;
  readonly #incoming: Rc4;
  readonly #outgoing: Rc4;
  #scratch = new Uint8Array(512);

  /** Takes over a stream where its ciphers stand. */
  constructor(stream: PeerStream, ciphers: { incoming: Rc4; outgoing: Rc4 }) {
    this.#stream = stream;
    this.#incoming = ciphers.incoming;
    this.#outgoing = ciphers.outgoing;
  }

  /** See {@link PeerStream.localAddr}. */
  get localAddr(): Deno.Addr | undefined {
    return this.#stream.localAddr;
  }

  /** See {@link PeerStream.read}. */
  async read(bytes: Uint8Array): Promise<number | null> {
    const count = await this.#stream.read(bytes);
    if (count !== null) this.#incoming.apply(bytes.subarray(0, count));
    return count;
  }

  /** See {@link PeerStream.write}. The bytes stay as they are: their owner may use them again. */
  async write(bytes: Uint8Array): Promise<number> {
    const count = Math.min(bytes.length, MAX_WRITE_BYTES);
    if (count > this.#scratch.length) this.#scratch = new Uint8Array(count);
    const encrypted = this.#scratch.subarray(0, count);
    encrypted.set(bytes.subarray(0, count));
    // What is encrypted has to leave whole: the cipher cannot go back.
    await writeAll(this.#stream, this.#outgoing.apply(encrypted));
    return count;
  }

  /** See {@link PeerStream.close}. */
  close(): void {
    this.#stream.close();
  }
}
