/**
 * A transfer's state as one line: its contents, and how it is fitted to a terminal's width. Pure.
 *
 * @module
 */

import type { TransferStats } from "../../../mod.ts";
import { clip, clipMiddle, displayWidth, foreign } from "../text/terminal_text.ts";
import {
  count,
  formatBytes,
  formatEta,
  formatPercent,
  formatRate,
  formatSeconds,
} from "../text/units.ts";
import { pieceBar, type Pieces } from "./piece_bar.ts";

/** The contents of a progress line; {@link fitLine} and {@link plainLine} format it. */
export interface Line {
  /** What is going on, such as a file's name. */
  readonly title: string;
  /** The finished share for the bar, 0 to 1. Absent: there is no bar. */
  readonly fraction?: number;
  /** If present, the bar shows these pieces individually. */
  readonly pieces?: Pieces;
  /** Most important first; the last are left out when there is not enough room. */
  readonly figures: readonly string[];
}

/** The characters a terminal can show: `ascii` where nothing else is safe. */
export type Glyphs = "unicode" | "ascii";

const GAP = "  ";
const LEAST_TITLE_CELLS = 12;
const LEAST_BAR_CELLS = 8;
const MOST_BAR_CELLS = 32;
const BAR_STEP_CELLS = 4;

/** Formats `line` in at most `cells` cells: leaves out the least important, and gives the bar the rest. */
export function fitLine(line: Line, cells: number, glyphs: Glyphs = "unicode"): string {
  if (glyphs === "unicode") return fit(line, cells, glyphs);
  const figures = line.figures.map((text) => text.replace("↓", "down").replace("↑", "up"));
  return fit({ ...line, figures }, cells, glyphs).replaceAll("…", "~");
}

function fit(line: Line, cells: number, glyphs: Glyphs): string {
  // Next to a bar, the title's width depends on the terminal only, so changing figures do not move it.
  const titleShare = Math.max(LEAST_TITLE_CELLS, Math.floor(cells / 4));
  const barCells = line.fraction === undefined ? 0 : GAP.length + LEAST_BAR_CELLS;
  const reserved = line.fraction === undefined ? LEAST_TITLE_CELLS : titleShare;
  let room = cells - Math.min(displayWidth(line.title), reserved) - barCells;
  const figures: string[] = [];
  for (const figure of line.figures) {
    const needed = GAP.length + displayWidth(figure);
    if (needed > room) break;
    room -= needed;
    figures.push(figure);
  }
  if (figures.length === 0 && line.figures.length > 0) return clip(line.figures[0]!, cells);
  if (line.fraction === undefined) {
    const title = clipMiddle(line.title, room + Math.min(displayWidth(line.title), reserved));
    return [title, ...figures].join(GAP);
  }
  // It grows in steps, so that a figure that gets one character longer does not change it.
  const grown = LEAST_BAR_CELLS + room - room % BAR_STEP_CELLS;
  const shownBar = barOf(line.fraction, line.pieces, Math.min(grown, MOST_BAR_CELLS), glyphs);
  return [clipMiddle(line.title, titleShare), shownBar, ...figures].join(GAP);
}

/** `line` for a log: everything, without bar or padding. */
export function plainLine(line: Line): string {
  return line.figures.length === 0 ? line.title : `${line.title}: ${line.figures.join(", ")}`;
}

/** A bar of `cells` cells, filled from the left; full only at 1. */
export function bar(fraction: number, cells: number, glyphs: Glyphs = "unicode"): string {
  const filled = Math.min(cells, Math.max(0, Math.floor(fraction * cells)));
  const [full, empty] = glyphs === "unicode" ? ["█", "░"] : ["#", "."];
  return full!.repeat(filled) + empty!.repeat(cells - filled);
}

function barOf(fraction: number, pieces: Pieces | undefined, cells: number, glyphs: Glyphs) {
  const hasPieces = pieces !== undefined && pieces.count > 0 && glyphs === "unicode";
  return hasPieces ? pieceBar(pieces, cells) : bar(fraction, cells, glyphs);
}

