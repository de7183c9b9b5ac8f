/**
 * What the page receives as JSON: the state of a program, and the map of its pieces.
 *
 * Names, addresses, clients and reasons come from strangers. Their length is bounded, otherwise they are
 * unchanged. The page shows them as text, never as markup.
 *
 * @module
 */

import type { MachineState } from "../codec/discovery/udp_tracker.ts";
import type { PeerState } from "../peer/connection/peer_state.ts";
import type { TransferStats } from "../session/events.ts";
import type { Severity } from "./status_text.ts";
import type { ListSnapshot, ListView } from "./torrents/list_snapshot.ts";

/** The state of any program. */
export type Snapshot = TransferSnapshot | TrackerSnapshot | ListSnapshot;

/** A connected peer. Rates in bytes per second. */
export interface PeerRow {
  /** `host:port`, or the URL of a web seed. */
  readonly address: string;
  /** The name of its client; empty when unknown. */
  readonly client: string;
  readonly state: PeerState;
  /** The share of the file that it has, 0 to 1. */
  readonly progress: number;
  /** It is a super-seeder: it has everything, but has announced only `progress` (BEP 16). */
  readonly isGradual?: true;
  /** The rate at which it sends to us. */
  readonly downRate: number;
  /** The rate at which we send to it. */
  readonly upRate: number;
  /** File data received from it. */
  readonly downloaded: number;
  /** File data sent to it. */
  readonly uploaded: number;
  /** The first few pieces that we have requested from it. */
  readonly fetching: readonly number[];
  /** Its properties, in words. */
  readonly flags: readonly string[];
  /** Pieces with data from it that failed their hash check. */
  readonly badPieces: number;
}

/** A known peer that is not connected. */
export interface OtherPeerRow extends Pick<PeerRow, "address" | "client" | "state" | "badPieces"> {
  /** Whether it had all of the file when it was last connected. */
  readonly complete: boolean;
  /** Why it is away or banned. */
  readonly reason?: string;
}

/** A file in a folder. */
export interface FileRow {
  /** Relative to the folder. */
  readonly path: string;
  /** Its length. */
  readonly bytes: number;
  /** Bytes verified and on disk; absent while unknown, and for a file that was not selected. */
  readonly haveBytes?: number;
  /** Whether it was selected; true for all files when there was no selection. */
  readonly isChosen: boolean;
}

/** A tracker of the torrent. */
export interface TrackerRow {
  /** As given by the user or the torrent. */
  readonly url: string;
  /** False when the last announce failed; true before the first one too. */
  readonly ok: boolean;
  /** Its status, in words. */
  readonly sentence: string;
  /** Peers with all of the torrent. */
  readonly seeders?: number;
  /** Peers that are still downloading. */
  readonly leechers?: number;
  /** Until the next announce. */
  readonly nextSeconds?: number;
}

/** The rates of the last five minutes, in bytes per second. */
export interface RateHistory {
  /** The time between two values. */
  readonly everySeconds: 1;
  /** Newest last, at most 300. */
  readonly down: readonly number[];
  /** Newest last, as many as in `down`. */
  readonly up: readonly number[];
  /** The largest of `down`. */
  readonly peakDown: number;
  /** The largest of `up`. */
  readonly peakUp: number;
}

/** A finished download. */
export interface ResultCard {
  /** SHA-256 of the whole file, if requested. */
  readonly sha256?: string;
  /** Root of the file's SHA-256 tree (BEP 52). */
  readonly v2Root?: string;
  /** How long it took. */
  readonly seconds: number;
  /** Bytes per second, of the data received in this run. */
  readonly averageRate: number;
  /** Its length. */
  readonly bytes: number;
  /** How the pieces were verified. */
  readonly verifiedBy: "SHA-256" | "SHA-1";
  /** The sources of the data received in this run, the largest first; at most 100. */
  readonly sources: readonly { address: string; client?: string; bytes: number }[];
}

