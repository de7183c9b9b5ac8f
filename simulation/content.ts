/**
 * The content of a simulated swarm: a torrent, and what each node stores of it. Tests provide real bytes with
 * real hashes; a simulation of thousands of peers provides none.
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
  /** The piece layers by root: complete, or as far as a magnet link provides them. */
  layers(isComplete: boolean): ReadonlyMap<string, PieceLayer>;
}

/** The result of checking a piece. */
export interface Verdict {
  readonly matches: boolean;
  /** SHA-256 of each block, packed; present if requested or if the piece is wrong. */
  readonly digests?: Uint8Array | undefined;
}

/** The memory and disk of one node. */
export interface SimStorage {
  /** Number of pieces that may be downloaded at once. */
  readonly slotCount: number;
  /** Stores a received block of the piece in this slot. */
  storeBlock(slot: number, begin: number, block: Uint8Array): void;
  /** Reads part of a piece; the data is corrupted if `isWrong`. */
  read(piece: number, begin: number, length: number, isWrong: boolean): Uint8Array;
  /** Checks the piece in its slot, and stores it if it is correct. */
  verify(active: ActivePiece, expected: PieceHash, wantsDigests: boolean): Verdict;
  /** SHA-256 of each block of a stored piece, packed. */
  hashBlocks(piece: PieceIndex): Uint8Array;
}
