/**
 * Makes the snapshot of a leecher or a seeder.
 *
 * @module
 */

import type { TrackerStanding } from "../discovery/tracker_status.ts";
import { VERSION } from "../runtime/version.ts";
import type { TransferDetails } from "../session/details.ts";
import type { ConnectionStats, TransferResult, TransferStats } from "../session/events.ts";
import type { FileStanding, FileView } from "../session/file_progress.ts";
import type {
  FileRow,
  OtherPeerRow,
  PeerRow,
  RateHistory,
  ResultCard,
  TrackerRow,
  TransferSnapshot,
} from "./snapshot.ts";
import { type StatusInput, statusText } from "./status_text.ts";
import { clipped } from "./text.ts";

/** The most peers and sources to send. The rest is only counted. */
const MAX_PEERS = 500, MAX_SOURCES = 100;
/** The most trackers to send. A torrent may name any number. */
const MAX_TRACKERS = 100;
/** The most files to send, because all of them are sent again with every change. */
const MAX_FILES = 100;
const SECONDS_PER_MINUTE = 60;

/** The meaning of the letters of {@link ConnectionStats.flags}. */
const FLAGS: Readonly<Record<string, string>> = {
  w: "web server",
  i: "connected to us",
  "2": "BitTorrent v2",
  d: "serves us",
  u: "served by us",
  s: "owes us data",
};

/** What a snapshot is made from. */
export interface TransferInput extends StatusInput {
  readonly details: TransferDetails | undefined;
  readonly elapsedSeconds: number;
  readonly history: RateHistory;
  /** How many files to skip; default none. */
  readonly skippedFiles?: number;
}

/** Makes the snapshot. */
export function transferSnapshot(input: TransferInput): TransferSnapshot {
  const { program, stats, details, hashing, port, elapsedSeconds, history } = input;
  const { name, state, peers: known, etaSeconds } = stats;
  const { path, files, fileView, v1Hash, v2Hash, end, result, reachable } = details ?? {};
  const rows = peerRows(stats.connections);
  const stop = end && seedingLimitText(stats, end);
  return {
    program,
    version: VERSION,
    ...statusText(input),
    state,
    name,
    link: details?.magnet ?? "",
    ...(path !== undefined && { path }),
    totalBytes: hashing?.totalBytes ?? stats.totalBytes,
    haveBytes: hashing?.doneBytes ?? stats.haveBytes,
    downloadedBytes: stats.downloadedBytes,
    uploadedBytes: stats.uploadedBytes,
    wastedBytes: stats.wastedBytes,
    downloadRate: stats.downloadRate,
    uploadRate: stats.uploadRate,
    ...(etaSeconds !== undefined && { etaSeconds }),
    pieces: stats.pieces,
    havePieces: stats.havePieces,
    failedPieces: details?.failedPieces ?? 0,
    pieceLength: details?.pieceLength ?? 0,
    ...(files !== undefined && { files }),
    ...(fileView && listedFiles(fileView, input.skippedFiles ?? 0)),
    ...(stats.superSeeding && { superSeeding: true }),
    ...(v1Hash !== undefined && { v1Hash }),
    ...(v2Hash !== undefined && { v2Hash }),
    port,
    ...(reachable !== undefined && { reachable: reachable ? "yes" : "no" }),
    elapsedSeconds,
    peers: rows,
    others: otherRows(details?.strangers ?? [], MAX_PEERS - rows.length),
    copies: stats.copies,
    known,
    trackers: (details?.trackers ?? []).slice(0, MAX_TRACKERS).map(trackerRow),
    history,
    ...(stop && { stop: { sentence: stop } }),
    ...(result && { result: resultCard(result) }),
  };
}

function peerRows(connections: readonly ConnectionStats[]): PeerRow[] {
  const rate = (c: ConnectionStats) => c.downloadRate + c.uploadRate;
  const moved = (c: ConnectionStats) => c.downloadedBytes + c.uploadedBytes;
  const sorted = [...connections].sort((a, b) => rate(b) - rate(a) || moved(b) - moved(a));
  return sorted.slice(0, MAX_PEERS).map((connection) => ({
    address: clipped(connection.address),
    client: clipped(connection.client),
    state: "connected",
    progress: connection.progress,
    ...(connection.flags.includes("g") && { isGradual: true }),
    downRate: connection.downloadRate,
    upRate: connection.uploadRate,
    downloaded: connection.downloadedBytes,
    uploaded: connection.uploadedBytes,
    fetching: connection.fetching,
    flags: [...connection.flags].flatMap((letter) => FLAGS[letter] ?? []),
    badPieces: connection.badPieces,
  }));
}

function otherRows(strangers: TransferDetails["strangers"], max: number): OtherPeerRow[] {
  return strangers.slice(0, max).map((
    { address, client, state, complete, badPieces, reason },
  ) => ({
    address: clipped(address),
    client: clipped(client),
    state,
    complete,
    badPieces,
    ...(reason && { reason: clipped(reason) }),
  }));
}

function listedFiles(view: FileView, skippedFiles: number) {
  const fileRows = view.first(MAX_FILES, skippedFiles).map(fileRow);
  return { fileRows, ...(skippedFiles > 0 && { skippedFiles }) };
}

function fileRow({ path, bytes, haveBytes, isChosen }: FileStanding): FileRow {
  const isKnown = isChosen && haveBytes !== undefined;
  return { path: clipped(path), bytes, isChosen, ...(isKnown && { haveBytes }) };
}

function trackerRow({ url, ok, error, seeders, leechers, nextInSeconds }: TrackerStanding) {
  const failure = error?.replace(/, next try in \d+ s$/, "") ?? "does not answer";
  const row: TrackerRow = {
    url: clipped(url),
    ok: ok !== false,
    sentence: ok === undefined ? "has not answered yet" : ok ? "answers" : clipped(failure),
    ...(seeders !== undefined && { seeders }),
    ...(leechers !== undefined && { leechers }),
    ...(nextInSeconds !== undefined && { nextSeconds: nextInSeconds }),
  };
  return row;
}

/** The limits of seeding, with how near each is. */
function seedingLimitText(
  { copies, uploadedBytes, totalBytes }: TransferStats,
  { atCopies, atRatio, inSeconds }: NonNullable<TransferDetails["end"]>,
): string {
  const ratio = totalBytes > 0 ? uploadedBytes / totalBytes : 0;
  const parts = [
    atCopies !== undefined && `${copies} of ${atCopies} complete`,
    atRatio !== undefined && `ratio ${ratio.toFixed(2)} of ${atRatio}`,
    inSeconds !== undefined && `${timeLeft(inSeconds)} left`,
  ];
  return parts.filter(Boolean).join(", ");
}

function timeLeft(seconds: number): string {
  return seconds < SECONDS_PER_MINUTE
    ? `${Math.ceil(seconds)} s`
    : `${Math.ceil(seconds / SECONDS_PER_MINUTE)} min`;
}

function resultCard(result: TransferResult): ResultCard {
  const { sha256, v2Root, seconds, bytes, verifiedBy, sources } = result;
  const got = Math.min(bytes, sources.reduce((sum, source) => sum + source.bytes, 0));
  return {
    ...(sha256 !== undefined && { sha256 }),
    ...(v2Root !== undefined && { v2Root }),
    seconds,
    averageRate: got / Math.max(seconds, 0.001),
    bytes,
    verifiedBy,
    sources: sources.slice(0, MAX_SOURCES).map((source) => ({
      ...source,
      address: clipped(source.address),
      ...(source.client !== undefined && { client: clipped(source.client) }),
    })),
  };
}
