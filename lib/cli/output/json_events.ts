/**
 * The output of `--json`: one object per line, with a type. `docs/events.md` describes them for users.
 *
 * @module
 */

import { machineAddress } from "../../../mod.ts";
import type {
  Seeder,
  SwarmEvent,
  Torrent,
  TorrentRollCall,
  TrackerEvent,
  TrackerStats,
  TransferEvent,
  TransferResult,
  TransferStats,
  VerifyResult,
  WhoEntry,
} from "../../../mod.ts";
import { formatHostPort } from "../../codec/address.ts";
import type { ExitCode } from "../../errors.ts";
import { stallText, warningText } from "../text/advice.ts";

/** A printed event, without its time. */
export type JsonEvent =
  /** The first event of every run with a valid command line. */
  | {
    type: "started";
    program: string;
    version: string;
    pid: number;
    argument?: string;
    arguments?: readonly string[];
  }
  /** One of several torrents: what was asked for, and the number it has from now on. */
  | { type: "added"; argument: string }
  /** One of several torrents is not shared any more, and its number is not used again. */
  | { type: "removed"; because: "limit" | "gone" | "changed" | "duplicate" }
  /** One of several torrents failed; the others go on. */
  | { type: "failed"; argument: string; message: string; exitCode: ExitCode; code?: string }
  /** Reading and hashing data on disk. */
  | { type: "hashing"; doneBytes: number; totalBytes: number }
  /** A web page that shows the run is served at this URL. */
  | { type: "page"; url: string }
  /** Listens for connections (TCP) or, for a tracker, requests (UDP). */
  | { type: "listening"; port: number; url?: string }
  /** Trackers are being asked for a name, and the local network. */
  | { type: "lookup"; name: string; localNetwork?: true }
  /** A seeder uses this tracker of the local network, which nobody named. */
  | { type: "trackerFound"; url: string }
  /** The torrent's metadata is known. */
  | {
    type: "metadata";
    name: string;
    bytes: number;
    files?: number;
    v1Hash?: string;
    v2Hash?: string;
  }
  /** A seeder is ready for peers. */
  | {
    type: "sharing";
    magnet: string;
    trackers: readonly string[];
    hostsTracker: boolean;
    torrentFile?: string;
  }
  /** This much was already on disk and verified. */
  | { type: "resumed"; haveBytes: number; totalBytes: number }
  /** A tracker answered, or failed to. */
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
  /** A tracker tried to connect to our listening port. */
  | { type: "reach"; port: number; reachable: boolean; tracker: string }
  /** LSD has started, or is not possible. */
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
  /** The shared file changed, and this piece is not uploaded any more. */
  | { type: "pieceLost"; piece: number; path: string }
  /** No data moves, and why. */
  | { type: "stalled"; code: Of<"stalled">["code"]; reason: string }
  /** Statistics, once a second while they change. */
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
  /** Everything is verified and at its final path. */
  | ({ type: "complete" } & TransferResult)
  /** The output of `--list`. */
  | ({ type: "torrent" } & Listing)
  /** The result of `--verify`. */
  | ({ type: "verified" } & VerifyResult)
  /** The `--on-done` program has ended; without an exit code it could not be started, or was killed. */
  | { type: "onDone"; command: string; ok: boolean; exitCode?: number; error?: string }
  /** An event in a swarm of the tracker. */
  | {
    type: "swarm";
    change: SwarmEvent["type"];
    infoHash: string;
    address: string;
    seeder: boolean;
    name?: string;
    label?: string;
  }
  /** The output of `--who`: which machines have a torrent. A `machine` follows for each. */
  | {
    type: "rollCall";
    name: string;
    infoHash: string;
    sentence: string;
    complete: number;
    recipients: number;
    expected: number;
  }
  /** A machine in the output of `--who`. */
  | ({ type: "machine"; address?: string } & Omit<WhoEntry, "host" | "port">)
  /** The tracker's statistics, once a second while they change. */
  | ({ type: "swarms" } & Pick<TrackerStats, "torrents" | "seeders" | "leechers" | "announces">)
  /** A warning; the program continues. */
  | { type: "warning"; message: string }
  /** This many events were dropped here, because they were not read fast enough. */
  | { type: "dropped"; events: number }
  /** The last event of a run that failed. */
  | { type: "error"; message: string; exitCode: ExitCode; code?: string }
  /** The last event of a successful run. */
  | { type: "stopped"; exitCode: 0; seconds: number };

/** A torrent as shown by `--list`. */
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

/** A transfer's event in printed form. */
export function jsonEvent(event: TransferEvent): JsonEvent {
  switch (event.type) {
    case "complete":
      return { ...event, seconds: rounded(event.seconds, 1000) };
    case "hashing":
    case "listening":
    case "lookup":
    case "trackerFound":
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

/** A transfer's statistics as an event. */
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

/** A torrent's contents as an event. */
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

/** The torrent a seeder shares, as an event. */
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

/** The event that a seeder is ready. */
export function sharingEvent(
  { magnet, trackers, embeddedTracker: hostsTracker }: Seeder,
  torrentFile: string | undefined,
): JsonEvent {
  const written = torrentFile === undefined ? {} : { torrentFile };
  return { type: "sharing", magnet, trackers, hostsTracker, ...written };
}

/** A tracker's event in printed form. */
export function trackerEvent(event: TrackerEvent): JsonEvent {
  if (event.type === "warning") return event;
  const { type: change, infoHash, host, port, seeder, name, label } = event;
  return {
    type: "swarm",
    change,
    infoHash,
    address: formatHostPort(host, port),
    seeder,
    ...(name !== undefined && { name }),
    ...(label !== undefined && { label }),
  };
}

/** The machines of a torrent as events. */
export function rollCallEvents({ machines, ...roll }: TorrentRollCall): JsonEvent[] {
  return [{ type: "rollCall", ...roll }, ...machines.map(machineEvent)];
}

function machineEvent(entry: WhoEntry): JsonEvent {
  const { host: _, port: __, ...machine } = entry;
  const address = machineAddress(entry);
  return { type: "machine", ...machine, ...(address !== undefined && { address }) };
}

/** A tracker's statistics as an event. */
export function swarmsEvent({ torrents, seeders, leechers, announces }: TrackerStats): JsonEvent {
  return { type: "swarms", torrents, seeders, leechers, announces };
}

function rounded(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
