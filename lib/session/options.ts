/**
 * The options of one active torrent: the user's choices, and what its owner provides.
 *
 * @module
 */

import type { HostedFile } from "../codec/discovery/udp_tracker.ts";
import type { AnnouncedProgress } from "../discovery/announce_target.ts";
import type { DiskError } from "../errors.ts";
import type { Listener } from "../net/listener.ts";
import type { RateLimiter } from "../net/rate_limiter.ts";
import type { TransferListener } from "./events.ts";

/** Options that seeders and leechers share. */
export interface TorrentOptions {
  /** Tracker URLs, `udp://host:port`. */
  readonly trackers?: readonly string[];
  /** TCP port, which must be free. Default: the first free one from 6881 on. */
  readonly port?: number;
  /** Address to bind to. Default: all. */
  readonly host?: string;
  /** Bytes per second; default unlimited. */
  readonly uploadLimit?: number;
  /** Bytes per second; default unlimited. */
  readonly downloadLimit?: number;
  /** Maximum connections; default 100. */
  readonly maxPeers?: number;
  /**
   * Whether to find peers on the local network by multicast (LSD, BEP 14), and to be found there. Never for
   * private torrents, nor when `host` is a loopback address. Default: true, as in the programs.
   */
  readonly localDiscovery?: boolean;
  /**
   * The name of this machine in the roll-calls of trackers, at most 64 bytes of UTF-8; empty for none.
   * Trackers on public addresses are not told. Default: the host name, if Deno permits to know it.
   */
  readonly label?: string;
  /** Ends everything when aborted. */
  readonly signal?: AbortSignal;
  /** Called with every event from the start. */
  readonly onEvent?: TransferListener;
}

/** What the host's owner has to handle. */
export interface TorrentHandlers {
  readonly v1Hash?: Uint8Array | undefined;
  readonly v2Hash?: Uint8Array | undefined;
  /** The info dictionary arrived from peers and matches its hash. */
  readonly onMetadata: (info: Uint8Array) => void;
  /** Every piece is verified and stored. */
  readonly onComplete: () => void;
  /** Storing failed, so the download cannot continue. */
  readonly onDiskError: (error: DiskError) => void;
}

/** How a torrent is announced. */
export interface AnnounceConfig {
  readonly v1Hash?: Uint8Array | undefined;
  readonly v2Hash?: Uint8Array | undefined;
  /** Tracker URLs in tiers (BEP 12). */
  readonly trackers: readonly (readonly string[])[];
  /**
   * The user did not name these trackers, so their failure is not reported while there are other sources.
   */
  readonly isAssumed?: boolean;
  /** Only its trackers may supply peers, one tracker at a time (BEP 27). */
  readonly isPrivate: boolean;
  /** How much is missing. */
  readonly progress: () => Pick<AnnouncedProgress, "leftBytes">;
  /** What trackers may list in their catalogues. */
  readonly hosted: () => HostedFile | undefined;
}

/** Identity, limits and callbacks of a session. */
export interface SessionOptions extends TorrentHandlers {
  readonly peerId: Uint8Array;
  readonly client: string;
  readonly listener: Listener;
  readonly maxConnections: number;
  readonly uploadSlots: number;
  readonly uploadLimiter: RateLimiter;
  readonly downloadLimiter: RateLimiter;
  readonly emit: TransferListener;
}
