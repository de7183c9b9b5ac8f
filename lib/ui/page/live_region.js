// @ts-check
/// <reference lib="dom" />
/**
 * What a screen reader is told: one sentence at a time, and not more often than one can listen.
 *
 * @module
 */

const PAUSE_MS = 5_000;

let lastMs = -PAUSE_MS;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * Says `sentence` politely; of several within a few seconds, the last.
 * @param {string} sentence
 */
export function say(sentence) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const place = document.getElementById("spoken");
    if (place === null || place.textContent === sentence) return;
    place.textContent = sentence;
    lastMs = performance.now();
  }, Math.max(0, lastMs + PAUSE_MS - performance.now()));
}