/** The state of a leecher or a seeder. Rates in bytes per second. */
export interface TransferSnapshot {
  readonly program: "leecher" | "seeder";
  readonly version: string;
  /** Its place in a list of several torrents; absent when it is the only one. */
  readonly listed?: { readonly id: number; readonly of: number };
  /** The status, with the reason. */
  readonly sentence: string;
  readonly tone: Severity;
  readonly state: TransferStats["state"];
  /** Name of the file or folder; empty while unknown. */
  readonly name: string;
  /** A magnet link to share; empty while there is none. */
  readonly link: string;
  /** The path of the file or folder. */
  readonly path?: string;
  /** Length of the selected files; 0 while unknown. */
  readonly totalBytes: number;
  /** Bytes verified and on disk; during hashing and checking, the bytes processed so far. */
  readonly haveBytes: number;
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  /** Bytes received in vain. */
  readonly wastedBytes: number;
  readonly downloadRate: number;
  readonly uploadRate: number;
  /** Absent while nothing is received. */
  readonly etaSeconds?: number;
  /** 0 while unknown. */
  readonly pieces: number;
  readonly havePieces: number;
  /** How often a piece failed its hash check. */
  readonly failedPieces: number;
  /** 0 while unknown. */
  readonly pieceLength: number;
  /** The number of files in a folder. */
  readonly files?: number;
  /** A hundred files of a folder, */
  readonly fileRows?: readonly FileRow[];
  /** and how many come before them. */
  readonly skippedFiles?: number;
  /** This seeder is super-seeding (BEP 16). */
  readonly superSeeding?: true;
  /** 40 hex digits. */
  readonly v1Hash?: string;
  /** 64 hex digits. */
  readonly v2Hash?: string;
  /** The TCP port for peers; 0 before the start. */
  readonly port: number;
  /** Whether that port can be reached from outside, if a tracker has tried. */
  readonly reachable?: "yes" | "no";
  readonly elapsedSeconds: number;
  /** The connected peers, most active first; at most 500. */
  readonly peers: readonly PeerRow[];
  /** Known peers that are not connected; at most 500 together with `peers`. */
  readonly others: readonly OtherPeerRow[];
  /** How many other peers are known to have everything. */
  readonly copies: number;
  /** The number of peers in each state; `known` counts all. */
  readonly known: TransferStats["peers"];
  readonly trackers: readonly TrackerRow[];
  readonly history: RateHistory;
  /** The limits of seeding, with how near they are. */
  readonly stop?: { readonly sentence: string };
  readonly result?: ResultCard;
}

/** All pieces of a torrent, in at most 4,000 cells of equally many pieces. */
export interface PieceMap {
  /** The number of pieces. */
  readonly pieces: number;
  /** The number of cells. */
  readonly cells: number;
  /** Pieces per cell; the last cell may have fewer. */
  readonly perCell: number;
  /** Base64 of one byte per cell: the verified share; 255 only for all, 0 only for none. */
  readonly verified: string;
  /** Base64 of one byte per cell. Bit 0: a piece is in flight. Bit 1: a piece failed recently. */
  readonly state: string;
  /** Base64 of one byte per cell: the number of connected peers with its rarest piece, at most 255. */
  readonly availability: string;
}

/** A torrent on a tracker. */
export interface SwarmRow {
  /** 64 hex digits of the v2 hash, or 40 of the v1 hash. */
  readonly hash: string;
  /** The name that its peers announce; absent when none has. */
  readonly name?: string;
  /** The size in bytes that they announce with it. */
  readonly size?: number;
  readonly seeders: number;
  readonly leechers: number;
  /** Downloads completed. */
  readonly completed: number;
}

