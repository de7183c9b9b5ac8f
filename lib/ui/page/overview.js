// @ts-check
/// <reference lib="dom" />
/**
 * A transfer at a glance: its state, its name, how far it is, and the most important figures.
 *
 * @module
 */

import { html } from "./preact.js";
import { StatList, UntrustedText } from "./components.js";
import { bytes, count, eta, integer, rate } from "./format.js";
import { StatusBanner } from "./status_banner.js";
import {
  isCompleteSeeder,
  isSizeKnown,
  progressPercent,
  uploadRatio,
} from "./transfer_progress.js";

/** @typedef {import("../snapshot.ts").TransferSnapshot} TransferSnapshot */

/** @param {{snapshot: TransferSnapshot}} props */
export function Overview({ snapshot }) {
  const { sentence, tone, name } = snapshot;
  return html`
    <section class="panel overview" aria-label="Overview">
      <${StatusBanner} sentence=${sentence} tone=${tone} />
      <p class="name">${name === ""
        ? html`<span class="quiet">Name not known yet</span>`
        : html`<${UntrustedText} text=${name} />`}</p>
      ${isCompleteSeeder(snapshot)
        ? html`<${UploadProgress} snapshot=${snapshot} />`
        : html`<${DownloadProgress} snapshot=${snapshot} />`}
      ${snapshot.stop &&
        html`<p class="stop">Seeding limit: <b>${snapshot.stop.sentence}</b></p>`}
    </section>
  `;
}

/** What the progress bar counts. @type {Partial<Record<TransferSnapshot["state"], string>>} */
const PROGRESS_LABELS = { hashing: "Hashed", checking: "Checked" };

/** @param {{snapshot: TransferSnapshot}} props */
function DownloadProgress({ snapshot }) {
  const { state, haveBytes, totalBytes, downloadRate, uploadRate, uploadedBytes } = snapshot;
  const { etaSeconds, wastedBytes, failedPieces, known } = snapshot;
  const percent = progressPercent(snapshot);
  const isComplete = isSizeKnown(snapshot) && haveBytes >= totalBytes;
  const label = PROGRESS_LABELS[state] ?? "Verified";
  return html`
    <p class="big"><span class="amount">${percent}</span><span class="unit">%</span></p>
    <progress class="main" max="100" value=${Number(percent)} aria-label=${label}></progress>
    <${StatList} class="figures" entries=${[
      [
        label,
        isSizeKnown(snapshot) ? partOf(bytes(haveBytes), bytes(totalBytes)) : "size not known yet",
      ],
      ["Down", isComplete && downloadRate === 0 ? undefined : rate(downloadRate)],
      ["Up", rate(uploadRate)],
      ["Time left", isComplete || totalBytes === 0 ? undefined : eta(etaSeconds) ?? "unknown"],
      ["Peers", peerCounts(known)],
      ["Sent", uploadedBytes > 0 ? bytes(uploadedBytes) : undefined],
      ["Wasted", wastedBytes > 0 ? bytes(wastedBytes) : undefined],
      ["Corrupt", failedPieces > 0 ? count(failedPieces, "chunk") : undefined],
    ]} />
  `;
}

/** @param {{snapshot: TransferSnapshot}} props */
function UploadProgress({ snapshot }) {
  const { uploadedBytes, totalBytes, uploadRate, known, copies } = snapshot;
  return html`
    <p class="big">
      <span class="amount">${uploadRatio(snapshot)}</span><span class="unit">×
      <small>the size sent</small></span></p>
    <${StatList} class="figures" entries=${[
      ["Sent", bytes(uploadedBytes)],
      ["Size", bytes(totalBytes)],
      ["Up", rate(uploadRate)],
      ["Peers", peerCounts(known)],
      [
        "Complete",
        html`${integer(copies)} <small>${
          copies === 1 ? "other has everything" : "others have everything"
        }</small>`,
      ],
    ]} />
  `;
}

/**
 * @param {string} part
 * @param {string} total
 */
function partOf(part, total) {
  return html`${part} <small>of ${total}</small>`;
}

/** @param {TransferSnapshot["known"]} known */
function peerCounts({ known, connecting, connected, away, banned }) {
  const others = [
    known > connected && `of ${integer(known)} known`,
    connecting > 0 && `${integer(connecting)} connecting`,
    away > 0 && `${integer(away)} away`,
    banned > 0 && `${integer(banned)} banned`,
  ].filter((part) => part !== false).map(withoutBreaks);
  return html`${withoutBreaks(`${integer(connected)} connected`)} <small>${
    others.join(", ")
  }</small>`;
}

/** @param {string} text */
function withoutBreaks(text) {
  return text.replaceAll(" ", "\u00a0");
}
