/**
 * The table of open connections. Pure.
 *
 * @module
 */

import type { ConnectionStats } from "../../../mod.ts";
import { clip, clipMiddle, displayWidth, foreign } from "../text/terminal_text.ts";
import { formatPercent, formatRate } from "../text/units.ts";
import type { Glyphs } from "./progress.ts";

const INDENT = "  ";
const GAP = "  ";
const MOST_ADDRESS_CELLS = 39; // a full IPv6 address
const MOST_CLIENT_CELLS = 20;
/** The most rows; further connections are only counted, to keep the table readable. */
const MOST_ROWS = 20;

/** The letters of {@link ConnectionStats.flags} in words, in display order. */
const FLAGS: readonly (readonly [letter: string, words: string])[] = [
  ["w", "web server"],
  ["g", "hands out gradually"],
  ["s", "too slow"],
  ["d", "serves us"],
  ["u", "served by us"],
  ["i", "dialled us"],
  ["2", "v2"],
];

interface Column {
  readonly title: string;
  readonly isRight?: boolean;
  readonly mostCells?: number;
  of(peer: ConnectionStats): string;
}

/** From left to right; on a narrow terminal the rightmost are left out. */
const COLUMNS: readonly Column[] = [
  { title: "peer", mostCells: MOST_ADDRESS_CELLS, of: ({ address }) => foreign(address) },
  { title: "has", isRight: true, of: hasText },
  { title: "down", isRight: true, of: ({ downloadRate }) => rate(downloadRate) },
  { title: "up", isRight: true, of: ({ uploadRate }) => rate(uploadRate) },
  { title: "program", mostCells: MOST_CLIENT_CELLS, of: ({ client }) => foreign(client) },
  { title: "", of: remarks },
];

/** A super-seeder has everything, whatever it announces. */
function hasText({ progress, flags }: ConnectionStats): string {
  return flags.includes("g") ? "seeder" : formatPercent(progress, 1);
}

/** Marks a complete peer as a seeder. Web seeds and super-seeders are already marked as such. */
function remarks({ progress, flags }: ConnectionStats): string {
  const isSeeder = progress >= 1 && !/[gw]/.test(flags);
  return [isSeeder ? "seeder" : "", flagWords(flags)].filter(Boolean).join(", ");
}

/** The letters of {@link ConnectionStats.flags} in words. */
export function flagWords(flags: string): string {
  return FLAGS.filter(([letter]) => flags.includes(letter)).map(([, words]) => words).join(", ");
}

/**
 * A table of `connections`, the busiest first, in at most `rows` lines of at most `columns` cells; empty
 * without connections or room.
 */
export function peerTable(
  connections: readonly ConnectionStats[],
  { columns, rows, glyphs }: { columns: number; rows: number; glyphs: Glyphs },
): string[] {
  const room = Math.min(rows - 1, MOST_ROWS); // the first line holds the titles
  if (connections.length === 0 || room < 1) return [];
  const busiest = [...connections].sort((a, b) => traffic(b) - traffic(a));
  // The last row is for "and 7 more" if there is not enough room.
  const shown = busiest.length <= room ? busiest : busiest.slice(0, room - 1);
  const cells = shown.map((peer) => COLUMNS.map((column) => cellOf(column, peer)));
  const widths = COLUMNS.map(({ title }, i) =>
    Math.max(title.length, ...cells.map((row) => displayWidth(row[i]!)))
  );
  const lines = [COLUMNS.map(({ title }) => title), ...cells].map((row) => line(row, widths));
  if (shown.length < busiest.length) {
    lines.push(`${INDENT}and ${busiest.length - shown.length} more`);
  }
  const ellipsis = glyphs === "ascii" ? "~" : "…";
  return lines.map((text) => clip(text, columns).replaceAll("…", ellipsis));
}

function traffic({ downloadRate, uploadRate }: ConnectionStats): number {
  return downloadRate + uploadRate;
}

function cellOf({ of, mostCells = Infinity }: Column, peer: ConnectionStats): string {
  return clipMiddle(of(peer), mostCells);
}

function rate(bytesPerSecond: number): string {
  return bytesPerSecond >= 1 ? formatRate(bytesPerSecond) : "-";
}

function line(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, i) => {
    const space = " ".repeat(widths[i]! - displayWidth(cell));
    return COLUMNS[i]!.isRight ? space + cell : cell + space;
  });
  return (INDENT + cells.join(GAP)).trimEnd();
}
