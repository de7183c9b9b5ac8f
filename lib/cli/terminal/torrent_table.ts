/**
 * The torrents of a program with several: a table, and their sums as one line. Pure.
 *
 * @module
 */

import type { TransferStats } from "../../../mod.ts";
import { foreign } from "../text/terminal_text.ts";
import { count, formatBytes, formatEta, formatPercent, formatRate } from "../text/units.ts";
import type { Line } from "./progress.ts";
import type { Room } from "./screen.ts";
import { type TableColumn, textTable } from "./text_table.ts";

const MOST_NAME_CELLS = 40;
/** The most torrents listed; further ones are only counted, to keep the table readable. */
const MOST_ROWS = 20;

/** From left to right; on a narrow terminal the rightmost are left out. */
const COLUMNS: readonly TableColumn<TransferStats>[] = [
  { title: "torrent", mostCells: MOST_NAME_CELLS, of: ({ name }) => foreign(name) || "-" },
  {
    title: "has",
    isRight: true,
    of: ({ haveBytes, totalBytes }) => formatPercent(haveBytes, totalBytes),
  },
  { title: "down", isRight: true, of: ({ downloadRate }) => rate(downloadRate) },
  { title: "up", isRight: true, of: ({ uploadRate }) => rate(uploadRate) },
  { title: "peers", isRight: true, of: ({ peers }) => String(peers.connected) },
  { title: "sent", isRight: true, of: ({ uploadedBytes }) => formatBytes(uploadedBytes) },
  { title: "size", isRight: true, of: ({ totalBytes }) => formatBytes(totalBytes) },
  { title: "", of: ({ state }) => state },
];

/** A table of torrents, the busiest first; empty without torrents or room. */
export function torrentTable(torrents: readonly TransferStats[], room: Room): string[] {
  const busiest = [...torrents].sort((a, b) => traffic(b) - traffic(a));
  return textTable(COLUMNS, busiest, { ...room, rows: Math.min(room.rows, MOST_ROWS + 1) });
}

/** The sums over torrents. `pending` more are being hashed or looked for. */
export function totalsLine(
  program: "seeder" | "leecher",
  torrents: readonly TransferStats[],
  pending: number,
): Line {
  const all = torrents.length + pending;
  const complete = torrents.filter(isComplete).length;
  const isSeeding = program === "seeder" || (complete === all && all > 0);
  const peers = count(sum(torrents, (stats) => stats.peers.connected), "peer");
  const uploadRate = sum(torrents, (stats) => stats.uploadRate);
  if (!isSeeding) {
    const title = `${complete} of ${count(all, "torrent")} complete`;
    const up = uploadRate > 0 ? [`↑ ${formatRate(uploadRate)}`] : [];
    return { title, figures: [...downloadFigures(torrents, pending, peers), ...up] };
  }
  const sent = `${formatBytes(sum(torrents, (stats) => stats.uploadedBytes))} sent`;
  const share = pending > 0 ? `${complete} of ${count(all, "torrent")}` : count(all, "torrent");
  return { title: `seeding ${share}`, figures: [`↑ ${formatRate(uploadRate)}`, peers, sent] };
}

function downloadFigures(
  torrents: readonly TransferStats[],
  pending: number,
  peers: string,
): string[] {
  const haveBytes = sum(torrents, (stats) => stats.haveBytes);
  const totalBytes = sum(torrents, (stats) => stats.totalBytes);
  const rate = sum(torrents, (stats) => stats.downloadRate);
  const isKnown = rate > 0 && pending === 0;
  const eta = isKnown ? formatEta((totalBytes - haveBytes) / rate) : undefined;
  return [
    `↓ ${formatRate(rate)}`,
    peers,
    ...(eta === undefined ? [] : [`${eta} left`]),
    `${formatBytes(haveBytes)} of ${formatBytes(totalBytes)}`,
  ];
}

function sum(torrents: readonly TransferStats[], of: (stats: TransferStats) => number): number {
  return torrents.reduce((total, stats) => total + of(stats), 0);
}

/** Whether it has everything it wants. */
export function isComplete({ state }: TransferStats): boolean {
  return state === "seeding" || state === "stopped";
}

function traffic({ downloadRate, uploadRate }: TransferStats): number {
  return downloadRate + uploadRate;
}

function rate(bytesPerSecond: number): string {
  return bytesPerSecond >= 1 ? formatRate(bytesPerSecond) : "-";
}
