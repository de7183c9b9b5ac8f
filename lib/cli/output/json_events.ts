/**
 * What `--json` prints: one object per line, each with its type. `docs/events.md` describes them for
 * those who read them.
 *
 * @module
 */

import type {
  Seeder,
  SwarmEvent,
  Torrent,
  TrackerEvent,
  TrackerStats,
  TransferEvent,
  TransferResult,
  TransferStats,
  VerifyResult,
} from "../../../mod.ts";
import { formatHostPort } from "../../codec/address.ts";
import type { ExitCode } from "../../errors.ts";
import { stallText, warningText } from "../text/advice.ts";

/** An event as it is printed, but for its time. */
export type JsonEvent =
  /** The first event of every run whose command line makes sense. */
  | { type: "started"; program: string; version: string; pid: number; argument?: string }
  /** Reading and hashing what is on disk. */
  | { type: "hashing"; doneBytes: number; totalBytes: number }
  /** A page to watch it in a browser is served there. */
  | { type: "page"; url: string }
  /** Accepts connections (TCP), or, a tracker, requests (UDP). */
  | { type: "listening"; port: number; url?: string }
  /** A tracker is asked for a name. */
  | { type: "lookup"; name: string }
  /** What is to be transferred is known. */
  | {
    type: "metadata";
    name: string;
    bytes: number;
    files?: number;
    v1Hash?: string;
    v2Hash?: string;
  }
  /** A seeder is ready for others. */
  | {
    type: "sharing";
    magnet: string;
    trackers: readonly string[];
    hostsTracker: boolean;
    torrentFile?: string;
  }
  /** So much was on disk and verified already. */
  | { type: "resumed"; haveBytes: number; totalBytes: number }
  /** A tracker answered, or did not. */
  | {
    type: "tracker";
    url: string;
    ok: boolean;
    error?: string;
    seeders?: number;
    leechers?: number;
    peers?: number;
    intervalSeconds?: number;
  }
  /** A tracker has tried to connect to the port that is listened on. */
  | { type: "reach"; port: number; reachable: boolean; tracker: string }
  /** Peers are looked for on the local network, or cannot be. */
  | { type: "localDiscovery"; addresses: readonly string[]; error?: string }
  /** A peer changed its state. */
  | {
    type: "peer";
    address: string;
    state: Of<"peer">["state"];
    client?: string;
    reason?: string;
  }
  /** A piece is verified and on disk. */
  | { type: "piece"; piece: number; bytes: number; from: readonly string[] }
  /** A piece did not match its hash. */
  | { type: "pieceFailed"; piece: number; from: readonly string[] }
  /** The shared file changed, and this piece of it is not served any more. */
  | { type: "pieceLost"; piece: number; path: string }
  /** Nothing moves, and why. */
  | { type: "stalled"; code: Of<"stalled">["code"]; reason: string }
  /** The figures, once a second while they change. */
  | {
    type: "progress";
    state: TransferStats["state"];
    totalBytes: number;
    haveBytes: number;
    downloadedBytes: number;
    uploadedBytes: number;
    wastedBytes: number;
    downloadRate: number;
    uploadRate: number;
    pieces: number;
    havePieces: number;
    etaSeconds?: number;
    copies: number;
    untilCopies?: number;
    peers: TransferStats["peers"];
  }
  /** Everything is verified and in its place. */
  | ({ type: "complete" } & TransferResult)
  /** What `--list` shows. */
  | ({ type: "torrent" } & Listing)
  /** What `--verify` found. */
  | ({ type: "verified" } & VerifyResult)
  /** The program of `--on-done` has ended; without an exit code it could not be started, or was killed. */
  | { type: "onDone"; command: string; ok: boolean; exitCode?: number; error?: string }
  /** Something happened in a swarm of the tracker. */
  | {
    type: "swarm";
    change: SwarmEvent["type"];
    infoHash: string;
    address: string;
    seeder: boolean;
    name?: string;
  }
  /** The tracker's figures, once a second while they change. */
  | ({ type: "swarms" } & Pick<TrackerStats, "torrents" | "seeders" | "leechers" | "announces">)
  /** Something to know that stops nothing. */
  | { type: "warning"; message: string }
  /** So many events were left out here, since they were not read fast enough. */
  | { type: "dropped"; events: number }
  /** The last event of a run that failed. */
  | { type: "error"; message: string; exitCode: ExitCode; code?: string }
  /** The last event of a run that did not. */
  | { type: "stopped"; exitCode: 0; seconds: number };

