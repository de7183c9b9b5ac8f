// @ts-check
/// <reference lib="dom" />
/**
 * Small components that several parts of the page use.
 *
 * @module
 */

import { html, useState } from "./preact.js";
import { percent, plain } from "./format.js";

/** The width of a column of {@link ProgressCell}, in pixels. */
export const PROGRESS_WIDTH = 155;

/** A media query: the screen has room for every panel unfolded. */
export const WIDE_SCREEN = "(min-width: 56rem)";

/**
 * Text from a stranger. It stays text, and its direction does not affect what is around it. A line too
 * long breaks after `breaksAfter` rather than within a word.
 * @param {{text: string, class?: string, breaksAfter?: string}} props
 */
export function UntrustedText({ text, class: name = "", breaksAfter }) {
  const parts = breaksAfter === undefined ? [plain(text)] : plain(text).split(breaksAfter);
  return html`<bdi class=${`foreign ${name}`}>${
    parts.map((part, i) => i === 0 ? part : [breaksAfter, html`<wbr />`, part])
  }</bdi>`;
}

/**
 * A share from 0 to 1, as a bar and in per cent.
 * @param {{share: number, label: string}} props
 */
export function ProgressCell({ share, label }) {
  return html`
    <span class="share">
      <progress max="1" value=${share} aria-label=${label}></progress>
      <span>${percent(share, 1)}%</span>
    </span>
  `;
}

/**
 * Values with their names. Entries without a value are left out.
 * @param {{entries: [name: string, value: unknown][], class: string}} props
 */
export function StatList({ entries, class: name }) {
  const present = entries.filter(([, value]) => value !== undefined && value !== "");
  return html`<dl class=${name}>${
    present.map(([term, value]) =>
      html`
        <div key=${term}>
          <dt>${term}</dt>
          <dd>${value}</dd>
        </div>
      `
    )
  }</dl>`;
}

/**
 * A panel that is folded on a narrow screen, unless `isOpen` says that its content matters now.
 * @param {{id: string, title: string, isOpen?: boolean, children?: unknown}} props
 */
export function CollapsiblePanel({ id, title, isOpen = false, children }) {
  const [isWide] = useState(() => matchMedia(WIDE_SCREEN).matches);
  const heading = html`<h2 id=${`${id}-title`}>${title}</h2>`;
  return html`
    <section class="panel" aria-labelledby=${`${id}-title`}>
      ${isWide || isOpen ? [heading, children] : html`
        <details class="folding"><summary>${heading}</summary>${children}</details>
      `}
    </section>
  `;
}