/** A machine that is a member of a swarm, was one, or should be one. */
export interface MemberRow {
  /** `host:port` as the tracker sees it; the host alone, or empty, if it was never seen. */
  readonly address: string;
  /** The name it gives itself, or by which it is expected. */
  readonly label?: string;
  /** The share that it has of what it wants, 0 to 1; absent when unknown. */
  readonly progress?: number;
  /** Since its last announce, or since it left; absent if it was never seen. */
  readonly lastSeenSeconds?: number;
  /** Its client, from its peer id. */
  readonly client?: string;
  readonly state: MachineState;
  /** Whether the tracker could connect to it, if it has tried. */
  readonly reachable?: "yes" | "no";
  /** The rate at which it received data between its last two announces, in bytes per second. */
  readonly downRate?: number;
  /** The time left at that rate. */
  readonly etaSeconds?: number;
  /** It had everything when it came, so it is no recipient. */
  readonly isSource?: true;
  /** It wants some of the files only. */
  readonly isPartial?: true;
  /** It is not on the tracker's list of expected machines, and there is one. */
  readonly isUnlisted?: true;
}

/** The machine whose download takes longest. */
export interface SlowestMember extends Pick<MemberRow, "etaSeconds"> {
  /** Its label or address. */
  readonly name: string;
  readonly downRate: number;
}

/** The state of a tracker. */
export interface TrackerSnapshot {
  readonly program: "tracker";
  readonly version: string;
  readonly sentence: string;
  readonly tone: Severity;
  /** The announce URL. */
  readonly url: string;
  readonly elapsedSeconds: number;
  readonly counters: {
    readonly swarms: number;
    readonly seeders: number;
    readonly leechers: number;
    /** Answered since the start. */
    readonly announces: number;
    /** Answers to requests of any kind, over the last second. */
    readonly answersPerSecond: number;
    /** Requests refused since the start. */
    readonly errors: number;
  };
  /** How many swarms match the search. */
  readonly total: number;
  /** The 200 biggest of them. */
  readonly swarms: readonly SwarmRow[];
  /** The selected swarm. */
  readonly selected?: {
    readonly hash: string;
    /** The name that its machines use, or used before they left. */
    readonly name?: string;
    /** A summary, such as `37 of 40 complete, 1 downloading, 1 lost at 84 %, 1 never seen`. */
    readonly rollCall: string;
    /** `good` when all have it, `bad` while anything is wrong. */
    readonly tone: Severity;
    /** How many recipients have everything, or had it before they left. */
    readonly complete: number;
    /** How many machines should have it: those on the list of expected ones, else all but the sources. */
    readonly recipients: number;
    /** How many machines are on the list of expected ones; 0 without a list. */
    readonly expected: number;
    readonly slowest?: SlowestMember;
    /** Those that need attention first; at most 500. */
    readonly peers: readonly MemberRow[];
  };
}

/** What a tab asks for: the first two of a tracker, the others of torrents. */
export interface Query {
  /** Part of a name, or the beginning of a hash; empty for all swarms. */
  readonly search: string;
  /** The hash of the selected swarm, 40 or 64 hex digits. */
  readonly swarm?: string;
  /** The number of the torrent to look at; absent for the list of them. */
  readonly torrent?: number;
  /** How many files to skip. */
  readonly files?: number;
}

/** One look at a program. What is asked of it holds for the moment at which it was taken. */
export interface PageView {
  /** The program's state. */
  snapshot(query: Query): Snapshot;
  /** The torrent's pieces; `undefined` when there are none, or none yet. */
  map(query: Query): PieceMap | undefined;
  /** The list, when the query asks for one: it is sent as differences, in place of the state. */
  list?(query: Query): ListView | undefined;
}

/** A program that a page can show. */
export interface PageSource {
  /** Looks at the program now. State and map that are sent together come from one look. */
  view(): PageView;
  /**
   * Forgets the machines of a swarm that have left, or the one that was at `address`. Returns how many;
   * absent where there is nothing to dismiss.
   */
  dismiss?(swarm: string, address: string | undefined): number;
  /** Stops its timer. */
  close(): void;
}
