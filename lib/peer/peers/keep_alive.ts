/**
 * Decides when an idle connection is closed, and when it needs a keep-alive.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";

const KEEP_ALIVE_MS = 55_000;
/** rqbit disconnects after ten seconds of silence. */
const KEEP_ALIVE_RQBIT_MS = 8000;
/** `-rQ` in hex. */
const RQBIT_ID = "2d7251";
const IDLE_TIMEOUT_MS = 150_000;
/** How long a new connection has to announce pieces and interest. */
const FIRST_WORDS_MS = 1000;

/** Records in the peer whether it is complete and whether it wants nothing more. */
export function recordCompleteness(
  { peer, pieces, extension }: Connection,
  isTransferring: boolean,
): void {
  peer.complete = isTransferring && pieces.have.isFull;
  peer.wantsNothing = peer.complete || extension.uploadOnly;
}

/** Why to close the connection, or `undefined`. `weWantNothing`: we have everything we want. */
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

/** Whether neither side wants anything from the other. */
export function bothUninterested(
  { peer, upload }: Connection,
  weWantNothing: boolean,
): boolean {
  return weWantNothing && peer.wantsNothing && !upload.peerInterested;
}

/** Whether to send a keep-alive so that the peer does not disconnect. */
export function keepAliveDue({ negotiated, lastSentMs }: Connection, nowMs: number): boolean {
  const isRqbit = negotiated.peerId.startsWith(RQBIT_ID);
  return nowMs - lastSentMs >= (isRqbit ? KEEP_ALIVE_RQBIT_MS : KEEP_ALIVE_MS);
}
