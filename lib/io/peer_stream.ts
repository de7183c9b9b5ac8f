/**
 * What is used of a TCP connection to a peer, once it is open.
 *
 * @module
 */

import { networkReason } from "./network_reason.ts";

/** A `Deno.TcpConn`, or one behind a cipher. */
export interface PeerStream {
  /** Reads some bytes into `bytes`; `null` at the end of the stream. */
  read(bytes: Uint8Array): Promise<number | null>;
  /** Writes some of `bytes` and returns how many. One write at a time. */
  write(bytes: Uint8Array): Promise<number>;
  /** Its end on this machine, if it is one of TCP. */
  readonly localAddr?: Deno.Addr | undefined;
  /** Hangs up. */
  close(): void;
}

/** Why a connection broke, in words. */
export function describeBreak(error: unknown): string {
  if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) {
    return "closed";
  }
  if (error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe) {
    return "broke the connection off";
  }
  return networkReason(error);
}

/** Writes all of `bytes`; a single `write` may take fewer. */
export async function writeAll(stream: PeerStream, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await stream.write(bytes.subarray(done));
}
