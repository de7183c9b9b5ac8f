// @ts-check
/// <reference lib="dom" />
/**
 * The files of a folder, with the progress of each.
 *
 * @module
 */

import { html } from "../preact.js";
import { bytes, count, integer } from "../format.js";
import { PROGRESS_WIDTH, ProgressCell, UntrustedText } from "../components.js";
import { SortableTable } from "../sortable_table.js";

/**
 * @typedef {import("../../snapshot.ts").TransferSnapshot} TransferSnapshot
 * @typedef {import("../../snapshot.ts").FileRow} FileRow
 */

/** How many files are shown at first. */
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
    label: "Progress",
    isNumber: true,
    minWidth: PROGRESS_WIDTH,
    value: (file) => shareOf(file) ?? -1,
    cell: (file) => html`<${FileProgress} file=${file} />`,
  },
];

/** How many files the program sends at a time. */
const FILES_SENT = 100;

/**
 * @param {{snapshot: TransferSnapshot, skip: (files: number) => void}} props `skip` asks for the files
 * after so many
 */
export function FileList({ snapshot: { files = 0, fileRows = [], skippedFiles = 0 }, skip }) {
  if (files === 0 || fileRows.length === 0 && skippedFiles === 0) return null;
  return html`
    <section class="panel" aria-labelledby="files-title">
      <h2 id="files-title">Files <small>${integer(files)}</small></h2>
      ${(files > fileRows.length || skippedFiles > 0) &&
        html`<${Pager} files=${files} skipped=${skippedFiles} listed=${fileRows.length} skip=${skip} />`}
      <${SortableTable}
        name="Files" noun="file" firstRows=${FIRST_ROWS} columns=${COLUMNS} rows=${fileRows} sortedBy="path"
        keyOf=${(/** @type {FileRow} */ { path }) => path}
      />
    </section>
  `;
}

/**
 * Says which files are listed, and leads to the others.
 * @param {{files: number, skipped: number, listed: number, skip: (files: number) => void}} props
 */
function Pager({ files, skipped, listed, skip }) {
  const which = skipped === 0
    ? `The first ${integer(listed)} of ${count(files, "file")} are listed.`
    : listed === 0
    ? "There are no more files."
    : `Files ${integer(skipped + 1)} to ${integer(skipped + listed)} of ${
      integer(files)
    } are listed.`;
  const before = Math.max(0, Math.min(skipped, files) - FILES_SENT);
  const after = skipped + FILES_SENT;
  return html`
    <div class="pager">
      <p class="quiet" role="status">${which}</p>
      <button type="button" aria-disabled=${skipped === 0} onClick=${() => skip(before)}
      >Previous ${FILES_SENT}</button>
      <button type="button" aria-disabled=${after >= files}
        onClick=${() => after < files && skip(after)}
      >Next ${FILES_SENT}</button>
    </div>
  `;
}

/** @param {{file: FileRow}} props */
function FileProgress({ file }) {
  const share = shareOf(file);
  if (!file.isChosen) return html`<span class="quiet">not selected</span>`;
  if (share === undefined) return html`<span class="quiet">unknown</span>`;
  return share === 1
    ? "complete"
    : html`<${ProgressCell} share=${share} label=${`Progress of ${file.path}`} />`;
}

/** @param {FileRow} file */
function shareOf({ bytes: length, haveBytes }) {
  if (haveBytes === undefined) return undefined;
  return length === 0 ? 1 : haveBytes / length;
}
