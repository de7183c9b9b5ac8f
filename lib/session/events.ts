/**
 * What a seeder or leecher tells while it runs, and what it can be asked.
 *
 * @module
 */

import type { StallCode, WarningCode } from "../errors.ts";
import type { PeerState } from "../peer/connection/peer_state.ts";
import type { StallReason } from "./stall_reason.ts";

/** Something that happened; `--json` of the programs uses the same names. Discriminated by `type`; addresses are `host:port` or a web seed's URL, hashes hex. */
export type TransferEvent =
  /** Hashing goes on: making a torrent, or checking what is on disk. */
  | { readonly type: "hashing"; readonly doneBytes: number; readonly totalBytes: number }
  /** Connections are accepted on this TCP port. */
  | { readonly type: "listening"; readonly port: number }
  /** A tracker is asked for a name. */
  | { readonly type: "lookup"; readonly name: string }
  /** The metadata is known. */
  | {
    readonly type: "metadata";
    readonly name: string;
    readonly bytes: number;
    /** How many files it has, when it is a folder. */
    readonly files?: number;
    readonly v1Hash?: string;
    readonly v2Hash?: string;
  }
  /** So much of what was chosen was on disk already. */
  | { readonly type: "resumed"; readonly haveBytes: number; readonly totalBytes: number }
  /** A tracker answered, or did not. */
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
  /** A tracker has tried to connect to the port that is listened on. */
  | {
    readonly type: "reach";
    readonly port: number;
    /** Whether it could. */
    readonly reachable: boolean;
    /** The tracker's URL. */
    readonly tracker: string;
  }
  /**
   * Peers are looked for on the local network from now on, from these own addresses; or that is not
   * possible, and why.
   */
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
  /** A piece is verified and stored. */
  | {
    readonly type: "piece";
    readonly piece: number;
    readonly bytes: number;
    readonly from: readonly string[];
  }
  /** A piece did not match its hash and is fetched again. */
  | { readonly type: "pieceFailed"; readonly piece: number; readonly from: readonly string[] }
  /** The file changed: this piece is no longer what it was and is not served any more. */
  | { readonly type: "pieceLost"; readonly piece: number; readonly path: string }
  /** Nothing moves, or hardly anything, and why: once for each reason that is new. */
  | { readonly type: "stalled"; readonly code: StallCode; readonly reason: string }
  /** Everything is verified and in its place. */
  | ({ readonly type: "complete" } & TransferResult)
  /** Something the user should know that stops nothing. */
  | { readonly type: "warning"; readonly message: string; readonly code?: WarningCode };

/** A warning as an event. */
export function warningEvent(message: string, code?: WarningCode): TransferEvent {
  return { type: "warning", message, ...(code !== undefined && { code }) };
}

/**
 * Receives events. What it throws, or what the promise rejects with that it returns, stops nothing: it
 * becomes an `error` event of the global scope, and is printed where nobody takes that.
 */
export type TransferListener = (event: TransferEvent) => void;

/** Where bytes came from. */
export interface TransferSource {
  /** `host:port`, or the URL of a web seed. */
  readonly address: string;
  /** What the program there calls itself. */
  readonly client?: string;
  /** Verified bytes. */
  readonly bytes: number;
}

/** A finished download. */
export interface TransferResult {
  /** Where the file or folder is. */
  readonly path: string;
  /** Its length; of a folder, that of all files that were chosen. */
  readonly bytes: number;
  /** How many files were chosen, when it is a folder. */
  readonly files?: number;
  /** How long it took, from the start of the program's work on it. */
  readonly seconds: number;
  /** How the pieces were verified. */
  readonly verifiedBy: "SHA-256" | "SHA-1";
  /** Root of the file's SHA-256 tree (BEP 52), 64 hex digits; absent for folders and v1 torrents. */
  readonly v2Root?: string;
  /** SHA-256 of the whole file, when it was asked for. */
  readonly sha256?: string;
  /** Who gave how much in this run; empty when everything was there already. */
  readonly sources: readonly TransferSource[];
}

/** One open connection, for display. Rates in bytes per second. */
export interface ConnectionStats {
  /** `host:port`, or the URL of a web seed. */
  readonly address: string;
  /** What the program there calls itself; may be empty. */
  readonly client: string;
  /** File data received from it. */
  readonly downloadedBytes: number;
  /** File data sent to it. */
  readonly uploadedBytes: number;
  /** What it gives us now. */
  readonly downloadRate: number;
  /** What it takes from us now. */
  readonly uploadRate: number;
  /** Share of the file it has as far as it tells, 0 to 1. A seeder with the flag `g` has more. */
  readonly progress: number;
  /**
   * Letters: `w` it is a web seed, `i` it dialled us, `2` v2, `d` serves us, `u` served by us, `s` snubbed,
   * `g` it is a seeder that hands out its pieces gradually (BEP 16).
   */
  readonly flags: string;
  /** Pieces it owes us blocks of, asked for first in front; the first few. */
  readonly fetching: readonly number[];
  /** Pieces it had a part in that did not match their hash. */
  readonly badPieces: number;
}

/** A snapshot of a transfer. Rates in bytes per second. */
export interface TransferStats {
  /** Name of the file; empty while it is not known. */
  readonly name: string;
  /** What it is doing. */
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
  /** Length of the file, or of all files that were chosen; 0 while it is not known. */
  readonly totalBytes: number;
  /** Verified and on disk. */
  readonly haveBytes: number;
  /** File data received, useful or not. */
  readonly downloadedBytes: number;
  /** File data sent. */
  readonly uploadedBytes: number;
  /** File data received that was of no use. */
  readonly wastedBytes: number;
  /** Of all connections together. */
  readonly downloadRate: number;
  /** Of all connections together. */
  readonly uploadRate: number;
  /** Number of pieces; 0 while it is not known. */
  readonly pieces: number;
  /** Pieces verified and on disk. */
  readonly havePieces: number;
  /** Why nothing moves, as of now; absent while something does. */
  readonly waiting?: StallReason;
  /** Seconds until it is complete at the present rate; absent when nothing moves. */
  readonly etaSeconds?: number;
  /** How many others have all of it, or had before they left, as far as is known. */
  readonly copies: number;
  /** It is a seeder that hands out one copy gradually now, and tells nobody of all it has (BEP 16). */
  readonly superSeeding?: true;
  /** How many of these seeding waits for; absent when it does not. */
  readonly untilCopies?: number;
  /** How many peers are in which state; `known` counts all. */
  readonly peers: Readonly<
    Record<"known" | "connecting" | "connected" | "away" | "banned", number>
  >;
  /** The open connections. */
  readonly connections: readonly ConnectionStats[];
  /** Who gave how much in this run, most first. */
  readonly sources: readonly TransferSource[];
}
