/**
 * What is used of a TCP connection to a peer, once it is open.
 *
 * @module
 */

/** A `Deno.TcpConn`, or one behind a cipher. */
export interface PeerStream {
  /** Reads some bytes into `bytes`; `null` at the end of the stream. */
  read(bytes: Uint8Array): Promise<number | null>;
  /** Writes some of `bytes` and returns how many. One write at a time. */
  write(bytes: Uint8Array): Promise<number>;
  /** Where our end is; absent where it does not matter. */
  readonly localAddr?: Deno.Addr | undefined;
  /** Hangs up. */
  close(): void;
}

/** Writes all of `bytes`; a single `write` may take fewer. */
export async function writeAll(stream: PeerStream, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await stream.write(bytes.subarray(done));
}
