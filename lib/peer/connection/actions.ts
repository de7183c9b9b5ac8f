/**
 * What the swarm wants its driver to do. The swarm does none of it itself: the driver carries the actions out
 * in order and reports the results back.
 *
 * @module
 */

import type { Message } from "../../codec/wire/message.ts";
import type { PieceIndex } from "../../store/layout.ts";
import type { ActivePiece, PieceHash } from "../../store/pieces.ts";
import type { Connection } from "./connection.ts";
import type { Peer } from "./peer.ts";

/** One action, discriminated by `type`. */
export type Action =
  /** Connect to a peer and shake hands on this info-hash. Answer: `opened` or `dialFailed`. */
  | { readonly type: "dial"; readonly peer: Peer; readonly v2: boolean }
  /** Write a message. */
  | { readonly type: "send"; readonly connection: Connection; readonly message: Message }
  /** Request blocks: piece, begin and length of each, one after the other. */
  | {
    readonly type: "request";
    readonly connection: Connection;
    readonly blocks: readonly number[];
  }
  /** Write the same message to several peers, some of which may be gone. */
  | { readonly type: "broadcast"; readonly to: readonly Connection[]; readonly message: Message }
  /** The connection has uploads waiting. Fetch them with `takeUploads` as the socket can take them. */
  | { readonly type: "upload"; readonly connection: Connection }
  /** Close the connection. Answer: `closed`. */
  | { readonly type: "close"; readonly connection: Connection; readonly reason: string }
  /** All blocks of the piece are in its slot. Check and store it. Answer: `verified` or `storeFailed`. */
  | VerifyAction
  /** Read a piece from disk and hash its blocks, for a peer. Answer: `hashed`. */
  | { readonly type: "hashBlocks"; readonly piece: PieceIndex }
  /** The info dictionary is complete and matches its hash. Answer: `beginTransfer`. */
  | { readonly type: "metadata"; readonly info: Uint8Array }
  /** A piece is verified and stored. */
  | {
    readonly type: "pieceStored";
    readonly piece: PieceIndex;
    /** Bytes of file data in it. */
    readonly bytes: number;
    readonly from: readonly Peer[];
  }
  /** A piece did not match its hash. */
  | { readonly type: "pieceFailed"; readonly piece: PieceIndex; readonly from: readonly Peer[] }
  /** A piece on disk has changed, and is no longer served. */
  | { readonly type: "pieceLost"; readonly piece: PieceIndex }
  /**
   * A web seed is proven to have sent wrong data in a piece. The driver decides which file that concerns, and
   * whether to keep fetching the others from that server: see {@link Swarm.ban}.
   */
  | { readonly type: "spoiled"; readonly peer: Peer; readonly piece: PieceIndex }
  /** Every wanted piece is stored. */
  | { readonly type: "complete" }
  /** The state of a peer changed. */
  | { readonly type: "peer"; readonly peer: Peer };

/** A full piece for the driver to check and store. */
export interface VerifyAction {
  readonly type: "verify";
  readonly active: ActivePiece;
  /** The hash the piece must match. */
  readonly expected: PieceHash;
  /** How to record the piece once it is stored. */
  readonly note: PieceNote;
  /** Whether the digests of its blocks are wanted even if the piece matches. */
  readonly wantsDigests: boolean;
}

/**
 * How a stored piece is recorded: as `verified`; as checked only by `sha1` although the torrent has SHA-256
 * hashes; or not at all, because only a `fragment` of it is kept.
 */
export type PieceNote = "verified" | "sha1" | "fragment";

/** Queues an action for after the current event. */
export type Emit = (action: Action) => void;

const NOTHING: readonly Action[] = [];

/** The queued actions. */
export class Outbox {
  #actions: Action[] = [];

  /** Queues an action. */
  readonly emit: Emit = (action) => {
    this.#actions.push(action);
  };

  /** Returns the queued actions in order and empties the queue. */
  take(): readonly Action[] {
    if (this.#actions.length === 0) return NOTHING;
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }
}
