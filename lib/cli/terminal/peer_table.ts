/**
 * The table of open connections. Pure.
 *
 * @module
 */

import type { ConnectionStats } from "../../../mod.ts";
import { foreign } from "../text/terminal_text.ts";
import { formatPercent, formatRate } from "../text/units.ts";
import type { Room } from "./screen.ts";
import { type TableColumn, textTable } from "./text_table.ts";

const MOST_ADDRESS_CELLS = 39; // a full IPv6 address
const MOST_CLIENT_CELLS = 20;
/** The most peers listed; further ones are only counted, to keep the table readable. */
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

/** From left to right; on a narrow terminal the rightmost are left out. */
const COLUMNS: readonly TableColumn<ConnectionStats>[] = [
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
export function peerTable(connections: readonly ConnectionStats[], room: Room): string[] {
  const busiest = [...connections].sort((a, b) => traffic(b) - traffic(a));
  return textTable(COLUMNS, busiest, { ...room, rows: Math.min(room.rows, MOST_ROWS + 1) });
}

function traffic({ downloadRate, uploadRate }: ConnectionStats): number {
  return downloadRate + uploadRate;
}

function rate(bytesPerSecond: number): string {
  return bytesPerSecond >= 1 ? formatRate(bytesPerSecond) : "-";
}
