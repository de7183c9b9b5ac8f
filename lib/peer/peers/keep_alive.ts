/**
 * What a connection needs while nothing happens on it: when it ends, and when it is to be kept alive.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";

const KEEP_ALIVE_MS = 55_000;
/** rqbit hangs up after ten silent seconds. */
const KEEP_ALIVE_RQBIT_MS = 8000;
/** `-rQ` in hex. */
const RQBIT_ID = "2d7251";
const IDLE_TIMEOUT_MS = 150_000;
/** So long a new connection has to say what it has and wants. */
const FIRST_WORDS_MS = 1000;

/** Notes in the peer what its connection tells: whether it has everything, or wants nothing more. */
export function recordCompleteness(
  { peer, pieces, extension }: Connection,
  isTransferring: boolean,
): void {
  peer.complete = isTransferring && pieces.have.isFull;
  peer.wantsNothing = peer.complete || extension.uploadOnly;
}

/** Why the connection is to be closed, if it is. `weWantNothing`: everything we want is here. */
export function closeReason(
  connection: Connection,
  weWantNothing: boolean,
  nowMs: number,
): string | undefined {
  const { peer, lastReceivedMs, openedMs } = connection;
  if (peer.state === "banned") return peer.reason;
  if (nowMs - lastReceivedMs > IDLE_TIMEOUT_MS) return "said nothing for too long";
  if (!bothUninterested(connection, weWantNothing) || nowMs - openedMs <= FIRST_WORDS_MS) {
    return undefined;
  }
  return peer.complete ? "both sides are complete" : "both sides want nothing more";
}

/** Whether neither side wants anything. */
export function bothUninterested(
  { peer, upload }: Connection,
  weWantNothing: boolean,
): boolean {
  return weWantNothing && peer.wantsNothing && !upload.peerInterested;
}

/** Whether something has to be said so that the peer does not hang up. */
export function keepAliveDue({ negotiated, lastSentMs }: Connection, nowMs: number): boolean {
  const isRqbit = negotiated.peerId.startsWith(RQBIT_ID);
  return nowMs - lastSentMs >= (isRqbit ? KEEP_ALIVE_RQBIT_MS : KEEP_ALIVE_MS);
}
