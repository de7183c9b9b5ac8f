/**
 * From nothing to two handshakes exchanged, in either direction.
 *
 * @module
 */

import { HANDSHAKE_HEAD_LENGTH, HANDSHAKE_LENGTH } from "../codec/handshake.ts";
import { decodeHandshake, decodeHandshakeHead, encodeHandshake } from "../codec/handshake.ts";
import type { Handshake, HandshakeHead } from "../codec/handshake.ts";
import { Framer } from "../codec/framer.ts";
import { ProtocolError } from "../errors.ts";

const CONNECT_TIMEOUT_MS = 8000;
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** A TCP connection whose handshakes are through, with whatever else has arrived already. */
export interface OpenedSocket {
  readonly conn: Deno.TcpConn;
  readonly framer: Framer;
  /** What the other side said. */
  readonly handshake: Handshake;
}

/**
 * Connects and shakes hands.
 *
 * @throws {Error} when the address cannot be reached in time
 * @throws {ProtocolError} when what answers does not speak BitTorrent
 */
export async function dial(
  host: string,
  port: number,
  ours: Handshake,
  signal: AbortSignal,
): Promise<OpenedSocket> {
  const conn = await connect(host, port, signal);
  return await withTimeout(conn, signal, async () => {
    conn.setNoDelay(true);
    await writeAll(conn, encodeHandshake(ours));
    const framer = new Framer();
    const handshake = decodeHandshake(await readExactly(conn, framer, HANDSHAKE_LENGTH));
    return { conn, framer, handshake };
  });
}

/** Connects, not longer than a few seconds. Leaves no timer behind. */
async function connect(host: string, port: number, signal: AbortSignal): Promise<Deno.TcpConn> {
  const giveUp = new AbortController();
  const abort = () => giveUp.abort(new Error("took too long to connect"));
  const timer = setTimeout(abort, CONNECT_TIMEOUT_MS);
  signal.addEventListener("abort", abort);
  try {
    return await Deno.connect({ hostname: host, port, signal: giveUp.signal });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

/**
 * Reads the handshake of somebody who connected to us, and answers as soon as it is clear for which
 * torrent it is: some hold back their peer id until they are answered.
 *
 * @param answerFor what to say for this torrent; `undefined` closes the connection without an answer
 * @throws {ProtocolError} when it does not speak BitTorrent or asks for a torrent we do not have
 */
export async function answer<T extends { handshake: Handshake }>(
  conn: Deno.TcpConn,
  answerFor: (head: HandshakeHead) => T | undefined,
  signal: AbortSignal,
): Promise<OpenedSocket & { readonly settled: T }> {
  return await withTimeout(conn, signal, async () => {
    conn.setNoDelay(true);
    const framer = new Framer();
    const headBytes = (await readExactly(conn, framer, HANDSHAKE_HEAD_LENGTH)).slice();
    const settled = answerFor(decodeHandshakeHead(headBytes));
    if (settled === undefined) throw new ProtocolError("asks for a torrent that is not here");
    await writeAll(conn, encodeHandshake(settled.handshake));
    const whole = new Uint8Array(HANDSHAKE_LENGTH);
    whole.set(headBytes);
    const rest = await readExactly(conn, framer, HANDSHAKE_LENGTH - HANDSHAKE_HEAD_LENGTH);
    whole.set(rest, HANDSHAKE_HEAD_LENGTH);
    return { conn, framer, handshake: decodeHandshake(whole), settled };
  });
}

/** Writes all of `bytes`; a single `write` may take fewer. */
export async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await conn.write(bytes.subarray(done));
}

/** Closes a connection that may be closed already. */
export function closeQuietly(resource: { close(): void }): void {
  try {
    resource.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

async function readExactly(conn: Deno.TcpConn, framer: Framer, count: number): Promise<Uint8Array> {
  for (;;) {
    const bytes = framer.take(count);
    if (bytes !== undefined) return bytes;
    // A stranger that speaks another protocol is seen by its first byte, not by its silence.
    const read = await conn.read(framer.space());
    if (read === null) throw new ProtocolError("hung up during the handshake");
    framer.advance(read);
  }
}

/** Runs the exchange; when it fails or takes too long, the connection is closed. */
async function withTimeout<T>(
  conn: Deno.TcpConn,
  signal: AbortSignal,
  exchange: () => Promise<T>,
): Promise<T> {
  let late = false;
  const abort = () => closeQuietly(conn);
  const timer = setTimeout(() => {
    late = true;
    abort();
  }, HANDSHAKE_TIMEOUT_MS);
  signal.addEventListener("abort", abort);
  try {
    return await exchange();
  } catch (error) {
    closeQuietly(conn);
    throw late ? new ProtocolError("did not answer the handshake") : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
