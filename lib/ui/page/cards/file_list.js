// @ts-check
/// <reference lib="dom" />
/**
 * The files of a folder, and how far each is.
 *
 * @module
 */

import { html } from "../preact.js";
import { bytes, count, whole } from "../format.js";
import { ProgressCell, SHARE_ROOM, UntrustedText } from "../components.js";
import { SortableTable } from "../sortable_table.js";

/**
 * @typedef {import("../../snapshot.ts").TransferSnapshot} TransferSnapshot
 * @typedef {import("../../snapshot.ts").FileRow} FileRow
 */

/** So many are drawn unless all are asked for. */
const FIRST_ROWS = { rows: 20, cards: 5 };

/** @type {import("../sortable_table.js").Column<FileRow>[]} */
const COLUMNS = [
  {
    key: "path",
    label: "Name",
    isHeader: true,
    value: ({ path }) => path,
    cell: ({ path }) => html`<${UntrustedText} text=${path} />`,
  },
  {
    key: "bytes",
    label: "Size",
    isNumber: true,
    value: (file) => file.bytes,
    cell: (file) => bytes(file.bytes),
  },
  {
    key: "share",
    label: "Here",
    isNumber: true,
    room: SHARE_ROOM,
    value: (file) => shareOf(file) ?? -1,
    cell: (file) => html`<${Here} file=${file} />`,
  },
];

/** @param {{snapshot: TransferSnapshot}} props */
export function FileList({ snapshot: { files = 0, fileRows = [] } }) {
  if (fileRows.length === 0) return null;
  return html`
    <section class="panel" aria-labelledby="files-title">
      <h2 id="files-title">Files <small>${whole(files)}</small></h2>
      ${files > fileRows.length &&
        html`<p class="quiet">The first ${whole(fileRows.length)}; ${
          count(files - fileRows.length, "other")
        } ${files - fileRows.length === 1 ? "is" : "are"} not listed.</p>`}
      <${SortableTable}
        name="Files" noun="file" firstRows=${FIRST_ROWS} columns=${COLUMNS} rows=${fileRows} sortedBy="path"
        keyOf=${(/** @type {FileRow} */ { path }) => path}
      />
    </section>
  `;
}

/** @param {{file: FileRow}} props */
function Here({ file }) {
  const share = shareOf(file);
  if (!file.isChosen) return html`<span class="quiet">not chosen</span>`;
  if (share === undefined) return html`<span class="quiet">unknown</span>`;
  return share === 1
    ? "all of it"
    : html`<${ProgressCell} share=${share} of=${`${file.path}, here`} />`;
}

/** @param {FileRow} file */
function shareOf({ bytes: length, haveBytes }) {
  if (haveBytes === undefined) return undefined;
  return length === 0 ? 1 : haveBytes / length;
}