/** The line while a file is read and hashed; `title` is `hashing` or `checking`, and its name. */
export function hashingLine(
  title: string,
  doneBytes: number,
  totalBytes: number,
  elapsedSeconds: number,
): Line {
  const figures = [formatPercent(doneBytes, totalBytes)];
  if (elapsedSeconds > 0 && doneBytes > 0) {
    const rateBytesPerSecond = doneBytes / elapsedSeconds;
    figures.push(formatRate(rateBytesPerSecond));
    const eta = formatEta((totalBytes - doneBytes) / rateBytesPerSecond);
    if (eta !== undefined && doneBytes < totalBytes) figures.push(`${eta} left`);
  }
  figures.push(`${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`);
  return { title, fraction: totalBytes > 0 ? doneBytes / totalBytes : 1, figures };
}

/**
 * The line of a transfer.
 *
 * @param waitingReason the last sentence on why no data moves
 * @param pieces for the bar, once they are known
 */
export function transferLine(stats: TransferStats, waitingReason?: string, pieces?: Pieces): Line {
  const name = foreign(stats.name);
  const peers = count(stats.peers.connected, "peer");
  switch (stats.state) {
    case "lookup":
      return { title: `looking for ${name}`, figures: [] };
    case "metadata":
      return { title: "asking for the torrent's description", figures: [peers] };
    case "hashing":
    case "checking":
      return haveLine(`checking ${name}`, stats, []);
    case "waiting":
      return haveLine(
        name,
        stats,
        [`waiting: ${waitingReason ?? "nobody has more to give"}`],
        pieces,
      );
    case "downloading":
      return haveLine(name, stats, downloadFigures(stats, peers), pieces);
    case "verifying":
      return haveLine(name, stats, ["a last check of the whole"], pieces);
    case "flushing":
      return haveLine(name, stats, ["writing to disk"], pieces);
    case "seeding":
      return { title: `seeding ${name}`, figures: seedFigures(stats, peers) };
    case "stopped":
      return { title: `stopped ${name}`, figures: [] };
  }
}

function haveLine(
  title: string,
  stats: TransferStats,
  figures: readonly string[],
  pieces?: Pieces,
): Line {
  const { haveBytes, totalBytes } = stats;
  return {
    title,
    fraction: totalBytes > 0 ? haveBytes / totalBytes : 1,
    ...(pieces && { pieces }),
    figures: [formatPercent(haveBytes, totalBytes), ...figures],
  };
}

function downloadFigures(stats: TransferStats, peers: string): string[] {
  const eta = formatEta(stats.etaSeconds);
  return [
    `↓ ${formatRate(stats.downloadRate)}`,
    peers,
    ...(eta === undefined ? [] : [`${eta} left`]),
    `${formatBytes(stats.haveBytes)} of ${formatBytes(stats.totalBytes)}`,
    ...(stats.uploadRate > 0 ? [`↑ ${formatRate(stats.uploadRate)}`] : []),
  ];
}

function seedFigures(stats: TransferStats, peers: string): string[] {
  const ratio = stats.totalBytes > 0 ? stats.uploadedBytes / stats.totalBytes : 0;
  const { copies, untilCopies, superSeeding } = stats;
  return [
    `↑ ${formatRate(stats.uploadRate)}`,
    peers,
    ...(superSeeding ? ["handing out gradually"] : []),
    ...(untilCopies === undefined ? [] : [`${copies} of ${untilCopies} complete`]),
    `${formatBytes(stats.uploadedBytes)} sent`,
    `ratio ${ratio.toFixed(2)}`,
  ];
}

/** The tracker's live statistics. */
export function trackerLine(
  figures: { torrents: number; seeders: number; leechers: number; announces: number },
  elapsedSeconds: number,
): Line {
  return {
    title: "tracker",
    figures: [
      count(figures.torrents, "swarm"),
      count(figures.seeders, "seeder"),
      count(figures.leechers, "leecher"),
      count(figures.announces, "announce"),
      `up ${formatSeconds(elapsedSeconds)}`,
    ],
  };
}
