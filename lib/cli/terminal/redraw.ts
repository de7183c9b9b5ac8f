/**
 * Redraws a few lines at the bottom of a terminal in place. Between drawings the cursor is after the last
 * of them. Pure.
 *
 * @module
 */

const CLEAR_LINE = "\r\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/**
 * The output that draws `lines` over `before`, the lines drawn last. Each must fit the terminal's width.
 */
export function redraw(before: readonly string[], lines: readonly string[]): string {
  if (lines.length === 0) return erase(before);
  const drawn = lines.map((line) => CLEAR_LINE + line).join("\n");
  return toFirst(before) + drawn + (lines.length < before.length ? CLEAR_BELOW : "");
}

/** The output that erases `before` and leaves the cursor where it started. */
export function erase(before: readonly string[]): string {
  if (before.length === 0) return "";
  return toFirst(before) + CLEAR_LINE + (before.length > 1 ? CLEAR_BELOW : "");
}

function toFirst(before: readonly string[]): string {
  return before.length > 1 ? `\x1b[${before.length - 1}A` : "";
}
