/**
 * The encrypted handshake (MSE) over a connection, in either direction.
 *
 * @module
 */

import type { Framer } from "../codec/wire/framer.ts";
import { initiate, MAX_PADDING, type MseExchange, respond } from "../codec/wire/mse.ts";
import { mayBeKey, SECRET_LENGTH } from "../codec/wire/mse_keys.ts";
import { ProtocolError } from "../errors.ts";
import { TokenBucket } from "../peer/connection/token_bucket.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { EncryptedStream, type PeerStream, writeAll } from "./peer_stream.ts";

/**
 * Burst of key exchanges allowed for incoming connections. Each takes 0.3 ms of the main thread, so a burst
 * of this many stalls the program for 0.15 s. A whole swarm may well arrive at the same moment.
 */
export const EXCHANGES_AT_ONCE = 500;
/** Long-term rate of key exchanges for incoming connections, per second: 3 % of a processor. */
export const EXCHANGES_PER_SECOND = 100;

/** More than either side sends before the handshake is complete. */
const READ_BYTES = 4096;

/** What an acceptor of encrypted handshakes provides. */
export interface EncryptedResponder {
  /** Finds the torrent that an encrypted handshake asks for: see {@link respond}. */
  infoHashOf(hashed: Uint8Array): Uint8Array | undefined;
  /** See {@link exchangeAllowance}. */
  readonly exchanges: TokenBucket;
  /** The clock of `exchanges`; the system clock by default. */
  readonly clock?: Clock;
}

/** A token bucket that limits the key exchanges computed for incoming connections. */
export function exchangeAllowance(nowMs: number): TokenBucket {
  return new TokenBucket(EXCHANGES_AT_ONCE, EXCHANGES_PER_SECOND, nowMs);
}

/**
 * Continues a connection that did not begin with a plain handshake. Whatever part of the peer's handshake has
 * already arrived is in `framer`; the rest is read from the returned stream.
 *
 * @param begin the bytes received so far
 * @param framer an empty one
 * @throws {ProtocolError} if it is not an encrypted handshake either, is for none of these torrents, or
 * exceeds the limit on key exchanges
 */
export async function acceptEncrypted(
  conn: PeerStream,
  begin: Uint8Array,
  framer: Framer,
  responder: EncryptedResponder,
): Promise<PeerStream> {
  if (!mayBeKey(begin)) throw new ProtocolError("does not speak the BitTorrent protocol");
  if (!responder.exchanges.tryTake((responder.clock ?? systemClock).nowMs())) {
    throw new ProtocolError("is one of too many");
  }
  return await carryOut(
    conn,
    framer,
    respond(ownPart(), (hashed) => responder.infoHashOf(hashed)),
    begin,
  );
}

/**
 * Starts an encrypted handshake that carries the plain one. Whatever part of the answer has already arrived
 * is in `framer`; the rest is read from the returned stream.
 *
 * @param framer an empty one
 * @throws {ProtocolError} if the other side does not support it or does not have the torrent
 */
export function dialEncrypted(
  conn: PeerStream,
  framer: Framer,
  infoHash: Uint8Array,
  handshake: Uint8Array,
): Promise<PeerStream> {
  return carryOut(conn, framer, initiate(ownPart(), infoHash, handshake));
}

/** Performs the reads and writes of the exchange; returns the stream to continue with. */
async function carryOut(
  conn: PeerStream,
  framer: Framer,
  exchange: MseExchange,
  begin?: Uint8Array,
): Promise<PeerStream> {
  const buffer = new Uint8Array(READ_BYTES);
  let arrived = begin;
  let step = exchange.next();
  while (!step.done) {
    if (step.value !== undefined) {
      await writeAll(conn, step.value);
      step = exchange.next();
    } else {
      step = exchange.next(arrived ?? await readSome(conn, buffer));
      arrived = undefined;
    }
  }
  const { received, ciphers } = step.value;
  framer.push(received);
  return ciphers === undefined ? conn : new EncryptedStream(conn, ciphers);
}

async function readSome(conn: PeerStream, buffer: Uint8Array): Promise<Uint8Array> {
  const count = await conn.read(buffer);
  if (count === null) throw new ProtocolError("hung up during the encrypted handshake");
  return buffer.subarray(0, count);
}

/** Generates a random key and padding for one exchange. */
function ownPart() {
  const [length] = crypto.getRandomValues(new Uint16Array(1));
  return {
    secret: crypto.getRandomValues(new Uint8Array(SECRET_LENGTH)),
    padding: crypto.getRandomValues(new Uint8Array(length! % (MAX_PADDING + 1))),
  };
}
