/**
 * Moves open connections from the metadata fetch to the transfer.
 *
 * @module
 */

import type { Message } from "../codec/wire/message.ts";
import { ProtocolError } from "../errors.ts";
import type { Connection } from "./connection/connection.ts";
import { closeConnection, type SwarmContext } from "./connection/context.ts";
import type { Extensions } from "./extension/extensions.ts";
import type { MetadataFetch } from "./extension/metadata_fetch.ts";
import type { Transfer } from "./transfer.ts";

/**
 * Moves all connections to the transfer.
 *
 * @param upgrade we need hashes, which peers send on v2 connections only
 */
export function adoptConnections(
  context: SwarmContext,
  fetch: MetadataFetch,
  transfer: Transfer,
  extensions: Extensions,
  upgrade: boolean,
  nowMs: number,
): void {
  for (const connection of context.connections.values()) {
    context.ready.enqueue(connection);
    const held = fetch.held(connection);
    const end = adoptConnection(connection, held, transfer, upgrade, nowMs);
    if (end !== undefined) closeConnection(context, connection, end);
    else extensions.introduce(connection, true); // after our pieces: see `saidUploadOnly`
  }
}

/**
 * Moves one connection to the transfer and replays the messages that were held for it. Returns why it has to
 * be closed, or `undefined`.
 */
function adoptConnection(
  connection: Connection,
  held: readonly Message[],
  transfer: Transfer,
  upgrade: boolean,
  nowMs: number,
): string | undefined {
  transfer.onConnected(connection, true);
  try {
    for (const message of held) transfer.onMessage(connection, message, nowMs);
  } catch (error) {
    if (error instanceof ProtocolError) return error.message;
    throw error;
  }
  if (connection.upload.peerInterested) transfer.upload.onInterested(connection, nowMs);
  // We could not offer v2 before the metadata was known. If the peer supports it, we reconnect at once.
  if (!upgrade || !connection.negotiated.upgradable || !connection.peer.dialable) return undefined;
  connection.renewed = true;
  return "connecting anew as v2";
}
