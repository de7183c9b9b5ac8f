/**
 * Opens connections and exchanges handshakes, in either direction.
 *
 * @module
 */

import { concat } from "../codec/bytes.ts";
import { Framer } from "../codec/wire/framer.ts";
import {
  decodeHandshake,
  decodeHandshakeHead,
  encodeHandshake,
  type Handshake,
  HANDSHAKE_HEAD_LENGTH,
  HANDSHAKE_LENGTH,
  type HandshakeHead,
  isPlainHandshake,
} from "../codec/wire/handshake.ts";
import { ProtocolError } from "../errors.ts";
import { acceptEncrypted, dialEncrypted, type EncryptedResponder } from "./encrypted_handshake.ts";
import { type PeerStream, writeAll } from "./peer_stream.ts";

const CONNECT_TIMEOUT_MS = 8000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const HUNG_UP = "hung up during the handshake";

/** A connection after both handshakes, with any further bytes that have already arrived. */
export interface OpenedSocket {
  readonly conn: PeerStream;
  readonly framer: Framer;
  /** The other side's handshake. */
  readonly handshake: Handshake;
}

/** The other side closed the connection without sending anything where an answer was due. */
export class ConnectionClosedError extends ProtocolError {
  /** Uses the same message as a connection that ended midway. */
  constructor() {
    super(HUNG_UP);
  }
}

/**
 * Connects and exchanges handshakes.
 *
 * @param encrypted use an encrypted handshake that carries the plain one
 * @throws {Error} if the address cannot be reached in time
 * @throws {ConnectionClosedError} if the other side sends nothing at all: it may want the other kind of
 * handshake
 * @throws {ProtocolError} if the other side does not speak BitTorrent
 */
export async function dialHandshake(
  host: string,
  port: number,
  ours: Handshake,
  encrypted: boolean,
  signal: AbortSignal,
): Promise<OpenedSocket> {
  const conn = await connect(host, port, signal);
  return await withTimeout(conn, signal, async () => {
    conn.setNoDelay(true);
    const framer = new Framer();
    const bytes = encodeHandshake(ours);
    let stream: PeerStream = conn;
    if (encrypted) stream = await dialEncrypted(conn, framer, ours.infoHash, bytes);
    else await writeAll(conn, bytes);
    const handshake = decodeHandshake(await readExactly(stream, framer, HANDSHAKE_LENGTH));
    return { conn: stream, framer, handshake };
  });
}

/**
 * Connects, with a time limit of a few seconds. Leaves no timer behind.
 *
 * @throws {Error} if the address cannot be reached in time
 */
export async function connect(
  host: string,
  port: number,
  signal: AbortSignal,
  timeoutMs: number = CONNECT_TIMEOUT_MS,
): Promise<Deno.TcpConn> {
  const giveUp = new AbortController();
  const abort = () => giveUp.abort(new Deno.errors.TimedOut("took too long to connect"));
  const timer = setTimeout(abort, timeoutMs);
  signal.addEventListener("abort", abort);
  try {
    return await Deno.connect({ hostname: host, port, signal: giveUp.signal });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

/** Decides how incoming handshakes are answered. */
export interface HandshakeResponder<T> extends EncryptedResponder {
  /** The answer for this torrent; `undefined` closes the connection without one. */
  answerFor(head: HandshakeHead): T | undefined;
}

/**
 * Reads the handshake of an incoming connection, plain or encrypted. It answers as soon as the info-hash is
 * known, because some peers hold back their peer id until they are answered.
 *
 * @throws {ProtocolError} if the peer does not speak BitTorrent or asks for a torrent we do not have
 */
export async function acceptHandshake<T extends { handshake: Handshake }>(
  conn: Deno.TcpConn,
  responder: HandshakeResponder<T>,
  signal: AbortSignal,
): Promise<OpenedSocket & { readonly settled: T }> {
  return await withTimeout(conn, signal, async () => {
    conn.setNoDelay(true);
    const framer = new Framer();
    let stream: PeerStream = conn;
    let headBytes = (await readExactly(conn, framer, HANDSHAKE_HEAD_LENGTH)).slice();
    if (!isPlainHandshake(headBytes)) {
      const begin = concat(headBytes, framer.take(framer.buffered)!);
      stream = await acceptEncrypted(conn, begin, framer, responder);
      headBytes = (await readExactly(stream, framer, HANDSHAKE_HEAD_LENGTH)).slice();
    }
    const settled = responder.answerFor(decodeHandshakeHead(headBytes));
    if (settled === undefined) throw new ProtocolError("asks for a torrent that is not here");
    await writeAll(stream, encodeHandshake(settled.handshake));
    const whole = new Uint8Array(HANDSHAKE_LENGTH);
    whole.set(headBytes);
    const rest = await readExactly(stream, framer, HANDSHAKE_LENGTH - HANDSHAKE_HEAD_LENGTH);
    whole.set(rest, HANDSHAKE_HEAD_LENGTH);
    return { conn: stream, framer, handshake: decodeHandshake(whole), settled };
  });
}

/** Closes a connection that may already be closed. */
export function closeQuietly(resource: { close(): void }): void {
  try {
    resource.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

async function readExactly(conn: PeerStream, framer: Framer, count: number): Promise<Uint8Array> {
  for (;;) {
    const bytes = framer.take(count);
    if (bytes !== undefined) return bytes;
    // Reads as much as there is, so that another protocol is recognised by its first bytes, not by a timeout.
    const read = await conn.read(framer.space());
    if (read === null) {
      throw framer.buffered === 0 ? new ConnectionClosedError() : new ProtocolError(HUNG_UP);
    }
    framer.advance(read);
  }
}

/** Runs the exchange; closes the connection if it fails or takes too long. */
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
