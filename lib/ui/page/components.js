// @ts-check
/// <reference lib="dom" />
/**
 * Small things that several parts of the page show: a stranger's text, a share, a list of figures,
 * something to copy.
 *
 * @module
 */

import { html, useEffect, useRef, useState } from "./preact.js";
import { say } from "./live_region.js";
import { percent, plain } from "./format.js";

const COPIED_MS = 2_000;

/** What a column of {@link ProgressCell} takes, in pixels. */
export const SHARE_ROOM = 155;

/**
 * A stranger's text: never more than text, and what direction it runs in is its own affair. Where it is
 * too long for its line it breaks after `breaksAfter` rather than within a word.
 * @param {{text: string, class?: string, breaksAfter?: string}} props
 */
export function UntrustedText({ text, class: name = "", breaksAfter }) {
  const parts = breaksAfter === undefined ? [plain(text)] : plain(text).split(breaksAfter);
  return html`<bdi class=${`foreign ${name}`}>${
    parts.map((part, i) => i === 0 ? part : [breaksAfter, html`<wbr />`, part])
  }</bdi>`;
}

/**
 * A share as a bar and in per cent.
 * @param {{share: number, of: string}} props
 */
export function ProgressCell({ share, of }) {
  const text = `${percent(share, 1)}%`;
  return html`
    <span class="share">
      <progress max="1" value=${share} aria-label=${of}></progress>
      <span>${text}</span>
    </span>
  `;
}

/**
 * Figures with their names; those without a value are left out.
 * @param {{entries: [name: string, value: unknown][], class: string}} props
 */
export function Figures({ entries, class: name }) {
  const given = entries.filter(([, value]) => value !== undefined && value !== "");
  return html`<dl class=${name}>${
    given.map(([term, value]) =>
      html`
        <div key=${term}>
          <dt>${term}</dt>
          <dd>${value}</dd>
        </div>
      `
    )
  }</dl>`;
}

/** Where a panel has room for all that is in it. */
export const ROOMY = "(min-width: 56rem)";

/**
 * A panel that is folded where there is little room, unless there is something in it to be seen at once.
 * @param {{id: string, title: string, isOpen?: boolean, children?: unknown}} props
 */
export function Folding({ id, title, isOpen = false, children }) {
  const [isRoomy] = useState(() => matchMedia(ROOMY).matches);
  const heading = html`<h2 id=${`${id}-title`}>${title}</h2>`;
  return html`
    <section class="panel" aria-labelledby=${`${id}-title`}>
      ${isRoomy || isOpen ? [heading, children] : html`
        <details class="folding"><summary>${heading}</summary>${children}</details>
      `}
    </section>
  `;
}

/**
 * A button that copies a text.
 * @param {{text: string, what: string}} props
 */
export function CopyButton({ text, what }) {
  const [isCopied, setIsCopied] = useState(false);
  const timer = useRef(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const press = async () => {
    const isDone = await copy(text);
    say(isDone ? `${what} copied` : `the browser did not let the ${what.toLowerCase()} be copied`);
    if (!isDone) return;
    setIsCopied(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setIsCopied(false), COPIED_MS);
  };
  return html`<button type="button" class=${isCopied ? "copy done" : "copy"} onClick=${press}>
    ${isCopied ? "Copied" : "Copy"}<span class="unseen"> ${what.toLowerCase()}</span>
  </button>`;
}

/**
 * Copies; browsers have a clipboard only for pages of this machine or under TLS, elsewhere the old way
 * must do.
 * @param {string} text
 * @returns {Promise<boolean>} whether it worked
 */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "unseen";
    const focused = document.activeElement;
    document.body.append(area);
    area.select();
    const isDone = document.execCommand("copy");
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
    return isDone;
  }
}
