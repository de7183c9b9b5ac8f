/**
 * Connects to peers of one torrent.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import type { Peer } from "../peer/peer_book.ts";
import type { Swarm } from "../peer/swarm.ts";
import { closeQuietly, dial, type OpenedSocket } from "./handshaking.ts";

/** A connection to a peer of the torrent that was asked for. */
export interface DialledSocket {
  readonly opened: OpenedSocket;
  /** The connection runs on the v2 info-hash. */
  readonly v2: boolean;
}

/**
 * Connects to a peer and shakes hands.
 *
 * @param v2 on the v2 info-hash; a peer may answer with it in any case (BEP 52)
 * @throws {Error} when the peer cannot be reached, or does not share the torrent
 */
export async function dialPeer(
  swarm: Swarm,
  { host, port }: Peer,
  v2: boolean,
  signal: AbortSignal,
): Promise<DialledSocket> {
  const opened = await dial(host, port, swarm.infoHashes.handshake(v2), signal);
  const answered = swarm.infoHashes.versionOf(opened.handshake);
  if (answered === undefined || (answered === "v1" && v2)) {
    closeQuietly(opened.conn);
    throw new ProtocolError("answered for another torrent");
  }
  return { opened, v2: answered === "v2" };
}

/** Why an attempt to connect failed, in words. */
export function dialReason(error: unknown): string {
  if (error instanceof Deno.errors.ConnectionRefused) return "refuses connections";
  if (error instanceof Deno.errors.TimedOut) return "does not answer";
  if (error instanceof Error) return error.message;
  return String(error);
}
