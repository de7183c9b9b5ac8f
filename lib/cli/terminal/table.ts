/**
 * Rows of text in columns that fit a terminal. Pure.
 *
 * @module
 */

import { clip, clipMiddle, displayWidth } from "../text/terminal_text.ts";
import type { Glyphs } from "./progress.ts";

const INDENT = "  ";
const GAP = "  ";
/** The most rows; further ones are only counted, to keep a table readable. */
const MOST_ROWS = 20;

/** A column of things of type `T`. */
export interface Column<T> {
  readonly title: string;
  readonly isRight?: boolean;
  readonly mostCells?: number;
  /** The text of one cell, safe to print. */
  of(row: T): string;
}

/**
 * A table of `rows`, in at most `room.rows` lines of at most `room.columns` cells; empty without rows or
 * room. On a narrow terminal the rightmost columns are cut.
 */
export function tableOf<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  room: { columns: number; rows: number; glyphs: Glyphs },
): string[] {
  const most = Math.min(room.rows - 1, MOST_ROWS); // the first line holds the titles
  if (rows.length === 0 || most < 1) return [];
  // The last row is for "and 7 more" if there is not enough room.
  const shown = rows.length <= most ? rows : rows.slice(0, most - 1);
  const cells = shown.map((row) => columns.map((column) => cellOf(column, row)));
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...cells.map((row) => displayWidth(row[i]!)))
  );
  const lines = [columns.map(({ title }) => title), ...cells].map((row) =>
    lineOf(columns, row, widths)
  );
  if (shown.length < rows.length) lines.push(`${INDENT}and ${rows.length - shown.length} more`);
  const ellipsis = room.glyphs === "ascii" ? "~" : "…";
  return lines.map((text) => clip(text, room.columns).replaceAll("…", ellipsis));
}

function cellOf<T>({ of, mostCells = Infinity }: Column<T>, row: T): string {
  return clipMiddle(of(row), mostCells);
}

function lineOf<T>(
  columns: readonly Column<T>[],
  row: readonly string[],
  widths: readonly number[],
): string {
  const cells = row.map((cell, i) => {
    const space = " ".repeat(widths[i]! - displayWidth(cell));
    return columns[i]!.isRight ? space + cell : cell + space;
  });
  return (INDENT + cells.join(GAP)).trimEnd();
}
