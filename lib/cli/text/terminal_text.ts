/**
 * Text that is safe and fits: removing control characters from untrusted text, width in terminal cells,
 * clipping, and quoting for a POSIX shell.
 *
 * @module
 */

import { eastAsianWidth } from "get-east-asian-width";

// Control characters, lone surrogates, line separators and the marks that reorder text (U+202E turns
// "gpj.exe" into "exe.jpg"). A name or an error text from the network could otherwise control the terminal.
const BREAKS = /[\t\n\v\f\r\p{Zl}\p{Zp}]+/gu;
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

const ASCII = /^[\x20-\x7e]*$/;
/**
 * Zero-width characters, except U+FE0F, which turns the character before it into an emoji that some
 * terminals show twice as wide.
 */
const ZERO_WIDTH = /^(?!\ufe0f)[\p{Mn}\p{Me}\p{Cf}]$/u;

/** How many characters of untrusted text are shown; a tracker may send an error of 60 KB. */
const FOREIGN_LENGTH = 200;

/** `text` on one line, without anything that could control a terminal. */
export function printable(text: string): string {
  return text.replace(BREAKS, " ").replace(UNPRINTABLE, "");
}

/** Untrusted `text` for use in a sentence: {@link printable} and of limited length. */
export function foreign(text: string): string {
  return clip(printable(text.slice(0, 4 * FOREIGN_LENGTH)), FOREIGN_LENGTH);
}

/**
 * The most terminal cells `text` can take. Terminals do not agree on whether the parts of an emoji are one
 * character, and a line that is too short does less harm than one that wraps. The text must be
 * {@link printable}.
 */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let cells = 0;
  for (const character of text) {
    if (!ZERO_WIDTH.test(character)) cells += eastAsianWidth(character.codePointAt(0)!);
  }
  return cells;
}

/** `text` cut at its end to at most `cells` cells, with an ellipsis if anything is missing. */
export function clip(text: string, cells: number): string {
  if (displayWidth(text) <= cells) return text;
  return cells < 1 ? "" : head(text, cells - 1) + "…";
}

/** `text` cut in its middle to at most `cells` cells, so that a file's extension stays visible. */
export function clipMiddle(text: string, cells: number): string {
  if (displayWidth(text) <= cells) return text;
  if (cells < 5) return clip(text, cells);
  const tailCells = Math.floor((cells - 1) / 2);
  return head(text, cells - 1 - tailCells) + "…" + tail(text, tailCells);
}

/** `text` padded with spaces to `cells` cells. */
export function padEnd(text: string, cells: number): string {
  return text + " ".repeat(Math.max(0, cells - displayWidth(text)));
}

/** `word` quoted as one word of a POSIX shell, without any expansion. */
export function shellQuote(word: string): string {
  if (/^[A-Za-z0-9_@%+:,./=-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function head(text: string, cells: number): string {
  let taken = "";
  let left = cells;
  for (const character of text) {
    left -= displayWidth(character);
    if (left < 0) break;
    taken += character;
  }
  return taken;
}

function tail(text: string, cells: number): string {
  let taken = "";
  let left = cells;
  for (const character of [...text].reverse()) {
    left -= displayWidth(character);
    if (left < 0) break;
    taken = character + taken;
  }
  return taken;
}
