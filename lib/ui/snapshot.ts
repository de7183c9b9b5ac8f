/**
 * What a page is told: a program's state as one value, and the map of the pieces. Both travel as JSON.
 *
 * Names, addresses, programs and reasons are strangers' words: bounded in length, and otherwise as they
 * came. A page shows them as text and never as markup.
 *
 * @module
 */

import type { PeerState } from "../peer/connection/peer_state.ts";
import type { TransferStats } from "../session/events.ts";

/** How a sentence is meant: something is being done, waited for, achieved, or wrong. */
export type Severity = "work" | "wait" | "good" | "bad";

/** The state of any program. */
export type Snapshot = TransferSnapshot | TrackerSnapshot;

/** A peer that is connected. Rates in bytes per second. */
export interface PeerRow {
  /** `host:port`, or the URL of a web seed. */
  readonly address: string;
  /** What the program there calls itself; empty when it has not said. */
  readonly client: string;
  /** How things stand with it. */
  readonly state: PeerState;
  /** Share of the file it has, 0 to 1. */
  readonly progress: number;
  /** It is a seeder that hands out gradually: it has all of it, and tells of so much. */
  readonly isGradual?: true;
  /** What it gives us now. */
  readonly downRate: number;
  /** What it takes from us now. */
  readonly upRate: number;
  /** File data received from it. */
  readonly downloaded: number;
  /** File data sent to it. */
  readonly uploaded: number;
  /** The pieces it owes us blocks of; the first few. */
  readonly fetching: readonly number[];
  /** What is special about it, in words. */
  readonly flags: readonly string[];
  /** Pieces it had a part in that did not match their hash. */
  readonly badPieces: number;
}

/** A peer that is not connected. */
export interface OtherPeerRow extends Pick<PeerRow, "address" | "client" | "state" | "badPieces"> {
  /** Whether it had all of the file when it was last heard of. */
  readonly complete: boolean;
  /** Why it is away or banned, in words. */
  readonly reason?: string;
}

/** A file of a folder. */
export interface FileRow {
  /** Below the folder. */
  readonly path: string;
  /** Its length. */
  readonly bytes: number;
  /** Verified and on disk; absent before that is known, and of a file that was not chosen. */
  readonly haveBytes?: number;
  /** False when others were chosen and it was not. */
  readonly isChosen: boolean;
}

/** A tracker that is announced to. */
export interface TrackerRow {
  /** As it was given. */
  readonly url: string;
  /** False while it does not answer; true also while it is not known yet. */
  readonly ok: boolean;
  /** How things stand with it. */
  readonly sentence: string;
  /** Peers with all of the torrent. */
  readonly seeders?: number;
  /** Peers that are still downloading. */
  readonly leechers?: number;
  /** When it is asked again. */
  readonly nextSeconds?: number;
}

/** The rates of the last five minutes, in bytes per second. */
export interface RateHistory {
  /** The distance of two values. */
  readonly everySeconds: 1;
  /** Newest last, at most 300. */
  readonly down: readonly number[];
  /** Newest last, as many as of `down`. */
  readonly up: readonly number[];
  /** The largest of `down`. */
  readonly peakDown: number;
  /** The largest of `up`. */
  readonly peakUp: number;
}

/** A finished download. */
export interface ResultCard {
  /** SHA-256 of the whole file, when it was asked for. */
  readonly sha256?: string;
  /** Root of the file's SHA-256 tree (BEP 52). */
  readonly v2Root?: string;
  /** How long it took. */
  readonly seconds: number;
  /** Bytes per second that came in this run. */
  readonly averageRate: number;
  /** Its length. */
  readonly bytes: number;
  /** How the pieces were verified. */
  readonly verifiedBy: "SHA-256" | "SHA-1";
  /** Who gave how much in this run, most first; the first 100. */
  readonly sources: readonly { address: string; client?: string; bytes: number }[];
}

