// @ts-check
/// <reference lib="dom" />
/**
 * A table whose columns sort it, by mouse and keyboard. On a narrow screen each row becomes a card;
 * the roles are spelled out because browsers forget them when a table is laid out as something else.
 *
 * @module
 */

import { html, useEffect, useRef, useState } from "./preact.js";
import { count, whole } from "./format.js";
import { onThemeChange } from "./colors.js";

/** Where columns have less room than this, in pixels, the rows become cards. */
const ROOM = { header: 215, number: 78, words: 124 };
/** So many rows are drawn unless all are asked for; as cards they are tall. */
const FIRST_ROWS = { rows: 50, cards: 5 };

/**
 * @template Row
 * @typedef {object} Column
 * @property {string} key
 * @property {string} label
 * @property {(row: Row) => unknown} cell what stands in the cell
 * @property {(row: Row) => string | number} [value] what it is sorted by; without it, it is not
 * @property {boolean} [isNumber] starts with the largest, stands at the right
 * @property {boolean} [isHeader] names its row
 * @property {number} [room] in pixels, where it wants more than others
 * @property {(row: Row) => boolean} [isEmpty] left out where rows are cards
 */

/**
 * @template Row
 * @typedef {object} TableProps
 * @property {string} name what the table holds
 * @property {string} noun of one row
 * @property {Column<Row>[]} columns
 * @property {Row[]} rows
 * @property {(row: Row) => string} keyOf names a row, for good
 * @property {{rows: number, cards: number}} [firstRows] how many are drawn unless all are asked for
 * @property {string} sortedBy key of the column that sorts it at first
 * @property {(row: Row) => boolean} [isSelected]
 */

/**
 * @template Row
 * @param {TableProps<Row>} props
 */
export function SortableTable(props) {
  const { name, noun, columns, rows, keyOf, sortedBy, isSelected, firstRows = FIRST_ROWS } = props;
  const [order, setOrder] = useState(() => ({
    key: sortedBy,
    isRising: columns.find(({ key }) => key === sortedBy)?.isNumber !== true,
  }));
  const [showsAll, setShowsAll] = useState(false);
  const [isNarrow, setIsNarrow] = useState(false);
  const place = useRef(null);
  useEffect(() => {
    const measure = () => setIsNarrow(place.current.clientWidth < roomFor(columns));
    measure();
    return onThemeChange(place.current, measure);
  }, []);
  const first = firstRows[isNarrow ? "cards" : "rows"];
  const shown = sorted(rows, columns, order, keyOf).slice(0, showsAll ? undefined : first);
  const sortBy = (/** @type {Column<Row>} */ { key, isNumber }) =>
    setOrder({ key, isRising: key === order.key ? !order.isRising : isNumber !== true });
  return html`
    <div ref=${place}>
    <table role="table" class=${isNarrow ? "cards" : "rows"}>
      <caption class="unseen">${name}, ${count(rows.length, noun)}</caption>
      <thead role="rowgroup">
        <tr role="row">${columns.map((column) =>
          html`<${Header} key=${column.key} column=${column} order=${order} sortBy=${sortBy} />`
        )}</tr>
      </thead>
      <tbody role="rowgroup">${shown.map((row) =>
        html`<tr role="row" key=${keyOf(row)} class=${isSelected?.(row) ? "selected" : ""}>
      ${columns.map((column) => html`<${Cell} key=${column.key} column=${column} row=${row} />`)}
    </tr>`
      )}</tbody>
    </table>
    ${rows.length > first &&
      html`<button type="button" class="wide" onClick=${() => setShowsAll(!showsAll)}>
      ${showsAll ? `Show the first ${first}` : `Show all ${whole(rows.length)}`}
    </button>`}
    </div>
  `;
}

/**
 * @template Row
 * @param {{column: Column<Row>, order: {key: string, isRising: boolean}, sortBy: (column: Column<Row>) => void}} props
 */
function Header({ column, order, sortBy }) {
  const { key, label, value, isNumber } = column;
  if (value === undefined) {
    return html`<th role="columnheader" scope="col" class=${`unsorted ${
      isNumber ? "number" : ""
    }`}>${label}</th>`;
  }
  const direction = key !== order.key ? "none" : order.isRising ? "ascending" : "descending";
  return html`
    <th role="columnheader" scope="col" aria-sort=${direction} class=${isNumber ? "number" : ""}>
      <button type="button" onClick=${() => sortBy(column)}>
          ${label}<span class="arrow" aria-hidden="true"></span>
        </button>
    </th>
  `;
}

/**
 * @template Row
 * @param {{column: Column<Row>, row: Row}} props
 */
function Cell({ column, row }) {
  const { label, cell, isNumber, isHeader, isEmpty } = column;
  const classes = [isNumber && "number", isEmpty?.(row) && "empty"].filter(Boolean).join(" ");
  const content = html`
    <span class="label" aria-hidden="true">${label}</span>
    <span class="value">${cell(row)}</span>
  `;
  return isHeader
    ? html`<th role="rowheader" scope="row" class=${classes}>${content}</th>`
    : html`<td role="cell" class=${classes}>${content}</td>`;
}

/**
 * @template Row
 * @param {Row[]} rows
 * @param {Column<Row>[]} columns
 * @param {{key: string, isRising: boolean}} order
 * @param {(row: Row) => string} keyOf
 */
function sorted(rows, columns, { key, isRising }, keyOf) {
  const value = columns.find((column) => column.key === key)?.value;
  if (value === undefined) return rows;
  const sign = isRising ? 1 : -1;
  const decorated = rows.map((row) => ({ row, by: value(row), name: keyOf(row) }));
  // Equals stay in one order, whatever order they come in: rows that jump about cannot be read.
  decorated.sort((a, b) => sign * compare(a.by, b.by) || compare(a.name, b.name));
  return decorated.map(({ row }) => row);
}

/** @param {readonly Column<any>[]} columns */
function roomFor(columns) {
  return columns.reduce((sum, { room, isHeader, isNumber }) => {
    return sum + (room ?? ROOM[isHeader ? "header" : isNumber ? "number" : "words"]);
  }, 0);
}

const COLLATOR = new Intl.Collator("en", { numeric: true });

/**
 * @param {string | number} a
 * @param {string | number} b
 */
function compare(a, b) {
  return typeof a === "number" && typeof b === "number"
    ? a - b
    : COLLATOR.compare(String(a), String(b));
}
