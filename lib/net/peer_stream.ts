/**
 * The part of a TCP connection's interface that is used once it is open.
 *
 * @module
 */

import { normalizeIp } from "../codec/address.ts";
import type { Rc4 } from "../codec/wire/rc4.ts";
import { socketErrorText } from "../runtime/socket_errors.ts";

/** A `Deno.TcpConn`, plain or wrapped in a cipher. */
export interface PeerStream {
  /** Reads some bytes into `bytes`; `null` at the end of the stream. */
  read(bytes: Uint8Array): Promise<number | null>;
  /** Writes some of `bytes` and returns how many. Only one write may run at a time. */
  write(bytes: Uint8Array): Promise<number>;
  /** The local address, if this is a TCP connection. */
  readonly localAddr?: Deno.Addr | undefined;
  /** Closes the connection. */
  close(): void;
}

/** Describes why a connection broke. */
export function describeBreak(error: unknown): string {
  if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) {
    return "closed";
  }
  if (error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe) {
    return "broke the connection off";
  }
  return socketErrorText(error);
}

/** Writes all of `bytes`; a single `write` may take fewer. */
export async function writeAll(stream: PeerStream, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await stream.write(bytes.subarray(done));
}

/** Maximum number of bytes encrypted and written at once, and so kept per connection. */
const MAX_WRITE_BYTES = 64 * 1024;

/** A connection wrapped in a cipher; its user sees plain bytes. */
export class EncryptedStream implements PeerStream {
  readonly #stream: PeerStream;
  readonly #incoming: Rc4;
  readonly #outgoing: Rc4;
  #scratch = new Uint8Array(512);

  /** Takes over a stream and its ciphers in their current state. */
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

  /** See {@link PeerStream.write}. Leaves `bytes` unchanged, because their owner may use them again. */
  async write(bytes: Uint8Array): Promise<number> {
    const count = Math.min(bytes.length, MAX_WRITE_BYTES);
    if (count > this.#scratch.length) this.#scratch = new Uint8Array(count);
    const encrypted = this.#scratch.subarray(0, count);
    encrypted.set(bytes.subarray(0, count));
    // All encrypted bytes must be sent, because the cipher cannot go back.
    await writeAll(this.#stream, this.#outgoing.apply(encrypted));
    return count;
  }

  /** See {@link PeerStream.close}. */
  close(): void {
    this.#stream.close();
  }
}

/** The IP address of our end; `undefined` when unknown. */
export function localHostOf({ localAddr }: Pick<PeerStream, "localAddr">): string | undefined {
  return localAddr?.transport === "tcp" ? normalizeIp(localAddr.hostname) : undefined;
}
