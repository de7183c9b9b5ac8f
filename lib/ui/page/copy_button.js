// @ts-check
/// <reference lib="dom" />
/**
 * A button that copies a text to the clipboard.
 *
 * @module
 */

import { html, useEffect, useRef, useState } from "./preact.js";
import { useAnnounce } from "./live_region.js";

/** How long the button says that it has copied. */
const COPIED_MS = 2_000;

/** @param {{text: string, what: string}} props */
export function CopyButton({ text, what }) {
  const [isCopied, setIsCopied] = useState(false);
  const announce = useAnnounce();
  const timer = useRef(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const onClick = async () => {
    const isDone = await copy(text);
    announce(isDone ? `${what} copied` : "the browser did not allow copying");
    if (!isDone) return;
    setIsCopied(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setIsCopied(false), COPIED_MS);
  };
  return html`<button type="button" class=${isCopied ? "copy done" : "copy"} onClick=${onClick}>
    ${isCopied ? "Copied" : "Copy"}<span class="unseen"> ${what.toLowerCase()}</span>
  </button>`;
}

/**
 * Browsers have a clipboard only for pages of this machine or under TLS. Elsewhere the text is copied
 * from a selection.
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
