/**
 * Formats numbers and strangers' text for sentences.
 *
 * @module
 */

/** A tracker may send an error message of 60 KB, and a web seed's URL may be as long. */
const MAX_LENGTH = 300;

/** Shortens a stranger's text. The page has to show it as text. */
export function clipped(text: string): string {
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH - 1)}…`;
}

/** `1 peer`, `3 peers`: a count with its noun. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** A share as `43%`; `100%` only for all of it. */
export function percent(part: number, whole: number): string {
  return part >= whole ? "100%" : `${Math.floor(100 * part / whole)}%`;
}
