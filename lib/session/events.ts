/**
 * The events and statistics of a seeder or leecher.
 *
 * @module
 */

import type { StallCode, WarningCode } from "../error_codes.ts";
import type { PeerState } from "../peer/connection/peer_state.ts";
import type { StallReason } from "./stall_reason.ts";

/**
 * An event of a transfer; the programs' `--json` output uses the same names. Discriminated by `type`;
 * addresses are `host:port` or a web seed's URL, hashes hex.
 */
export type TransferEvent =
  /** Progress of hashing: creating a torrent, or checking the data on disk. */
  | { readonly type: "hashing"; readonly doneBytes: number; readonly totalBytes: number }
  /** Connections are accepted on this TCP port. */
  | { readonly type: "listening"; readonly port: number }
  /** Trackers are being asked for a name. */
  | {
    readonly type: "lookup";
    readonly name: string;
    /** The local network is asked as well. */
    readonly localNetwork?: true;
  }
  /** The seeder uses this tracker, which answered on the local network; nobody named it. */
  | { readonly type: "trackerFound"; readonly url: string }
  /** The metadata is known. */
  | {
    readonly type: "metadata";
    readonly name: string;
    readonly bytes: number;
    /** Number of files, if it is a folder. */
    readonly files?: number;
    readonly v1Hash?: string;
    readonly v2Hash?: string;
  }
  /** This much of the chosen data was already on disk. */
  | { readonly type: "resumed"; readonly haveBytes: number; readonly totalBytes: number }
  /** A tracker answered, or failed to. */
  | {
    readonly type: "tracker";
    readonly url: string;
    readonly ok: boolean;
    readonly error?: string;
    readonly seeders?: number;
    readonly leechers?: number;
    readonly peers?: number;
    readonly intervalSeconds?: number;
  }
  /** A tracker tried to connect to our listening port. */
  | {
    readonly type: "reach";
    readonly port: number;
    /** Whether it succeeded. */
    readonly reachable: boolean;
    /** The tracker's URL. */
    readonly tracker: string;
  }
  /** LSD has started, from these addresses of ours; or it is not possible, and why. */
  | {
    readonly type: "localDiscovery";
    readonly addresses: readonly string[];
    readonly error?: string;
  }
  /** A peer changed its state. */
  | {
    readonly type: "peer";
    readonly address: string;
    readonly state: PeerState;
    readonly client?: string;
    readonly reason?: string;
  }
  /** A piece was verified and stored. */
  | {
    readonly type: "piece";
    readonly piece: number;
    readonly bytes: number;
    readonly from: readonly string[];
  }
  /** A piece did not match its hash and will be downloaded again. */
  | { readonly type: "pieceFailed"; readonly piece: number; readonly from: readonly string[] }
  /** The file changed: this piece is no longer right and is not uploaded any more. */
  | { readonly type: "pieceLost"; readonly piece: number; readonly path: string }
  /** Hardly any data moves, or none, and why: emitted once for each new reason. */
  | { readonly type: "stalled"; readonly code: StallCode; readonly reason: string }
  /** Everything is verified and at its final path. */
  | ({ readonly type: "complete" } & TransferResult)
  /** A warning for the user; the transfer continues. */
  | { readonly type: "warning"; readonly message: string; readonly code?: WarningCode };

/** Creates the event that a name is being looked up. */
export function lookupEvent(name: string, asksLocally: boolean): TransferEvent {
  return { type: "lookup", name, ...(asksLocally && { localNetwork: true }) };
}

/** Creates a warning event. */
export function warningEvent(message: string, code?: WarningCode): TransferEvent {
  return { type: "warning", message, ...(code !== undefined && { code }) };
}

/**
 * Receives events. If it throws, or its promise rejects, the transfer continues: the error becomes an
 * `error` event of the global scope, and is printed if nothing handles that.
 */
export type TransferListener = (event: TransferEvent) => void;

