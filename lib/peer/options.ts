/**
 * What a swarm starts from, and then its transfer.
 *
 * @module
 */

import type { Bitfield } from "../store/bitfield.ts";
import type { Layout } from "../store/layout.ts";
import type { Wanted } from "../store/pieces.ts";
import type { TorrentHashes } from "./connection/info_hashes.ts";
import type { StoreBlock } from "./download/download.ts";
import type { KnownHashes } from "./verify/piece_hashes.ts";

/** What a transfer starts from. */
export interface TransferOptions extends KnownHashes {
  /** The info dictionary. */
  readonly info: Uint8Array;
  readonly layout: Layout;
  /** What is on disk. */
  readonly have: Bitfield;
  /** What to fetch, where some files only were chosen; absent: all. */
  readonly chosen?: Wanted | undefined;
  /** Pieces that may be collected at once. */
  readonly slotCount: number;
  readonly storeBlock: StoreBlock;
  /** Some of what is on disk was checked by SHA-1 although the torrent has SHA-256 hashes. */
  readonly usedSha1?: boolean | undefined;
  /** Trackers and the user alone introduce peers (BEP 27); default false. */
  readonly private?: boolean | undefined;
  /** Hand out each piece once before any twice, while nobody else has the file (BEP 16). */
  readonly superSeed?: boolean | undefined;
}

/** What a transfer may spend. */
export interface TransferLimits {
  /** Peers served at once. */
  readonly uploadSlots: number;
  /** Bytes per second that may arrive; absent: any number. */
  readonly downloadLimit?: number | undefined;
}

/** Who we are and what we may spend. */
export interface SwarmOptions extends TorrentHashes, TransferLimits {
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** What we call ourselves (BEP 10 `v`). */
  readonly client: string;
  /** Where we accept connections. */
  readonly listenPort: number;
  /** The one IP address at which we do; absent when it is all of this machine. */
  readonly listenHost?: string | undefined;
  readonly maxConnections: number;
  /** A number from 0 up to 1, evenly distributed. */
  readonly random: () => number;
}
