/**
 * The options of one active torrent: the user's choices, and what its owner provides.
 *
 * @module
 */

import type { AnnounceClient, AnnouncedProgress } from "../discovery/announce_target.ts";
import type { OfferedFile } from "../discovery/local/offer.ts";
import type { PortCheck } from "../discovery/port_check.ts";
import type { DiskError } from "../errors.ts";
import type { Listener } from "../net/listener.ts";
import type { RateLimiter } from "../net/rate_limiter.ts";
import type { TorrentHashes } from "../peer/connection/info_hashes.ts";
import type { ConnectionLimit } from "../peer/peers/connection_limit.ts";
import type { Clock } from "../runtime/clock.ts";
import type { TransferEvent, TransferListener } from "./events.ts";
import type { Ticker } from "./ticker.ts";

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

/** What all torrents of a client share. */
export interface SharedResources {
  /** The port that peers connect to. */
  readonly listener: Listener;
  /** 20 bytes: a client is one peer, whatever it shares. */
  readonly peerId: Uint8Array;
  /** Limits what all torrents send. */
  readonly uploadLimiter: RateLimiter;
  /** Limits what all torrents receive. */
  readonly downloadLimiter: RateLimiter;
  /** Limits the connections of all torrents; absent when there is no such limit. */
  readonly connectionLimit: ConnectionLimit | undefined;
  /** Looks after the torrents. */
  readonly ticker: Ticker;
  /** Wakes the announces of all torrents. */
  readonly clock: Clock;
  /** Makes the client of one tracker, whose sockets all torrents share. */
  readonly trackerClientFor: (url: string) => AnnounceClient;
  /** Whether so many torrents announce that they must not do it all at the same time. */
  readonly spreadsAnnounces: () => boolean;
  /** Whether other peers can connect to us. */
  readonly portCheck: PortCheck;
  /**
   * Adds a torrent, which is told what concerns all of them; the returned function removes it.
   *
   * @throws {ShoalError} with the code `duplicate-torrent` when another torrent has one of its info-hashes
   */
  join(torrent: JoinedTorrent, hashes: TorrentHashes): () => void;
  /** Tells listeners, once, how the local network is searched for peers of all torrents. */
  tellLocalDiscovery(event: LocalDiscoveryEvent, warning: string | undefined): void;
}

/** How LSD has started. */
export type LocalDiscoveryEvent = TransferEvent & { readonly type: "localDiscovery" };

/** A torrent as its client sees it. */
export interface JoinedTorrent {
  /** This machine's addresses have changed; connections from those that are gone are dead. */
  addressChanged(gone: ReadonlySet<string>): void;
  /** See {@link Announcer.announceNow}. */
  announceNow(): void;
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
  /** What trackers may list in their catalogues; with the v1 hash, which the local network is told too. */
  readonly hosted: () => OfferedFile | undefined;
}

/** Identity, limits and callbacks of a session. */
export interface SessionOptions extends TorrentHandlers {
  readonly resources: SharedResources;
  readonly client: string;
  readonly maxConnections: number;
  readonly uploadSlots: number;
  readonly emit: TransferListener;
}
