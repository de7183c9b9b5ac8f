/**
 * The encrypted handshake over a connection, in either direction.
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
 * Key exchanges that strangers get at once. Each takes 0.3 ms of the thread that does everything, so
 * this many stall a program for 0.15 s; a whole swarm may well arrive in the same moment.
 */
export const EXCHANGES_AT_ONCE = 500;
/** Key exchanges that strangers get in a second in the long run: 3 % of a processor. */
export const EXCHANGES_PER_SECOND = 100;

/** More than either side has to say before the connection goes on. */
const READ_BYTES = 4096;

/** Who accepts encrypted handshakes. */
export interface EncryptedResponder {
  /** The torrents that are here, 20 bytes each. */
  infoHashes(): Iterable<Uint8Array>;
  /** See {@link exchangeAllowance}. */
  readonly exchanges: TokenBucket;
  /** The clock of `exchanges`; the machine's by default. */
  readonly clock?: Clock;
}

/** What strangers may have computed for them. */
export function exchangeAllowance(nowMs: number): TokenBucket {
  return new TokenBucket(EXCHANGES_AT_ONCE, EXCHANGES_PER_SECOND, nowMs);
}

/**
 * Goes on with a connection that did not begin with a plain handshake. What the other side says next,
 * its handshake, is in `framer` as far as it has come, or is read from the stream that is returned.
 *
 * @param begin what has come so far
 * @param framer an empty one
 * @throws {ProtocolError} when it is no encrypted handshake either, or for none of these torrents, or
 * when there have been too many of them lately
 */
export async function acceptEncrypted(
  conn: PeerStream,
  begin: Uint8Array,
  framer: Framer,
  desk: EncryptedResponder,
): Promise<PeerStream> {
  if (!mayBeKey(begin)) throw new ProtocolError("does not speak the BitTorrent protocol");
  if (!desk.exchanges.tryTake((desk.clock ?? systemClock).nowMs())) {
    throw new ProtocolError("is one of too many");
  }
  return await carryOut(conn, framer, respond(ownPart(), desk.infoHashes()), begin);
}

/**
 * Begins an encrypted handshake that carries the plain one. The answer to that is in `framer` as far as
 * it has come, or is read from the stream that is returned.
 *
 * @param framer an empty one
 * @throws {ProtocolError} when the other side does not speak it, or does not have the torrent
 */
export function dialEncrypted(
  conn: PeerStream,
  framer: Framer,
  infoHash: Uint8Array,
  handshake: Uint8Array,
): Promise<PeerStream> {
  return carryOut(conn, framer, initiate(ownPart(), infoHash, handshake));
}

/** Sends and receives what the exchange wants; returns the stream to go on with. */
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

/** A key and padding for one exchange. */
function ownPart() {
  const [length] = crypto.getRandomValues(new Uint16Array(1));
  return {
    secret: crypto.getRandomValues(new Uint8Array(SECRET_LENGTH)),
    padding: crypto.getRandomValues(new Uint8Array(length! % (MAX_PADDING + 1))),
  };
}
