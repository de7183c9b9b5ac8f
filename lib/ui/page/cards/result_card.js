// @ts-check
/// <reference lib="dom" />
/**
 * A finished download: how it was verified, how long it took, and which peers sent it.
 *
 * @module
 */

import { html } from "../preact.js";
import { bytes, elapsed, rate } from "../format.js";
import {
  PROGRESS_WIDTH,
  ProgressCell,
  StatList,
  UntrustedText,
  WIDE_SCREEN,
} from "../components.js";
import { CopyButton } from "../copy_button.js";
import { SortableTable } from "../sortable_table.js";

/**
 * @typedef {import("../../snapshot.ts").TransferSnapshot} TransferSnapshot
 * @typedef {NonNullable<TransferSnapshot["result"]>} Result
 * @typedef {Result["sources"][number]} Source
 */

/** @param {{result: Result, snapshot: TransferSnapshot}} props */
export function ResultCard({ result, snapshot }) {
  const { sha256, v2Root, seconds, averageRate, verifiedBy, sources } = result;
  const receivedBytes = sources.reduce((sum, source) => sum + source.bytes, 0);
  return html`
    <section class="panel result" aria-labelledby="result-title">
      <h2 id="result-title">Complete: every chunk matches its ${verifiedBy}</h2>
      <${StatList} class="details" entries=${[
        ["SHA-256", sha256 && html`<${Digest} hex=${sha256} what="SHA-256" />`],
        ["v2 root", v2Root && html`<${Digest} hex=${v2Root} what="v2 root" />`],
        ["Time", elapsed(seconds)],
        ["Average rate", receivedBytes === 0 ? "nothing to download" : rate(averageRate)],
        ["Size", bytes(result.bytes)],
        ["Seeding", seedingText(snapshot)],
      ]} />
      ${sources.length > 0 &&
        html`<${Sources} sources=${sources} receivedBytes=${receivedBytes} />`}
    </section>
  `;
}

/** @param {{hex: string, what: string}} props */
function Digest({ hex, what }) {
  return html`
    <span
      class="digest"><code>${hex}</code> <${CopyButton} text=${hex} what=${what} /></span>
  `;
}

/** @param {{sources: Source[], receivedBytes: number}} props */
function Sources({ sources, receivedBytes }) {
  const columns = [
    {
      key: "address",
      label: "Source",
      isHeader: true,
      value: (/** @type {Source} */ { address }) => address,
      cell: (/** @type {Source} */ { address }) => html`<${UntrustedText} text=${address} />`,
    },
    {
      key: "client",
      label: "Client",
      value: (/** @type {Source} */ { client }) => client ?? "",
      cell: (/** @type {Source} */ { client }) =>
        client ? html`<${UntrustedText} text=${client} />` : "unknown",
    },
    {
      key: "bytes",
      label: "Received",
      isNumber: true,
      value: (/** @type {Source} */ source) => source.bytes,
      cell: (/** @type {Source} */ source) => bytes(source.bytes),
    },
    {
      key: "share",
      label: "Share",
      isNumber: true,
      minWidth: PROGRESS_WIDTH,
      cell: (/** @type {Source} */ { bytes: n, address }) =>
        html`<${ProgressCell} share=${
          receivedBytes === 0 ? 0 : n / receivedBytes
        } label=${`Share of ${address}`} />`,
    },
  ];
  const table = html`
    <${SortableTable}
      name="Sources" noun="source" columns=${columns} rows=${sources} sortedBy="bytes"
      keyOf=${(/** @type {Source} */ { address }) => address}
    />
  `;
  return matchMedia(WIDE_SCREEN).matches
    ? [html`<h3>Sources</h3>`, table]
    : html`<details><summary>Sources</summary>${table}</details>`;
}

/** @param {TransferSnapshot} snapshot */
function seedingText({ state, stop, uploadedBytes }) {
  if (state === "stopped") return "ended";
  const sent = `${bytes(uploadedBytes)} sent so far`;
  return stop === undefined ? sent : `${sent}; ${stop.sentence}`;
}
