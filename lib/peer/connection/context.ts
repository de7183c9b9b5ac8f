/**
 * What the parts of a swarm share.
 *
 * @module
 */

import type { Layout } from "../../store/layout.ts";
import type { Pieces } from "../../store/pieces.ts";
import type { Emit } from "./actions.ts";
import type { Connection } from "./connection.ts";
import type { Peer } from "./peer.ts";
import type { ReadyQueue } from "./ready_queue.ts";

/** What every part of a swarm may use. */
export interface SwarmContext {
  /** The open connections, by number. */
  readonly connections: ReadonlyMap<number, Connection>;
  /** Queues an action for after the current event. */
  readonly emit: Emit;
  /** The connections to poll next. */
  readonly ready: ReadyQueue;
  /** A random number from 0 up to 1, evenly distributed. */
  readonly random: () => number;
  /** The peer with this id, while it is known. */
  readonly peerById: (id: number) => Peer | undefined;
}

/** The context for the parts of a transfer, once the metadata is known. */
export interface TransferContext extends SwarmContext {
  readonly layout: Layout;
  readonly pieces: Pieces;
}

/** Asks the driver to close the connection, once. Further messages of the peer are ignored. */
export function closeConnection(
  { emit }: Pick<SwarmContext, "emit">,
  connection: Connection,
  reason: string,
): void {
  if (connection.closing) return;
  connection.closing = true;
  emit({ type: "close", connection, reason });
}
