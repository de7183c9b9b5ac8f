/**
 * What fetching starts from.
 *
 * @module
 */

import type { Layout, PieceIndex } from "../../store/layout.ts";
import type { ActivePiece, Pieces } from "../../store/pieces.ts";
import type { Emit } from "./actions.ts";
import type { Connection } from "./connection.ts";
import type { ReadyQueue } from "./ready_queue.ts";

/** Where the bytes of a block go: into the piece memory, or nowhere in a simulation. */
export type StoreBlock = (slot: number, begin: number, block: Uint8Array) => void;

/** What fetching needs from its surroundings. */
export interface DownloadOptions {
  readonly layout: Layout;
  readonly pieces: Pieces;
  readonly connections: Iterable<Connection>;
  readonly emit: Emit;
  /** Who is to be settled next. */
  readonly hunger: ReadyQueue;
  readonly storeBlock: StoreBlock;
  readonly random: () => number;
  /** Bytes per second that may arrive; absent: any number. */
  readonly downloadLimit?: number | undefined;
  /** Whether the hash of a piece is known yet. */
  readonly canVerify: (piece: PieceIndex) => boolean;
  /** A piece has all its blocks. */
  readonly onFull: (active: ActivePiece) => void;
  /** Pieces to be fetched first, each by one peer alone: they failed before. */
  readonly doubted: ReadonlySet<PieceIndex>;
}