/** A torrent as `--list` shows it. */
interface Listing {
  name: string;
  bytes: number;
  pieces: number;
  pieceLength: number;
  version: Torrent["version"];
  v1Hash?: string;
  v2Hash?: string;
  private: boolean;
  comment?: string;
  trackers: readonly string[];
  webSeeds: readonly string[];
  files: readonly { path: string; bytes: number }[];
}

type Of<T extends TransferEvent["type"]> = Extract<TransferEvent, { type: T }>;

/** A transfer's event as it is printed. */
export function jsonEvent(event: TransferEvent): JsonEvent {
  switch (event.type) {
    case "complete":
      return { ...event, seconds: rounded(event.seconds, 1000) };
    case "hashing":
    case "listening":
    case "lookup":
    case "metadata":
    case "resumed":
    case "tracker":
    case "reach":
    case "localDiscovery":
    case "peer":
    case "piece":
    case "pieceFailed":
    case "pieceLost":
      return event;
    case "stalled":
      return { ...event, reason: stallText({ ...event, sentence: event.reason }) };
    case "warning":
      return { type: "warning", message: warningText(event) };
  }
}

/** The figures of a transfer as an event. */
export function progressEvent(stats: TransferStats): JsonEvent {
  const { state, etaSeconds, untilCopies } = stats;
  return {
    type: "progress",
    state,
    totalBytes: stats.totalBytes,
    haveBytes: stats.haveBytes,
    downloadedBytes: stats.downloadedBytes,
    uploadedBytes: stats.uploadedBytes,
    wastedBytes: stats.wastedBytes,
    downloadRate: Math.round(stats.downloadRate),
    uploadRate: Math.round(stats.uploadRate),
    pieces: stats.pieces,
    havePieces: stats.havePieces,
    ...(etaSeconds !== undefined && { etaSeconds: rounded(etaSeconds, 10) }),
    copies: stats.copies,
    ...(untilCopies !== undefined && { untilCopies }),
    peers: stats.peers,
  };
}

/** What a torrent holds, as an event. */
export function torrentEvent(torrent: Torrent): JsonEvent {
  const { name, length, pieceCount, pieceLength, version, v1Hash, v2Hash, comment } = torrent;
  return {
    type: "torrent",
    name,
    bytes: length,
    pieces: pieceCount,
    pieceLength,
    version,
    ...(v1Hash !== undefined && { v1Hash }),
    ...(v2Hash !== undefined && { v2Hash }),
    private: torrent.private,
    ...(comment !== undefined && { comment }),
    trackers: torrent.trackers,
    webSeeds: torrent.webSeeds,
    files: torrent.files.map(({ path, length: bytes }) => ({ path, bytes })),
  };
}

/** What a seeder shares, as an event. */
export function metadataEvent(torrent: Torrent): JsonEvent {
  const { name, length, files, multiFile, v1Hash, v2Hash } = torrent;
  return {
    type: "metadata",
    name,
    bytes: length,
    ...(multiFile && { files: files.length }),
    ...(v1Hash !== undefined && { v1Hash }),
    ...(v2Hash !== undefined && { v2Hash }),
  };
}

/** That a seeder is ready, as an event. */
export function sharingEvent(
  { magnet, trackers, embeddedTracker: hostsTracker }: Seeder,
  torrentFile: string | undefined,
): JsonEvent {
  const written = torrentFile === undefined ? {} : { torrentFile };
  return { type: "sharing", magnet, trackers, hostsTracker, ...written };
}

/** What happened on a tracker, as an event. */
export function trackerEvent(event: TrackerEvent): JsonEvent {
  if (event.type === "warning") return event;
  const { type: change, infoHash, host, port, seeder, name } = event;
  return {
    type: "swarm",
    change,
    infoHash,
    address: formatHostPort(host, port),
    seeder,
    ...(name !== undefined && { name }),
  };
}

/** A tracker's figures as an event. */
export function swarmsEvent({ torrents, seeders, leechers, announces }: TrackerStats): JsonEvent {
  return { type: "swarms", torrents, seeders, leechers, announces };
}

function rounded(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
