/**
 * What the parts of a swarm share, made once.
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
  /** Takes an action to be carried out after the current event. */
  readonly emit: Emit;
  /** The connections to be polled next. */
  readonly ready: ReadyQueue;
  /** A number from 0 up to 1, evenly distributed. */
  readonly random: () => number;
  /** The peer of this number, as long as it is known. */
  readonly peerById: (id: number) => Peer | undefined;
}

/** The same for the parts of a transfer, once the metadata is known. */
export interface TransferContext extends SwarmContext {
  readonly layout: Layout;
  readonly pieces: Pieces;
}

/** Asks the driver to close the connection, once. What its peer still says counts no longer. */
export function closeConnection(
  { emit }: Pick<SwarmContext, "emit">,
  connection: Connection,
  reason: string,
): void {
  if (connection.closing) return;
  connection.closing = true;
  emit({ type: "close", connection, reason });
}
