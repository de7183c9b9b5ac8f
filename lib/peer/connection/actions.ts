/**
 * What the swarm wants done. It does nothing itself: whoever drives it carries these out, in order,
 * and reports back what came of them.
 *
 * @module
 */

import type { Message } from "../../codec/wire/message.ts";
import type { PieceIndex } from "../../store/layout.ts";
import type { ActivePiece, PieceHash } from "../../store/pieces.ts";
import type { Connection } from "./connection.ts";
import type { Peer } from "./peer.ts";

/** One thing to do. Discriminated by `type`. */
export type Action =
  /** Connect to a peer and shake hands on this info-hash. Answer: `opened` or `dialFailed`. */
  | { readonly type: "dial"; readonly peer: Peer; readonly v2: boolean }
  /** Write a message. */
  | { readonly type: "send"; readonly connection: Connection; readonly message: Message }
  /** Ask for blocks: of each its piece, begin and length, one after the other. */
  | {
    readonly type: "request";
    readonly connection: Connection;
    readonly blocks: readonly number[];
  }
  /** Write the same message to several peers, some of whom may be gone. */
  | { readonly type: "broadcast"; readonly to: readonly Connection[]; readonly message: Message }
  /** The connection has uploads waiting: fetch them with `takeUploads` as the socket can take them. */
  | { readonly type: "upload"; readonly connection: Connection }
  /** Close the connection. Answer: `closed`. */
  | { readonly type: "close"; readonly connection: Connection; readonly reason: string }
  /** All blocks of the piece are in its slot: check it and store it. Answer: `verified` or `storeFailed`. */
  | VerifyAction
  /** Read a piece from disk and hash its blocks, for a peer. Answer: `hashed`. */
  | { readonly type: "hashBlocks"; readonly piece: PieceIndex }
  /** The info dictionary is here and matches its hash. Answer: `beginTransfer`. */
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
  /** A piece on disk is not what it was, and is no longer given to anybody. */
  | { readonly type: "pieceLost"; readonly piece: PieceIndex }
  /**
   * What a web seed sent of a piece is proved to be wrong. Which of its files that means, and whether the
   * others are still to be had from there, its driver judges: see {@link Swarm.ban}.
   */
  | { readonly type: "spoiled"; readonly peer: Peer; readonly piece: PieceIndex }
  /** Every wanted piece is stored. */
  | { readonly type: "complete" }
  /** A peer changed its state. */
  | { readonly type: "peer"; readonly peer: Peer };

/** A full piece for the driver to check and to store. */
export interface VerifyAction {
  readonly type: "verify";
  readonly active: ActivePiece;
  /** What the piece has to match. */
  readonly expected: PieceHash;
  /** How the piece is remembered once it is stored. */
  readonly note: PieceNote;
  /** Whether the digests of its blocks are wanted even if the piece matches. */
  readonly wantsDigests: boolean;
}

/**
 * How a stored piece is remembered: as `verified`; as checked by `sha1` only, although the torrent has
 * SHA-256 hashes; or not at all, since only a `fragment` of it is kept.
 */
export type PieceNote = "verified" | "sha1" | "fragment";

/** Takes an action to be carried out after the current event. */
export type Emit = (action: Action) => void;

const NOTHING: readonly Action[] = [];

/** A list of actions. */
export class Outbox {
  #actions: Action[] = [];

  /** Adds one. */
  readonly emit: Emit = (action) => {
    this.#actions.push(action);
  };

  /** All of them in order; the list is empty afterwards. */
  take(): readonly Action[] {
    if (this.#actions.length === 0) return NOTHING;
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }
}
