/**
 * Turns a swarm's actions into events for listeners.
 *
 * @module
 */

import type { Action } from "../peer/connection/actions.ts";
import { addressOf, type Peer } from "../peer/connection/peer.ts";
import type { PieceIndex } from "../store/layout.ts";
import type { TransferEvent } from "./events.ts";

/** An action that only informs listeners. */
type NewsAction = Extract<
  Action,
  { readonly type: "pieceStored" | "pieceFailed" | "pieceLost" | "peer" }
>;

/** The event for an action. `pathOf` returns the path of a piece on disk. */
export function eventOf(action: NewsAction, pathOf: (piece: PieceIndex) => string): TransferEvent {
  switch (action.type) {
    case "pieceStored": {
      const { piece, bytes, from } = action;
      return { type: "piece", piece, bytes, from: from.map(addressOf) };
    }
    case "pieceFailed":
      return { type: "pieceFailed", piece: action.piece, from: action.from.map(addressOf) };
    case "pieceLost":
      return { type: "pieceLost", piece: action.piece, path: pathOf(action.piece) };
    case "peer":
      return peerEvent(action.peer);
  }
}

function peerEvent(peer: Peer): TransferEvent {
  const { state, client, reason } = peer;
  return {
    type: "peer",
    address: addressOf(peer),
    state,
    ...(client !== "" && { client }),
    ...((state === "away" || state === "banned") && reason !== "" && { reason }),
  };
}
