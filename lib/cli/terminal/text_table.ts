/**
 * A table in aligned columns. Pure.
 *
 * @module
 */

import { clip, clipMiddle, displayWidth } from "../text/terminal_text.ts";
import type { Room } from "./screen.ts";

const INDENT = "  ";
const GAP = "  ";

/** A column of a table. */
export interface TableColumn<Row> {
  readonly title: string;
  readonly isRight?: boolean;
  readonly mostCells?: number;
  /** The text of a cell, safe to print. */
  of(row: Row): string;
}

/**
 * The lines of a table, titles first: at most `rows` lines of at most `columns` cells; none without rows or
 * room. On a narrow terminal the rightmost columns are cut off.
 */
export function textTable<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  { columns: mostCells, rows: mostRows, glyphs }: Room,
): string[] {
  const room = mostRows - 1; // the first line holds the titles
  if (rows.length === 0 || room < 1) return [];
  // The last row is for "and 7 more" if there is not enough room.
  const shown = rows.length <= room ? rows : rows.slice(0, room - 1);
  const cells = shown.map((row) =>
    columns.map((column) => clipMiddle(column.of(row), column.mostCells ?? Infinity))
  );
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...cells.map((row) => displayWidth(row[i]!)))
  );
  const lines = [columns.map(({ title }) => title), ...cells].map((row) =>
    alignedLine(row, widths, columns)
  );
  if (shown.length < rows.length) lines.push(`${INDENT}and ${rows.length - shown.length} more`);
  const ellipsis = glyphs === "ascii" ? "~" : "…";
  return lines.map((text) => clip(text, mostCells).replaceAll("…", ellipsis));
}

function alignedLine(
  row: readonly string[],
  widths: readonly number[],
  columns: readonly Pick<TableColumn<never>, "isRight">[],
): string {
  const cells = row.map((cell, i) => {
    const space = " ".repeat(widths[i]! - displayWidth(cell));
    return columns[i]!.isRight ? space + cell : cell + space;
  });
  return (INDENT + cells.join(GAP)).trimEnd();
}
