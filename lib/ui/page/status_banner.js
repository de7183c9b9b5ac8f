// @ts-check
/// <reference lib="dom" />
/**
 * The first thing on the page: what the program does, in one sentence, with the reason.
 *
 * @module
 */

import { html, useEffect } from "./preact.js";
import { capitalized, plain } from "./format.js";
import { useAnnounce } from "./live_region.js";

const LABELS = {
  work: "In progress",
  wait: "Notice",
  good: "All is well",
  bad: "Needs attention",
  stale: "Last known state",
};

/** Numbers that stand alone. A change of only these, as in "next try in 5 s", is not announced. */
const COUNT = /(?<![^\s(])\d[\d.,]*(?=[\s%,;)]|$)/g;

/** The state, and after the colon the reason, which may be long. Names are in quotation marks. */
const PARTS = /^([^":]{1,60}): (.+)$/s;
/** A longer sentence is set in smaller letters. */
const LONG = 70;

/** Names of hashes, which must not break at their hyphen. */
const HASH_NAME = /(SHA-\d+)/;

/**
 * The sentence is announced when its words change, unless `isQuiet`.
 * @param {{sentence: string, tone: keyof typeof LABELS, label?: string, isQuiet?: boolean}} props
 */
export function StatusBanner({ sentence, tone, label = LABELS[tone], isQuiet = false }) {
  const text = capitalized(plain(sentence));
  const [, state = text, reason] = PARTS.exec(text) ?? [];
  const announce = useAnnounce();
  useEffect(() => {
    if (!isQuiet) announce(text);
  }, [text.replace(COUNT, "")]);
  return html`
    <div class=${`headline ${tone}`}>
      <p class="tone">${label}</p>
      <h1 class=${state.length > LONG ? "long" : ""}><span>${unbrokenHashNames(
        state,
      )}</span>${reason && [
        html`<span class="unseen">: </span>`,
        html`<span class="reason">${reason}</span>`,
      ]}</h1>
    </div>
  `;
}

/** @param {string} text */
function unbrokenHashNames(text) {
  return text.split(HASH_NAME).map((part, i) =>
    i % 2 === 1 ? html`<span class="unbroken">${part}</span>` : part
  );
}