/** A source of downloaded bytes. */
export interface TransferSource {
  /** `host:port`, or the URL of a web seed. */
  readonly address: string;
  /** The client's name. */
  readonly client?: string;
  /** Verified bytes. */
  readonly bytes: number;
}

/** A finished download. */
export interface TransferResult {
  /** The path of the file or folder. */
  readonly path: string;
  /** Its length; of a folder, the length of all chosen files. */
  readonly bytes: number;
  /** Number of chosen files, if it is a folder. */
  readonly files?: number;
  /** Duration, from when the program started working on it. */
  readonly seconds: number;
  /** How the pieces were verified. */
  readonly verifiedBy: "SHA-256" | "SHA-1";
  /** Root of the file's SHA-256 tree (BEP 52), 64 hex digits; absent for folders and v1 torrents. */
  readonly v2Root?: string;
  /** SHA-256 of the whole file, if requested. */
  readonly sha256?: string;
  /** Bytes from each source in this run; empty when everything was there already. */
  readonly sources: readonly TransferSource[];
}

/** One open connection, for display. Rates in bytes per second. */
export interface ConnectionStats {
  /** `host:port`, or the URL of a web seed. */
  readonly address: string;
  /** The client's name; may be empty. */
  readonly client: string;
  /** File data received from it. */
  readonly downloadedBytes: number;
  /** File data sent to it. */
  readonly uploadedBytes: number;
  /** Current download rate from it. */
  readonly downloadRate: number;
  /** Current upload rate to it. */
  readonly uploadRate: number;
  /** Share of the file it has announced, 0 to 1. A seeder with the flag `g` has more. */
  readonly progress: number;
  /**
   * Letters: `w` it is a web seed, `i` it connected to us, `2` v2, `d` uploads to us, `u` downloads from
   * us, `s` snubbed, `g` it is super-seeding (BEP 16).
   */
  readonly flags: string;
  /** The first few pieces we have requested blocks of, oldest request first. */
  readonly fetching: readonly number[];
  /** Failed pieces it contributed to. */
  readonly badPieces: number;
}

/** A snapshot of a transfer. Rates in bytes per second. */
export interface TransferStats {
  /** Name of the file; empty while unknown. */
  readonly name: string;
  /** The current state. */
  readonly state:
    | "hashing"
    | "lookup"
    | "metadata"
    | "checking"
    | "downloading"
    | "waiting"
    | "verifying"
    | "flushing"
    | "seeding"
    | "stopped";
  /** Length of the file, or of all chosen files; 0 while unknown. */
  readonly totalBytes: number;
  /** Bytes verified and on disk. */
  readonly haveBytes: number;
  /** File data received, useful or not. */
  readonly downloadedBytes: number;
  /** File data sent. */
  readonly uploadedBytes: number;
  /** File data received in vain. */
  readonly wastedBytes: number;
  /** Sum over all connections. */
  readonly downloadRate: number;
  /** Sum over all connections. */
  readonly uploadRate: number;
  /** Number of pieces; 0 while unknown. */
  readonly pieces: number;
  /** Pieces verified and on disk. */
  readonly havePieces: number;
  /** Why no data moves right now; absent while data moves. */
  readonly waiting?: StallReason;
  /** Seconds until completion at the current rate; absent when no data moves. */
  readonly etaSeconds?: number;
  /** How many other peers are known to have the whole torrent, or to have had it before they left. */
  readonly copies: number;
  /**
   * It is super-seeding now: it uploads one copy gradually, and announces only part of what it has (BEP
   * 16).
   */
  readonly superSeeding?: true;
  /** The number of copies that seeding waits for; absent without such a limit. */
  readonly untilCopies?: number;
  /** Peers by state; `known` counts all. */
  readonly peers: Readonly<
    Record<"known" | "connecting" | "connected" | "away" | "banned", number>
  >;
  /** The open connections. */
  readonly connections: readonly ConnectionStats[];
  /** Bytes from each source in this run, most first. */
  readonly sources: readonly TransferSource[];
}
