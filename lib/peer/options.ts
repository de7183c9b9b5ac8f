/**
 * What a transfer starts from, and what the swarm lends to it.
 *
 * @module
 */

import type { PieceLayer } from "../codec/torrent/piece_layer.ts";
import type { Bitfield } from "../store/bitfield.ts";
import type { Layout, PieceIndex } from "../store/layout.ts";
import type { Wanted } from "../store/pieces.ts";
import type { Emit } from "./connection/actions.ts";
import type { Connection } from "./connection/connection.ts";
import type { StoreBlock } from "./connection/context.ts";
import type { ReadyQueue } from "./connection/ready_queue.ts";
import type { Peer } from "./connection/peer.ts";

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
  /** Some of what is on disk was checked by SHA-1 although the torrent has SHA-256 hashes. */
  readonly usedSha1?: boolean | undefined;
  /** Trackers and the user alone introduce peers (BEP 27); default false. */
  readonly private?: boolean | undefined;
  /** Hand out each piece once before any twice, while nobody else has the file (BEP 16). */
  readonly superSeed?: boolean | undefined;
}

/** What the swarm lends to its transfer. */
export interface TransferContext {
  readonly connections: ReadonlyMap<number, Connection>;
  readonly emit: Emit;
  readonly hunger: ReadyQueue;
  readonly random: () => number;
  readonly peerById: (id: number) => Peer | undefined;
  /** It is proved that the peer sent corrupt data in this piece. */
  readonly convict: (peer: Peer, piece: PieceIndex) => void;
  readonly uploadSlots: number;
  /** Bytes per second that may arrive; absent: any number. */
  readonly downloadLimit?: number | undefined;
}

/** Who we are and what we may spend. */
export interface SwarmOptions {
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** What we call ourselves (BEP 10 `v`). */
  readonly client: string;
  /** Where we accept connections. */
  readonly listenPort: number;
  /** The one IP address at which we do; absent when it is all of this machine. */
  readonly listenHost?: string | undefined;
  /** SHA-1 of the info dictionary, 20 bytes, if there is one. */
  readonly v1Hash?: Uint8Array | undefined;
  /** SHA-256 of the info dictionary, 32 bytes, if there is one. */
  readonly v2Hash?: Uint8Array | undefined;
  readonly maxConnections: number;
  /** Peers served at once. */
  readonly uploadSlots: number;
  /** Bytes per second that may arrive; absent: any number. */
  readonly downloadLimit?: number | undefined;
  /** A number from 0 up to 1, evenly distributed. */
  readonly random: () => number;
}
