/**
 * The list of torrents a closed tracker serves.
 *
 * @module
 */

import { OptionError } from "../../errors.ts";

/** The reader yields after this many lines, which take a few milliseconds to parse. */
const LINES_AT_ONCE = 2000;

/**
 * Reads a list of info-hashes in hex, one per line. Empty lines and lines that start with `#` are ignored. A
 * v2 hash may be given in full (64 digits) or truncated (40), as swarms use it.
 *
 * The generator yields now and then, so that the caller of a long list can do other work in between.
 *
 * @returns The hashes as 40 lower-case hex digits.
 * @throws {OptionError} naming the first line that is not a hash.
 */
export function* readAllowList(text: string): Generator<void, Set<string>> {
  const hashes = new Set<string>();
  let at = text.startsWith("\ufeff") ? 1 : 0;
  for (let line = 1; at <= text.length; line++) {
    const end = text.indexOf("\n", at);
    const entry = text.slice(at, end < 0 ? text.length : end).trim();
    at = end < 0 ? Infinity : end + 1;
    if (entry !== "" && !entry.startsWith("#")) {
      if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(entry)) {
        throw new OptionError(`line ${line} is not an info-hash of 40 or 64 hex digits`);
      }
      hashes.add(entry.slice(0, 40).toLowerCase());
    }
    if (line % LINES_AT_ONCE === 0) yield;
  }
  return hashes;
}
