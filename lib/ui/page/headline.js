// @ts-check
/// <reference lib="dom" />
/**
 * What the page says first: one sentence of what goes on, with its reason.
 *
 * @module
 */

import { html, useEffect } from "./preact.js";
import { say } from "./announcer.js";
import { capitalised, plain } from "./format.js";

const TONES = {
  work: "In progress",
  wait: "Take note",
  good: "All is well",
  bad: "Needs attention",
};

/** Numbers that stand alone. A sentence in which only they change, such as "next try in 5 s", is no news to listen to. */
const COUNT = /(?<![^\s(])\d[\d.,]*(?=[\s%,;)]|$)/g;

/** @param {{sentence: string, tone: keyof typeof TONES, children?: unknown}} props */
export function Headline({ sentence, tone, children }) {
  const text = capitalised(plain(sentence));
  useEffect(() => say(text), [text.replace(COUNT, "")]);
  return html`
    <div class=${`headline ${tone}`}>
      <p class="tone">${TONES[tone]}</p>
      <h1>${text}</h1>
      ${children}
    </div>
  `;
}
