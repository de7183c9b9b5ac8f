// @ts-check
/**
 * Quantities as people read them, in the words of the terminal, and strangers' text made harmless.
 *
 * @module
 */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;
const LONGEST_ETA_SECONDS = 100 * DAY;

// Marks that reorder the text around them: with one, "gpj.exe" reads "exe.jpg".
const REORDERING = /[\u202a-\u202e\u2066-\u2069]/gu;
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/gu;

/**
 * Bytes as `512 KiB` or `1.5 GiB`.
 * @param {number} count
 */
export function bytes(count) {
  let unit = 0;
  while (Math.abs(count) >= 1024 && unit < UNITS.length - 1) {
    count /= 1024;
    unit++;
  }
  return `${Number(count.toFixed(1))} ${UNITS[unit]}`;
}

/**
 * Bytes per second as `85.3 MiB/s`.
 * @param {number} bytesPerSecond
 */
export function rate(bytesPerSecond) {
  return `${bytes(Math.round(bytesPerSecond))}/s`;
}

/**
 * A duration as `32s`, `1m 32s` or `2h 5m`; seconds are left out from an hour on.
 * @param {number} count
 */
export function seconds(count) {
  const whole = Math.round(count);
  const parts = [
    [Math.floor(whole / DAY), "d"],
    [Math.floor(whole % DAY / HOUR), "h"],
    [Math.floor(whole % HOUR / MINUTE), "m"],
    [whole >= HOUR ? 0 : whole % MINUTE, "s"],
  ];
  return parts.filter(([n]) => n !== 0).map((part) => part.join("")).join(" ") || "0s";
}

/**
 * The time that took: like {@link seconds}, with tenths below ten seconds.
 * @param {number} count
 */
export function elapsed(count) {
  return count < 9.95 ? `${count.toFixed(1)}s` : seconds(count);
}

/**
 * The time left, or undefined when it is unknown or absurdly far.
 * @param {number | undefined} count
 */
export function eta(count) {
  if (count === undefined || !(count >= 0) || count > LONGEST_ETA_SECONDS) return undefined;
  return seconds(Math.ceil(count));
}

/**
 * A share of a whole in per cent with one digit behind the point; 100 only when everything is there.
 * @param {number} part
 * @param {number} whole
 */
export function percent(part, whole) {
  if (part <= 0 || whole <= 0) return "0";
  if (part >= whole) return "100";
  return (Math.floor(part / whole * 1000) / 10).toFixed(1);
}

/**
 * `12,345`
 * @param {number} count
 */
export function whole(count) {
  return count.toLocaleString("en");
}

/**
 * `1 peer`, `3 peers`: a count with its noun.
 * @param {number} n
 * @param {string} noun
 */
export function count(n, noun, plural = `${noun}s`) {
  return `${whole(n)} ${n === 1 ? noun : plural}`;
}

/**
 * A stranger's text with everything in it visible: marks that would reorder it and control characters
 * are replaced by a sign. What it is put into is always a text node.
 * @param {string} text
 */
export function plain(text) {
  return text.replace(REORDERING, "\u2426").replace(UNPRINTABLE, "\ufffd");
}

/**
 * Text that begins with a capital letter, for a heading made of a sentence.
 * @param {string} sentence
 */
export function capitalised(sentence) {
  return sentence.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());
}
