// @ts-check
/// <reference lib="dom" />
/**
 * A table that its column headers sort, by mouse and keyboard. On a narrow screen each row becomes a
 * card. The roles are explicit because browsers drop them when CSS lays a table out as something else.
 *
 * @module
 */

import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "./preact.js";
import { count, integer } from "./format.js";
import { onThemeChange } from "./colors.js";

/** The width a column needs, in pixels. Rows become cards where the table is narrower than its columns. */
const MIN_WIDTH = { header: 215, number: 78, words: 124 };
/** How many rows are shown at first. Cards are tall, so there are fewer. */
const FIRST_ROWS = { rows: 50, cards: 5 };

/**
 * @template Row
 * @typedef {object} Column
 * @property {string} key
 * @property {string} label
 * @property {(row: Row) => unknown} cell the content of the cell
 * @property {(row: Row) => string | number} [value] what the column sorts by; without it, it cannot sort
 * @property {boolean} [isNumber] aligned to the right, sorted from the largest
 * @property {boolean} [isHeader] the cell is the header of its row
 * @property {number} [minWidth] in pixels, where it differs from others of its kind
 * @property {(row: Row) => boolean} [isEmpty] a card leaves this cell out
 */

/**
 * @template Row
 * @typedef {object} TableProps
 * @property {string} name the caption
 * @property {string} noun what one row is
 * @property {Column<Row>[]} columns
 * @property {Row[]} rows
 * @property {(row: Row) => string} keyOf a key that stays the same for a row
 * @property {{rows: number, cards: number}} [firstRows] how many are shown at first
 * @property {boolean} [grows] more rows are shown when the last ones are scrolled into view
 * @property {number} [drawnRows] how many rows were shown when the user left
 * @property {string} sortedBy key of the column that sorts the table at first
 * @property {Order} [order] what sorts the table now, where its owner decides that
 * @property {(next: Order) => void} [changeOrder] tells the owner
 * @property {(row: Row) => boolean} [isSelected]
 * @property {string} [class]
 */

/** @typedef {{key: string, isAscending: boolean}} Order */

/**
 * @template {object} Row
 * @param {TableProps<Row>} props
 */
export function SortableTable(props) {
  const { name, noun, columns, rows, keyOf, isSelected, firstRows = FIRST_ROWS } = props;
  const [ownOrder, setOwnOrder] = useState(() => firstOrder(columns, props.sortedBy));
  const { order = ownOrder, changeOrder = setOwnOrder } = props;
  const drawRow = useDrawnRows(columns, keyOf, isSelected);
  const [isNarrow, setIsNarrow] = useState(false);
  const container = useRef(null);
  useLayoutEffect(() => {
    const measure = () => setIsNarrow(container.current.clientWidth < widthOf(columns));
    measure();
    return onThemeChange(container.current, measure);
  }, []);
  const first = firstRows[isNarrow ? "cards" : "rows"];
  const { limit, setLimit, end } = useRowLimit(first, rows.length, props);
  const shown = sorted(rows, columns, order, keyOf).slice(0, limit);
  const isCut = rows.length > limit;
  const sortBy = (/** @type {Column<Row>} */ { key, isNumber }) =>
    changeOrder({ key, isAscending: key === order.key ? !order.isAscending : isNumber !== true });
  return html`
    <div ref=${container}>
    <table role="table" class=${`${isNarrow ? "cards" : "rows"} ${props.class ?? ""}`}
      aria-rowcount=${isCut ? rows.length + 1 : undefined}>
      <caption class="unseen">${name}, ${count(rows.length, noun)}</caption>
      <thead role="rowgroup">
        <tr role="row">${columns.map((column) =>
          html`<${Header} key=${column.key} column=${column} order=${order} sortBy=${sortBy} />`
        )}</tr>
      </thead>
      <tbody role="rowgroup">${shown.map(drawRow)}</tbody>
    </table>
    ${(isCut || rows.length > first && !props.grows) &&
      html`<button type="button" class="wide" ref=${end} onClick=${() =>
        setLimit(isCut ? Infinity : 0)}>
      ${isCut ? `Show all ${integer(rows.length)}` : `Show the first ${first}`}
    </button>`}
    </div>
  `;
}

/**
 * How many rows are shown. A table that grows shows more when its end, the button, comes near the window: a
 * long list is drawn as far as somebody looks.
 * @param {number} first
 * @param {number} total
 * @param {{grows?: boolean, drawnRows?: number}} props
 */
function useRowLimit(first, total, { grows = false, drawnRows = 0 }) {
  const [limit, setLimit] = useState(drawnRows);
  const shown = Math.max(first, limit);
  const end = useRef(null);
  useEffect(() => {
    if (!grows || end.current === null) return;
    const grow = (/** @type {IntersectionObserverEntry[]} */ entries) =>
      entries.some(({ isIntersecting }) => isIntersecting) && setLimit(shown + first);
    const observer = new IntersectionObserver(grow, { rootMargin: "100%" });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [grows, shown, shown < total]);
  return { limit: shown, setLimit, end };
}

/**
 * The order at first: by this column, numbers from the largest.
 * @param {readonly Column<any>[]} columns
 * @param {string} key
 * @returns {Order}
 */
export function firstOrder(columns, key) {
  return { key, isAscending: columns.find((column) => column.key === key)?.isNumber !== true };
}

/**
 * Draws rows. One that is the same object as before is not drawn anew, which a long list needs.
 * @template {object} Row
 * @param {Column<Row>[]} columns
 * @param {(row: Row) => string} keyOf
 * @param {((row: Row) => boolean) | undefined} isSelected
 * @returns {(row: Row) => unknown}
 */
function useDrawnRows(columns, keyOf, isSelected) {
  const drawn = useMemo(() => new WeakMap(), [columns]);
  return (row) => {
    const isMarked = isSelected?.(row) === true;
    const before = drawn.get(row);
    if (before?.isMarked === isMarked) return before.node;
    const node = html`<tr role="row" key=${keyOf(row)} class=${isMarked ? "selected" : ""}>
      ${columns.map((column) => html`<${Cell} key=${column.key} column=${column} row=${row} />`)}
    </tr>`;
    drawn.set(row, { isMarked, node });
    return node;
  };
}

/**
 * @template Row
 * @param {{column: Column<Row>, order: Order, sortBy: (column: Column<Row>) => void}} props
 */
function Header({ column, order, sortBy }) {
  const { key, label, value, isNumber } = column;
  if (value === undefined) {
    return html`<th role="columnheader" scope="col" class=${`unsorted ${
      isNumber ? "number" : ""
    }`}>${label}</th>`;
  }
  const direction = key !== order.key ? "none" : order.isAscending ? "ascending" : "descending";
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
 * @param {Order} order
 * @param {(row: Row) => string} keyOf
 */
function sorted(rows, columns, { key, isAscending }, keyOf) {
  const value = columns.find((column) => column.key === key)?.value;
  if (value === undefined) return rows;
  const sign = isAscending ? 1 : -1;
  const decorated = rows.map((row) => ({ row, by: value(row), name: keyOf(row) }));
  // Rows with equal values keep one order, or they would jump about with every update.
  decorated.sort((a, b) => sign * compare(a.by, b.by) || compare(a.name, b.name));
  return decorated.map(({ row }) => row);
}

/** @param {readonly Column<any>[]} columns */
function widthOf(columns) {
  return columns.reduce((sum, { minWidth, isHeader, isNumber }) => {
    return sum + (minWidth ?? MIN_WIDTH[isHeader ? "header" : isNumber ? "number" : "words"]);
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
