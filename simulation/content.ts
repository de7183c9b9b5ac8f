/**
 * What a simulated swarm shares: a torrent, and what each node stores of it. Tests bring real bytes with
 * real hashes; a simulation of thousands of peers brings none.
 *
 * @module
 */

import type { PieceLayer } from "../lib/codec/torrent/piece_layer.ts";
import type { TorrentHashes } from "../lib/peer/connection/info_hashes.ts";
import type { Layout, PieceIndex } from "../lib/store/layout.ts";
import type { ActivePiece, PieceHash } from "../lib/store/pieces.ts";

/** The torrent of a swarm. */
export interface SimTorrent {
  readonly layout: Layout;
  readonly hashes: TorrentHashes;
  /** The info dictionary. */
  readonly infoBytes: Uint8Array;
  /** SHA-1 of each piece, packed; absent in v2 torrents. */
  readonly sha1s: Uint8Array | undefined;
  readonly isPrivate: boolean;
  /** The piece layers by root: complete, or as a magnet link leaves them. */
  layers(isComplete: boolean): ReadonlyMap<string, PieceLayer>;
}

/** What a node made out about a piece. */
export interface Verdict {
  readonly matches: boolean;
  /** SHA-256 of each block, packed, where they were asked for or the piece is wrong. */
  readonly digests?: Uint8Array | undefined;
}

/** The memory and the disk of one node. */
export interface SimStorage {
  /** Pieces that may be collected at once. */
  readonly slotCount: number;
  /** A block of the piece in this slot arrived. */
  storeBlock(slot: number, begin: number, block: Uint8Array): void;
  /** Part of a piece, spoiled when `isWrong`. */
  read(piece: number, begin: number, length: number, isWrong: boolean): Uint8Array;
  /** Checks the piece in its slot, and stores it when it is right. */
  verify(active: ActivePiece, expected: PieceHash, wantsDigests: boolean): Verdict;
  /** SHA-256 of each block of a stored piece, packed. */
  hashBlocks(piece: PieceIndex): Uint8Array;
}
