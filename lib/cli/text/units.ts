/**
 * Parses and formats quantities: sizes, rates, durations, percentages.
 *
 * @module
 */

import { format as formatDuration } from "@std/fmt/duration";

const SIZE = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i;
const FACTORS: Record<string, number> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const SECONDS_PER_HOUR = 3600;
const LONGEST_ETA_SECONDS = 100 * 24 * SECONDS_PER_HOUR;

/**
 * Parses a size such as `512K`, `1.5M`, `4GiB` or `1000`; the suffixes are binary.
 *
 * @returns whole bytes, or `undefined` when `text` is not a size
 */
export function parseSize(text: string): number | undefined {
  const parts = SIZE.exec(text.trim());
  if (!parts) return undefined;
  const factor = FACTORS[parts[2]!.toUpperCase()]!;
  const bytes = Math.floor(Number(parts[1]) * factor);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Parses a rate such as `500K` or `2M/s`; bytes per second, or `undefined` when `text` is invalid. */
export function parseRate(text: string): number | undefined {
  return parseSize(text.trim().replace(/\/s$/i, ""));
}

/**
 * Bytes as `512 KiB` or `1.5 GiB`. Formatted by hand, because loading the engine's locale data takes 50 ms
 * of every start.
 */
export function formatBytes(bytes: number): string {
  let unit = 0;
  while (Math.abs(bytes) >= 1024 && unit < UNITS.length - 1) {
    bytes /= 1024;
    unit++;
  }
  return `${Number(bytes.toFixed(1))} ${UNITS[unit]}`;
}

/** Bytes per second as `85.3 MiB/s`. */
export function formatRate(rateBytesPerSecond: number): string {
  return `${formatBytes(Math.round(rateBytesPerSecond))}/s`;
}

/** A duration as `32s`, `1m 32s` or `2h 5m`; without seconds from an hour on. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  const shown = whole >= SECONDS_PER_HOUR ? whole - whole % 60 : whole;
  return formatDuration(shown * 1000, { ignoreZero: true }) || "0s";
}

/** A duration like {@link formatSeconds}, with tenths below ten seconds. */
export function formatElapsed(seconds: number): string {
  return seconds < 9.95 ? `${seconds.toFixed(1)}s` : formatSeconds(seconds);
}

/**
 * The time left in the form of {@link formatSeconds}, or `undefined` when it is unknown or absurdly long.
 */
export function formatEta(seconds: number | undefined): string | undefined {
  if (seconds === undefined || !(seconds >= 0) || seconds > LONGEST_ETA_SECONDS) return undefined;
  return formatSeconds(Math.ceil(seconds));
}

/** A share as `43.2%`; 100% only when it is complete. */
export function formatPercent(part: number, whole: number): string {
  if (part >= whole) return "100%";
  return `${(Math.floor(part / whole * 1000) / 10).toFixed(1)}%`;
}

/** `1 peer`, `3 peers`: a count with its noun. */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : plural}`;
}
