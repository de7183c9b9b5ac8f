// @ts-check
/// <reference lib="dom" />
/**
 * What the page says first: one sentence of what goes on, with its reason.
 *
 * @module
 */

import { html, useEffect } from "./preact.js";
import { say } from "./live_region.js";
import { capitalised, plain } from "./format.js";

const TONES = {
  work: "In progress",
  wait: "Take note",
  good: "All is well",
  bad: "Needs attention",
  stale: "As it was last heard of",
};

/** Numbers that stand alone. A sentence in which only they change, such as "next try in 5 s", is no news to listen to. */
const COUNT = /(?<![^\s(])\d[\d.,]*(?=[\s%,;)]|$)/g;

/** What goes on, and behind the colon the reason, which may be long. Names stand in quotation marks. */
const PARTS = /^([^":]{1,60}): (.+)$/s;
/** More letters than this are set smaller. */
const LONG = 70;

/** Names of hashes, which must not break at their hyphen. */
const HASH_NAME = /(SHA-\d+)/;

/**
 * @param {{sentence: string, tone: keyof typeof TONES, label?: string, children?: unknown}} props
 */
export function Headline({ sentence, tone, label = TONES[tone], children }) {
  const text = capitalised(plain(sentence));
  const [, lead = text, reason] = PARTS.exec(text) ?? [];
  useEffect(() => say(text), [text.replace(COUNT, "")]);
  return html`
    <div class=${`headline ${tone}`}>
      <p class="tone">${label}</p>
      <h1 class=${lead.length > LONG ? "long" : ""}><span>${whole(lead)}</span>${reason && [
        html`<span class="unseen">: </span>`,
        html`<span class="reason">${reason}</span>`,
      ]}</h1>
      ${children}
    </div>
  `;
}

/**
 * Text whose names of hashes do not break.
 * @param {string} text
 */
function whole(text) {
  return text.split(HASH_NAME).map((part, i) =>
    i % 2 === 1 ? html`<span class="unbroken">${part}</span>` : part
  );
}
