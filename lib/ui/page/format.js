// @ts-check
/**
 * Formats quantities as the terminal does, and makes strangers' text harmless.
 *
 * @module
 */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;
const MAX_ETA_SECONDS = 100 * DAY;

// Characters that reorder the text around them: with one, "gpj.exe" reads "exe.jpg".
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
 * A duration as `32s`, `1m 32s` or `2h 5m`, without seconds from an hour on.
 * @param {number} seconds
 */
export function duration(seconds) {
  const whole = Math.round(seconds);
  const parts = [
    [Math.floor(whole / DAY), "d"],
    [Math.floor(whole % DAY / HOUR), "h"],
    [Math.floor(whole % HOUR / MINUTE), "m"],
    [whole >= HOUR ? 0 : whole % MINUTE, "s"],
  ];
  return parts.filter(([n]) => n !== 0).map((part) => part.join("")).join(" ") || "0s";
}

/**
 * The time that something took: like {@link duration}, with tenths below ten seconds.
 * @param {number} seconds
 */
export function elapsed(seconds) {
  return seconds < 9.95 ? `${seconds.toFixed(1)}s` : duration(seconds);
}

/**
 * The time left; undefined when it is unknown or longer than 100 days.
 * @param {number | undefined} seconds
 */
export function eta(seconds) {
  if (seconds === undefined || !(seconds >= 0) || seconds > MAX_ETA_SECONDS) return undefined;
  return duration(Math.ceil(seconds));
}

/**
 * A share in per cent with one decimal place; `100` only for all of it.
 * @param {number} part
 * @param {number} whole
 */
export function percent(part, whole) {
  if (part <= 0 || whole <= 0) return "0";
  if (part >= whole) return "100";
  return (Math.floor(part / whole * 1000) / 10).toFixed(1);
}

/**
 * An integer as `12,345`.
 * @param {number} count
 */
export function integer(count) {
  return count.toLocaleString("en");
}

/**
 * A count with its noun: `1 peer`, `3 peers`.
 * @param {number} n
 * @param {string} noun
 */
export function count(n, noun, plural = `${noun}s`) {
  return `${integer(n)} ${n === 1 ? noun : plural}`;
}

/**
 * Makes a stranger's text harmless: replaces control characters and those that reorder text by a visible
 * sign. The page puts the result into text nodes only.
 * @param {string} text
 */
export function plain(text) {
  return text.replace(REORDERING, "\u2426").replace(UNPRINTABLE, "\ufffd");
}

/**
 * A sentence with a capital letter at the beginning, for a heading.
 * @param {string} sentence
 */
export function capitalized(sentence) {
  return sentence.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());
}