/** The state of a leecher or a seeder. Rates in bytes per second. */
export interface TransferSnapshot {
  readonly program: "leecher" | "seeder";
  readonly version: string;
  /** What it is doing, with the reason. */
  readonly sentence: string;
  readonly tone: Severity;
  readonly state: TransferStats["state"];
  /** Name of the file or folder; empty while it is not known. */
  readonly name: string;
  /** A magnet link for others; empty while there is none. */
  readonly link: string;
  /** Where the file or folder is, or will be. */
  readonly path?: string;
  /** Length of what was chosen; 0 while it is not known. */
  readonly totalBytes: number;
  /** Verified and on disk. While files are hashed or checked: so far gone through. */
  readonly haveBytes: number;
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  /** Received and of no use. */
  readonly wastedBytes: number;
  readonly downloadRate: number;
  readonly uploadRate: number;
  /** Absent when nothing moves. */
  readonly etaSeconds?: number;
  /** 0 while it is not known. */
  readonly pieces: number;
  readonly havePieces: number;
  /** How often a piece did not match its hash. */
  readonly failedPieces: number;
  /** 0 while it is not known. */
  readonly pieceLength: number;
  /** How many files it has, when it is a folder. */
  readonly files?: number;
  /** These files; the first 100. */
  readonly fileRows?: readonly FileRow[];
  /** It is a seeder that hands out gradually now (BEP 16). */
  readonly superSeeding?: true;
  /** 40 hex digits. */
  readonly v1Hash?: string;
  /** 64 hex digits. */
  readonly v2Hash?: string;
  /** The TCP port that is listened on; 0 before. */
  readonly port: number;
  /** Whether that port can be reached from outside, when somebody has tried. */
  readonly reachable?: "yes" | "no";
  readonly elapsedSeconds: number;
  /** The connected peers, most active first; the first 500. */
  readonly peers: readonly PeerRow[];
  /** Known peers that are not connected; the first of them, so that both together are 500 at most. */
  readonly others: readonly OtherPeerRow[];
  /** How many others have all of it, as far as is known. */
  readonly copies: number;
  /** How many peers are in which state; `known` counts all. */
  readonly known: TransferStats["peers"];
  readonly trackers: readonly TrackerRow[];
  readonly history: RateHistory;
  /** What ends seeding by itself. */
  readonly stop?: { readonly sentence: string };
  readonly result?: ResultCard;
}

/** Every piece of a torrent, merged into at most 4,000 cells of as many pieces each. */
export interface PieceMap {
  /** How many pieces there are. */
  readonly pieces: number;
  /** How many cells there are. */
  readonly cells: number;
  /** Pieces in a cell; the last one may have fewer. */
  readonly perCell: number;
  /** Base64 of one byte per cell: the share that is verified; 255 only when all is, 0 only when none. */
  readonly verified: string;
  /** Base64 of one byte per cell. Bit 0: something is in flight. Bit 1: something failed lately. */
  readonly state: string;
  /** Base64 of one byte per cell: connected peers that have its rarest piece; 255 stands for more too. */
  readonly availability: string;
}

/** A torrent on a tracker. */
export interface SwarmRow {
  /** 64 hex digits of the v2 hash, or 40 of the v1 hash. */
  readonly hash: string;
  /** What its peers call it; absent when none has said. */
  readonly name?: string;
  /** Bytes, as claimed with the name. */
  readonly size?: number;
  readonly seeders: number;
  readonly leechers: number;
  /** Downloads completed. */
  readonly completed: number;
}

/** How a member of a swarm gets on. `slow` gets hardly anything; `silent` has missed its announce. */
export type MemberState = "complete" | "downloading" | "slow" | "silent";

/** A member of a swarm. */
export interface MemberRow {
  /** `host:port` as the tracker saw it. */
  readonly address: string;
  /** How much it has, 0 to 1; absent when that is not known. */
  readonly progress?: number;
  readonly lastSeenSeconds: number;
  /** Its program, as its peer id tells. */
  readonly client?: string;
  readonly state: MemberState;
  /** Whether the tracker could connect to it, where it has tried. */
  readonly reachable?: "yes" | "no";
}

/** The state of a tracker. */
export interface TrackerSnapshot {
  readonly program: "tracker";
  readonly version: string;
  readonly sentence: string;
  readonly tone: Severity;
  /** Where peers announce themselves. */
  readonly url: string;
  readonly elapsedSeconds: number;
  readonly counters: {
    readonly swarms: number;
    readonly seeders: number;
    readonly leechers: number;
    /** Answered since the start. */
    readonly announces: number;
    /** Answers of any kind, in the last second. */
    readonly answersPerSecond: number;
    /** Requests refused since the start. */
    readonly errors: number;
  };
  /** How many swarms match what was searched for. */
  readonly total: number;
  /** The biggest 200 of them. */
  readonly swarms: readonly SwarmRow[];
  /** The swarm that was asked for. */
  readonly selected?: {
    readonly hash: string;
    /** `37 of 40 complete, 2 slow, 1 silent`, and `3 unreachable` where that has been tried */
    readonly rollCall: string;
    /** Those who are not complete first; the first 500. */
    readonly peers: readonly MemberRow[];
  };
}

/** What a page asks a tracker for. */
export interface Query {
  /** A part of a name, or the beginning of a hash; empty for everything. */
  readonly search: string;
  /** The swarm to look at, 40 or 64 hex digits. */
  readonly swarm?: string;
}

/** One look at a program. What is asked of it holds for the moment at which it was taken. */
export interface PageView {
  /** The program's state. */
  snapshot(query: Query): Snapshot;
  /** The torrent's pieces; `undefined` when there are none, or none yet. */
  map(): PieceMap | undefined;
}

/** A program that a page can show. */
export interface PageSource {
  /** Looks at the program now. State and map that are sent together come from one look. */
  view(): PageView;
  /** Stops its timer. */
  close(): void;
}
