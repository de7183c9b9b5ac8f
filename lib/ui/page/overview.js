// @ts-check
/// <reference lib="dom" />
/**
 * A transfer at a glance: its name, how far it is, and the figures beside it.
 *
 * @module
 */

import { html } from "./preact.js";
import { bytes, count, eta, percent, rate, whole } from "./format.js";
import { Headline } from "./status_banner.js";
import { Figures, Folding, UntrustedText } from "./components.js";

/** @typedef {import("../snapshot.ts").TransferSnapshot} TransferSnapshot */

/** @param {{snapshot: TransferSnapshot}} props */
export function Overview({ snapshot }) {
  const { sentence, tone, name } = snapshot;
  return html`
    <section class="panel overview" aria-label="At a glance">
      <${Headline} sentence=${sentence} tone=${tone} />
      <p class="name">${name === ""
        ? html`<span class="quiet">The name is not known yet</span>`
        : html`<${UntrustedText} text=${name} />`}</p>
      ${hosts(snapshot)
        ? html`<${Sent} snapshot=${snapshot} />`
        : html`<${Got} snapshot=${snapshot} />`}
    </section>
  `;
}

/**
 * Whether it is a seeder that has everything: then what it gave matters, not what it has.
 * @param {TransferSnapshot} snapshot
 */
export function hosts(snapshot) {
  const { program, haveBytes, totalBytes } = snapshot;
  return program === "seeder" && isMeasured(snapshot) && haveBytes >= totalBytes;
}

/**
 * Whether it is known how much there is. Of a file without a byte only the torrent's chunk length tells
 * that; before the torrent is there, a link may name the file already.
 * @param {TransferSnapshot} snapshot
 */
export function isMeasured({ totalBytes, pieceLength }) {
  return totalBytes > 0 || pieceLength > 0;
}

/**
 * How far it is, in per cent.
 * @param {TransferSnapshot} snapshot
 */
function progress(snapshot) {
  const { haveBytes, totalBytes } = snapshot;
  return totalBytes === 0 && isMeasured(snapshot) ? "100" : percent(haveBytes, totalBytes);
}

/** @type {Partial<Record<TransferSnapshot["state"], string>>} What was done with what is not missing. */
const DONE = { hashing: "Hashed", checking: "Checked" };

/** @param {{snapshot: TransferSnapshot}} props */
function Got({ snapshot }) {
  const { haveBytes, totalBytes, downloadRate, uploadRate, etaSeconds, wastedBytes, known } =
    snapshot;
  const { state, failedPieces } = snapshot;
  const share = progress(snapshot);
  const isComplete = isMeasured(snapshot) && haveBytes >= totalBytes;
  return html`
    <p class="big"><span class="amount">${share}</span><span class="unit">%</span></p>
    <progress class="main" max="100" value=${Number(share)} aria-label=${DONE[state] ??
      "Verified"}></progress>
    <${Figures} class="figures" entries=${[
      [
        DONE[state] ?? "Verified",
        isMeasured(snapshot) ? of(bytes(haveBytes), bytes(totalBytes)) : "size not known yet",
      ],
      ["Down", isComplete && downloadRate === 0 ? undefined : rate(downloadRate)],
      ["Up", rate(uploadRate)],
      ["Time left", isComplete || totalBytes === 0 ? undefined : eta(etaSeconds) ?? "unknown"],
      ["Peers", peers(known)],
      ["Sent", snapshot.uploadedBytes > 0 ? bytes(snapshot.uploadedBytes) : undefined],
      ["Of no use", wastedBytes > 0 ? bytes(wastedBytes) : undefined],
      ["Corrupt", failedPieces > 0 ? count(failedPieces, "chunk") : undefined],
    ]} />
    <${Stop} stop=${snapshot.stop} />
  `;
}

/** @param {{snapshot: TransferSnapshot}} props */
function Sent({ snapshot }) {
  const { uploadedBytes, totalBytes, uploadRate, known, copies, stop } = snapshot;
  return html`
    <p class="big"><span class="amount">${ratio(
      uploadedBytes,
      totalBytes,
    )}</span><span class="unit">×
      <small>the file’s size sent</small></span></p>
    <${Figures} class="figures" entries=${[
      ["Sent", bytes(uploadedBytes)],
      ["File", bytes(totalBytes)],
      ["Up", rate(uploadRate)],
      ["Peers", peers(known)],
      [
        "Complete",
        html`${whole(copies)} <small>${
          copies === 1 ? "other has everything" : "others have everything"
        }</small>`,
      ],
    ]} />
    <${Stop} stop=${stop} />
  `;
}

/** @param {{stop: TransferSnapshot["stop"]}} props */
function Stop({ stop }) {
  return stop && html`<p class="stop">Ends by itself: <b>${stop.sentence}</b></p>`;
}

/**
 * How often the file's size was sent, as `3.42`.
 * @param {number} sent
 * @param {number} size
 */
export function ratio(sent, size) {
  return (size === 0 ? 0 : Math.floor(sent / size * 100) / 100).toFixed(2);
}

/**
 * A figure and, smaller, what it is a part of.
 * @param {string} part
 * @param {string} total
 */
function of(part, total) {
  return html`${part} <small>of ${total}</small>`;
}

/**
 * Words that stay in one line.
 * @param {string} text
 */
function unbroken(text) {
  return text.replaceAll(" ", "\u00a0");
}

/** @param {TransferSnapshot["known"]} known */
function peers({ known, connecting, connected, away, banned }) {
  const others = [
    known > connected && `of ${whole(known)} known`,
    connecting > 0 && `${whole(connecting)} connecting`,
    away > 0 && `${whole(away)} away`,
    banned > 0 && `${whole(banned)} banned`,
  ].filter((part) => part !== false).map(unbroken);
  return html`${unbroken(`${whole(connected)} connected`)} <small>${others.join(", ")}</small>`;
}

/**
 * What the title of the tab says: how far, and what.
 * @param {TransferSnapshot} snapshot
 */
export function titleOf(snapshot) {
  const { totalBytes, name, uploadedBytes } = snapshot;
  if (name === "") return "Shoal";
  if (hosts(snapshot)) return `${ratio(uploadedBytes, totalBytes)}× ${name}`;
  return `${progress(snapshot)}% ${name}`;
}

/** @param {{snapshot: TransferSnapshot}} props */
export function Details({ snapshot }) {
  const { v1Hash, v2Hash, path, files, pieces, pieceLength, port, reachable } = snapshot;
  const chunks = pieces === 0 ? undefined : `${count(pieces, "chunk")} of ${bytes(pieceLength)}`;
  return html`
    <${Folding} id="details" title="Details">
      <${Figures} class="details" entries=${[
        ["Path", path === undefined ? undefined : html`<${UntrustedText} text=${path} />`],
        ["Files", files === undefined ? undefined : whole(files)],
        ["Chunks", chunks],
        ["Info-hash v1", v1Hash && html`<code>${v1Hash}</code>`],
        ["Info-hash v2", v2Hash && html`<code>${v2Hash}</code>`],
        ["TCP port", port === 0 ? undefined : `${port}${REACH[reachable ?? "unknown"]}`],
      ]} />
      <//>
  `;
}

const REACH = {
  yes: ", reachable from the tracker",
  no: ", unreachable from the tracker: is there a firewall?",
  unknown: "",
};
