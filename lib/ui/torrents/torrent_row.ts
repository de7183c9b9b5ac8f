/**
 * Makes the row of a torrent, and the overview of all rows.
 *
 * @module
 */

import type { TransferStats } from "../../session/events.ts";
import { type StatusInput, statusText } from "../status_text.ts";
import { clipped, percent } from "../text.ts";
import type { ListOverview, TorrentGroup, TorrentRow } from "./list_snapshot.ts";

/** A countdown would change the row every second. */
const COUNTDOWN = /, next try in \d+ s\b/g;

/** Torrents that are not in the list yet: how many, and how far hashing is. */
export interface Preparation {
  readonly count: number;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** Makes the row of a torrent that is alive. */
export function torrentRow(id: number, input: StatusInput): TorrentRow {
  const { stats, hashing } = input;
  const { sentence, tone } = statusText(input);
  const progress = hashing === undefined
    ? progressOf(stats)
    : hashing.doneBytes / Math.max(1, hashing.totalBytes);
  return {
    id,
    name: clipped(stats.name),
    group: groupOf(stats.state, tone),
    sentence: sentence.replace(COUNTDOWN, ""),
    tone,
    ...(progress !== undefined && { progress }),
    totalBytes: stats.totalBytes,
    uploadedBytes: stats.uploadedBytes,
    downloadRate: Math.round(stats.downloadRate),
    uploadRate: Math.round(stats.uploadRate),
    ...(stats.etaSeconds !== undefined && { etaSeconds: Math.ceil(stats.etaSeconds) }),
    peers: stats.peers.connected,
  };
}

/** The row of a torrent that has failed, from the last one while it was alive. */
export function failedRow({ etaSeconds: _, ...row }: TorrentRow, reason: string): TorrentRow {
  return {
    ...row,
    group: "failed",
    sentence: `failed: ${clipped(reason)}`,
    tone: "bad",
    downloadRate: 0,
    uploadRate: 0,
    peers: 0,
  };
}

/** Whether both rows say the same. */
export function isSameRow(a: TorrentRow, b: TorrentRow): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof TorrentRow>;
  return keys.values().every((key) => a[key] === b[key]);
}

/** Sums up all rows. */
export function listOverview(
  rows: Iterable<TorrentRow>,
  preparation?: Preparation,
): ListOverview {
  const counts = { failed: 0, waiting: 0, downloading: 0, seeding: 0 };
  const sums = { downloadRate: 0, uploadRate: 0, uploadedBytes: 0, totalBytes: 0, peers: 0 };
  let worst: TorrentRow | undefined;
  let noticed = 0;
  for (const row of rows) {
    counts[row.group]++;
    sums.downloadRate += row.downloadRate;
    sums.uploadRate += row.uploadRate;
    sums.uploadedBytes += row.uploadedBytes;
    sums.totalBytes += row.totalBytes;
    sums.peers += row.peers;
    if (row.group === "seeding" && row.tone === "wait") noticed++;
    if (urgencyOf(row) > urgencyOf(worst)) worst = row;
  }
  const words = [
    counts.failed > 0 && `${counts.failed} failed`,
    counts.waiting > 0 && `${counts.waiting} waiting`,
    counts.downloading > 0 && `${counts.downloading} downloading`,
    counts.seeding > 0 && `${counts.seeding} seeding`,
    noticed > 0 && worst?.group === "seeding" && `${noticed} of them with a notice`,
    preparation !== undefined && preparing(preparation),
  ].filter((word) => word !== false);
  const isBusy = counts.downloading > 0 || preparation !== undefined;
  return {
    sentence: words.length === 0 ? "no torrents" : words.join(", ") + reasonOf(worst),
    tone: toneOf(worst, isBusy, words.length === 0),
    counts,
    ...sums,
  };
}

function progressOf({ totalBytes, haveBytes, pieces, state }: TransferStats): number | undefined {
  if (totalBytes > 0) return Math.min(1, haveBytes / totalBytes);
  return pieces > 0 || state === "seeding" ? 1 : undefined; // an empty file
}

function groupOf(state: TransferStats["state"], tone: TorrentRow["tone"]): TorrentGroup {
  if (tone === "bad") return "failed";
  if (state === "seeding" || state === "stopped") return "seeding";
  return tone === "wait" ? "waiting" : "downloading";
}

/** 3 for a failure, 2 for a wait, 1 for a notice beside work that goes on, 0 for none. */
function urgencyOf(row: TorrentRow | undefined): number {
  if (row?.tone === "bad") return 3;
  if (row?.tone !== "wait") return 0;
  return row.group === "waiting" ? 2 : 1;
}

function toneOf(worst: TorrentRow | undefined, isBusy: boolean, isEmpty: boolean) {
  if (worst !== undefined) return worst.tone;
  return isBusy ? "work" : isEmpty ? "wait" : "good";
}

/** After the counts: the first torrent that needs attention, and why. */
function reasonOf(worst: TorrentRow | undefined): string {
  if (worst === undefined) return "";
  const name = worst.name === "" ? "a torrent" : `"${worst.name}"`;
  return `: ${clipped(`see ${name}: ${worst.sentence.replace(/^(?:failed|waiting): /, "")}`)}`;
}

function preparing({ count, doneBytes, totalBytes }: Preparation): string {
  return `preparing ${count}${totalBytes === 0 ? "" : `, ${percent(doneBytes, totalBytes)}`}`;
}
