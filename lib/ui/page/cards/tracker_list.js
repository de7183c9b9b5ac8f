// @ts-check
/// <reference lib="dom" />
/**
 * The trackers of a transfer, and whether they answer.
 *
 * @module
 */

import { html } from "../preact.js";
import { count, duration, plain } from "../format.js";
import { CollapsiblePanel, UntrustedText } from "../components.js";

/**
 * @typedef {import("../../snapshot.ts").TransferSnapshot["trackers"][number]} TrackerRow
 */

/** @param {{trackers: TrackerRow[]}} props */
export function TrackerList({ trackers }) {
  return html`
    <${CollapsiblePanel}
      id="trackers" title=${trackers.length === 1 ? "Tracker" : "Trackers"}
      isOpen=${trackers.some(({ ok }) => !ok)}
    >
      ${trackers.length === 0
        ? html`<p class="quiet">No trackers.</p>`
        : html`<ul class="trackers">${
          trackers.map((row) => html`<${Row} key=${row.url} row=${row} />`)
        }</ul>`}
    <//>
  `;
}

/** @param {{row: TrackerRow}} props */
function Row({ row: { url, ok, sentence, seeders, leechers, nextSeconds } }) {
  const facts = [
    seeders !== undefined && count(seeders, "seeder"),
    leechers !== undefined && count(leechers, "leecher"),
    nextSeconds !== undefined && `next announce in ${duration(Math.max(0, nextSeconds))}`,
  ].filter(Boolean);
  return html`<li>
    <strong><${UntrustedText} text=${url} breaksAfter="/" /></strong>
    <p class=${ok ? "fine" : "trouble"}>${plain(sentence)}</p>
    ${facts.length > 0 && html`<p class="quiet">${facts.join(", ")}</p>`}
  </li>`;
}
