/**
 * The step from fetching the metadata to transferring pieces, for connections that are open already.
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
 * Takes all connections over.
 *
 * @param upgrade hashes are needed, which peers give on v2 connections only
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
    else extensions.introduce(connection, true); // after what we have: see `saidUploadOnly`
  }
}

/**
 * Takes one connection over, with what its peer said before that could be understood. Returns why it has to
 * be closed, if it has.
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
  // We did not know that we could offer v2. Where the peer could, we come back at once.
  if (!upgrade || !connection.negotiated.upgradable || !connection.peer.dialable) return undefined;
  connection.renewed = true;
  return "connecting anew as v2";
}
