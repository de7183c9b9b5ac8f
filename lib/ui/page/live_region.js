// @ts-check
/// <reference lib="dom" />
/**
 * The live region: the text that a screen reader reads out when it changes.
 *
 * @module
 */

import { createContext, html, useCallback, useContext, useRef, useState } from "./preact.js";

/** Two announcements are at least this far apart, so that a listener can follow. */
const MIN_INTERVAL_MS = 5_000;

const Announce = createContext((/** @type {string} */ _sentence) => {});

/**
 * Announces a sentence politely. Of several within a few seconds only the last is read out.
 * @returns {(sentence: string) => void}
 */
export function useAnnounce() {
  return useContext(Announce);
}

/**
 * The live region itself, for all components inside it.
 * @param {{children?: unknown}} props
 */
export function LiveRegion({ children }) {
  const [sentence, setSentence] = useState("");
  const last = useRef({ sentence, atMs: -MIN_INTERVAL_MS });
  const timer = useRef(undefined);
  const announce = useCallback((/** @type {string} */ next) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      if (next === last.current.sentence) return;
      last.current = { sentence: next, atMs: performance.now() };
      setSentence(next);
    }, Math.max(0, last.current.atMs + MIN_INTERVAL_MS - performance.now()));
  }, []);
  return html`
    <${Announce.Provider} value=${announce}>
      <p id="spoken" class="unseen" role="status" aria-live="polite">${sentence}</p>
      ${children}
    <//>
  `;
}
