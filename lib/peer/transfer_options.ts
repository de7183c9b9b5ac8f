/**
 * What a transfer starts from, and what the swarm lends to it.
 *
 * @module
 */

import type { PieceLayer } from "../codec/piece_layer.ts";
import type { Bitfield } from "../store/bitfield.ts";
import type { Layout, PieceIndex } from "../store/layout.ts";
import type { Wanted } from "../store/pieces.ts";
import type { Emit } from "./actions.ts";
import type { Connection } from "./connection.ts";
import type { StoreBlock } from "./download_options.ts";
import type { Hunger } from "./hunger.ts";
import type { Peer } from "./peer_book.ts";

/** What a transfer starts from. */
export interface TransferOptions {
  /** The info dictionary. */
  readonly info: Uint8Array;
  readonly layout: Layout;
  /** What is on disk. */
  readonly have: Bitfield;
  /** What to fetch, where some files only were chosen; absent: all. */
  readonly chosen?: Wanted | undefined;
  /** Pieces that may be collected at once. */
  readonly slotCount: number;
  /** SHA-1 of each piece, packed; absent in v2 torrents. */
  readonly sha1s: Uint8Array | undefined;
  /** Piece layers by root in hex; empty in v1 torrents. */
  readonly layers: ReadonlyMap<string, PieceLayer>;
  readonly storeBlock: StoreBlock;
  /** Trackers and the user alone introduce peers (BEP 27); default false. */
  readonly private?: boolean | undefined;
  /** Hand out each piece once before any twice, while nobody else has the file (BEP 16). */
  readonly superSeed?: boolean | undefined;
}

/** What the swarm lends to its transfer. */
export interface TransferContext {
  readonly connections: ReadonlyMap<number, Connection>;
  readonly emit: Emit;
  readonly hunger: Hunger;
  readonly random: () => number;
  readonly peerById: (id: number) => Peer | undefined;
  /** It is proved that the peer sent corrupt data in this piece. */
  readonly convict: (peer: Peer, piece: PieceIndex) => void;
  readonly uploadSlots: number;
  /** Bytes per second that may arrive; absent: any number. */
  readonly downloadLimit?: number | undefined;
}
