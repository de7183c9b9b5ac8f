/**
 * The step from fetching the metadata to transferring pieces, for a connection that is open already.
 *
 * @module
 */

import type { Message } from "../codec/wire/message.ts";
import { ProtocolError } from "../errors.ts";
import type { Connection } from "./connection/connection.ts";
import type { Transfer } from "./transfer.ts";

/**
 * Takes the connection over, with what its peer said before that could be understood. Returns why it has
 * to be closed, if it has.
 *
 * @param upgrade hashes are needed, which peers give on v2 connections only
 */
export function adoptConnection(
  connection: Connection,
  held: readonly Message[],
  transfer: Transfer,
  upgrade: boolean,
  nowMs: number,
): string | undefined {
  transfer.joined(connection, true);
  try {
    for (const message of held) transfer.received(connection, message, nowMs);
  } catch (error) {
    if (error instanceof ProtocolError) return error.message;
    throw error;
  }
  if (connection.upload.peerInterested) transfer.upload.interested(connection, nowMs);
  // We did not know that we could offer v2. Where the peer could, we come back at once.
  if (!upgrade || !connection.negotiated.upgradable || !connection.peer.dialable) return undefined;
  connection.renewed = true;
  return "connecting anew as v2";
}
