/**
 * The options of a swarm and of its transfer.
 *
 * @module
 */

import type { Bitfield } from "../store/bitfield.ts";
import type { Layout } from "../store/layout.ts";
import type { PieceMemory, Wanted } from "../store/pieces.ts";
import type { TorrentHashes } from "./connection/info_hashes.ts";
import type { StoreBlock } from "./download/download.ts";
import type { ConnectionLimit } from "./peers/connection_limit.ts";
import type { KnownHashes } from "./verify/piece_hashes.ts";

/** What a transfer starts from. */
export interface TransferOptions extends KnownHashes {
  /** The info dictionary. */
  readonly info: Uint8Array;
  readonly layout: Layout;
  /** The pieces on disk. */
  readonly have: Bitfield;
  /** What to fetch when only some files were chosen; absent for everything. */
  readonly chosen?: Wanted | undefined;
  /** Number of pieces that may be in progress at once. */
  readonly slotCount: number;
  /** The memory for them, if other downloads share it. */
  readonly memory?: PieceMemory | undefined;
  readonly storeBlock: StoreBlock;
  /** Some pieces on disk were checked by SHA-1 although the torrent has SHA-256 hashes. */
  readonly usedSha1?: boolean | undefined;
  /** Only trackers and the user may introduce peers (BEP 27); default false. */
  readonly private?: boolean | undefined;
  /** Send each piece once before any twice, while no other peer has the content (BEP 16). */
  readonly superSeed?: boolean | undefined;
}

/** The limits of a transfer. */
export interface TransferLimits {
  /** Minimum number of peers to serve at once; grows when that raises the rate. */
  readonly uploadSlots: number;
  /** Bytes per second that may arrive now; absent for no limit. */
  readonly downloadLimit?: (() => number) | undefined;
}

/** What a swarm starts from: our identity and limits. */
export interface SwarmOptions extends TorrentHashes, TransferLimits {
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** Our client name (BEP 10 `v`). */
  readonly client: string;
  /** Our listen port. */
  readonly listenPort: number;
  /** The one IP address we listen on; absent when we listen on all of them. */
  readonly listenHost?: string | undefined;
  readonly maxConnections: number;
  /** The limit for all torrents of the client; absent when there is none. */
  readonly connectionLimit?: ConnectionLimit | undefined;
  /** A random number from 0 up to 1, evenly distributed. */
  readonly random: () => number;
}
