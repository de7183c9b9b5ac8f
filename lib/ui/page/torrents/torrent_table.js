// @ts-check
/// <reference lib="dom" />
/**
 * The table of all torrents. Each name leads to the torrent's own page.
 *
 * @module
 */

import { html, useMemo } from "../preact.js";
import { PROGRESS_WIDTH, ProgressCell, UntrustedText } from "../components.js";
import { bytes, capitalized, eta, integer, plain, rate } from "../format.js";
import { firstOrder, SortableTable } from "../sortable_table.js";
import { GROUPS } from "./list_filter.js";

/**
 * @typedef {import("../../torrents/list_snapshot.ts").TorrentRow} Row
 * @typedef {import("../use_query.js").Query} Query
 * @typedef {import("../sortable_table.js").Column<Row>} Column
 */

const URGENCY = GROUPS.map(([group]) => group);
/** How many rows are drawn at a time. */
const ROWS_DRAWN = { rows: 100, cards: 50 };
/** The width a column needs, in pixels; the style sheet has the same columns. */
const WIDTHS = { name: 240, state: 230, number: 84 };
/** The column that sorts the list unless the user chooses another. */
const SORTED_BY = "state";

/** @typedef {(torrent: string, link: HTMLElement) => void} Open */

/**
 * @param {{
 *   rows: readonly Row[],
 *   query: Query,
 *   changeQuery: (next: Query) => void,
 *   open: Open,
 *   drawnRows: number | undefined,
 * }} props `open` leads to the page of a torrent, from this link
 */
export function TorrentTable({ rows, query, changeQuery, open, drawnRows }) {
  const columns = useMemo(() => columnsFor(open), [open]);
  const changeOrder = (/** @type {import("../sortable_table.js").Order} */ order) =>
    changeQuery({ ...query, sort: sortText(order, columns) });
  return html`
    <${SortableTable}
      name="Torrents" noun="torrent" class="torrents" columns=${columns} rows=${rows}
      keyOf=${(/** @type {Row} */ { id }) =>
        String(id)} firstRows=${ROWS_DRAWN} grows=${true} drawnRows=${drawnRows}
      sortedBy=${SORTED_BY} order=${orderOf(query.sort, columns)} changeOrder=${changeOrder}
    />
  `;
}

/**
 * The order as it stands in the address: the column, after a minus if it descends.
 * @param {import("../sortable_table.js").Order} order
 * @param {readonly Column[]} columns
 */
function sortText({ key, isAscending }, columns) {
  const first = firstOrder(columns, SORTED_BY);
  if (key === first.key && isAscending === first.isAscending) return "";
  return isAscending ? key : `-${key}`;
}

/**
 * @param {string} text
 * @param {readonly Column[]} columns
 * @returns {import("../sortable_table.js").Order}
 */
function orderOf(text, columns) {
  const key = text.replace(/^-/, "");
  return columns.some((column) => column.key === key)
    ? { key, isAscending: !text.startsWith("-") }
    : firstOrder(columns, SORTED_BY);
}

/**
 * @param {Open} open
 * @returns {Column[]}
 */
function columnsFor(open) {
  return [
    {
      key: "name",
      label: "Name",
      isHeader: true,
      minWidth: WIDTHS.name,
      value: ({ name }) => name,
      cell: (row) => html`<${TorrentLink} row=${row} open=${open} />`,
    },
    {
      key: "state",
      label: "State",
      minWidth: WIDTHS.state,
      value: ({ group, sentence }) => `${URGENCY.indexOf(group)} ${sentence}`,
      cell: ({ sentence, tone }) =>
        html`<span class=${`doing ${tone}`}>${capitalized(plain(sentence))}</span>`,
    },
    {
      key: "progress",
      label: "Progress",
      isNumber: true,
      minWidth: PROGRESS_WIDTH,
      value: ({ progress }) => progress ?? -1,
      isEmpty: ({ progress }) => progress === undefined,
      cell: ({ progress, name }) =>
        progress === undefined
          ? html`<span class="quiet">unknown</span>`
          : html`<${ProgressCell} share=${progress} label=${`Progress of ${plain(name)}`} />`,
    },
    numberColumn("down", "Down", ({ downloadRate }) => downloadRate, rate),
    numberColumn("up", "Up", ({ uploadRate }) => uploadRate, rate),
    numberColumn(
      "left",
      "Time left",
      ({ etaSeconds }) => etaSeconds ?? 0,
      (seconds) => eta(seconds) ?? "over 100 days",
    ),
    numberColumn("peers", "Peers", ({ peers }) => peers, integer),
    numberColumn("size", "Size", ({ totalBytes }) => totalBytes, bytes),
  ];
}

/**
 * @param {string} key
 * @param {string} label
 * @param {(row: Row) => number} value
 * @param {(n: number) => string} format
 * @returns {Column}
 */
function numberColumn(key, label, value, format) {
  return {
    key,
    label,
    isNumber: true,
    minWidth: WIDTHS.number,
    value,
    isEmpty: (row) => value(row) === 0,
    cell: (row) => value(row) === 0 ? html`<span class="quiet">–</span>` : format(value(row)),
  };
}

/**
 * Its address knows nothing of filter and order, or every change of them would draw all rows anew. A plain
 * click takes them along; a new tab does without.
 * @param {{row: Row, open: Open}} props
 */
function TorrentLink({ row: { id, name }, open }) {
  const onClick = (/** @type {any} */ event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(String(id), event.currentTarget);
  };
  return html`
    <a href=${`#torrent=${id}`} data-torrent=${id} title=${plain(name)} onClick=${onClick}
    ><${UntrustedText} text=${name || "name not known yet"} /></a>
  `;
}
