// @ts-check
/// <reference lib="dom" />
/**
 * What a finished download leaves to know: that it is what it should be, how long it took, and who
 * gave it.
 *
 * @module
 */

import { html } from "../preact.js";
import { bytes, elapsed, rate } from "../format.js";
import {
  CopyButton,
  Figures,
  ProgressCell,
  ROOMY,
  SHARE_ROOM,
  UntrustedText,
} from "../components.js";
import { SortableTable } from "../sortable_table.js";

/**
 * @typedef {import("../../snapshot.ts").TransferSnapshot} TransferSnapshot
 * @typedef {NonNullable<TransferSnapshot["result"]>} Result
 * @typedef {Result["sources"][number]} Source
 */

/** @param {{result: Result, snapshot: TransferSnapshot}} props */
export function ResultCard({ result, snapshot }) {
  const { sha256, v2Root, seconds, averageRate, verifiedBy, sources } = result;
  const given = sources.reduce((sum, source) => sum + source.bytes, 0);
  return html`
    <section class="panel result" aria-labelledby="result-title">
      <h2 id="result-title">Complete: every chunk matches its ${verifiedBy}</h2>
      <${Figures} class="details" entries=${[
        ["SHA-256", sha256 && html`<${Digest} hex=${sha256} what="SHA-256" />`],
        ["v2 root", v2Root && html`<${Digest} hex=${v2Root} what="v2 root" />`],
        ["Time", elapsed(seconds)],
        ["Average rate", given === 0 ? "nothing had to be fetched" : rate(averageRate)],
        ["Size", bytes(result.bytes)],
        ["Seeding", seeding(snapshot)],
      ]} />
      ${sources.length > 0 && html`<${Sources} sources=${sources} given=${given} />`}
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

/** @param {{sources: Source[], given: number}} props */
function Sources({ sources, given }) {
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
      label: "Program",
      value: (/** @type {Source} */ { client }) => client ?? "",
      cell: (/** @type {Source} */ { client }) =>
        client ? html`<${UntrustedText} text=${client} />` : "unknown",
    },
    {
      key: "bytes",
      label: "Gave",
      isNumber: true,
      value: (/** @type {Source} */ source) => source.bytes,
      cell: (/** @type {Source} */ source) => bytes(source.bytes),
    },
    {
      key: "share",
      label: "Share",
      isNumber: true,
      room: SHARE_ROOM,
      cell: (/** @type {Source} */ { bytes: n, address }) =>
        html`<${ProgressCell} share=${given === 0 ? 0 : n / given} of=${`Share of ${address}`} />`,
    },
  ];
  const table = html`
    <${SortableTable}
      name="Sources" noun="source" columns=${columns} rows=${sources} sortedBy="bytes"
      keyOf=${(/** @type {Source} */ { address }) => address}
    />
  `;
  return matchMedia(ROOMY).matches
    ? [html`<h3>Where it came from</h3>`, table]
    : html`<details><summary>Where it came from</summary>${table}</details>`;
}

/** @param {TransferSnapshot} snapshot */
function seeding({ state, stop, uploadedBytes }) {
  if (state === "stopped") return "over";
  const sent = `${bytes(uploadedBytes)} sent so far`;
  return stop === undefined ? sent : `${sent}; ${stop.sentence}`;
}
