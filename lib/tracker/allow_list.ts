/**
 * The list of torrents a closed tracker serves.
 *
 * @module
 */

import { OptionError } from "../errors.ts";

/**
 * Reads a list of info-hashes in hex, one a line; empty lines and those that start with `#` count for
 * nothing. A v2 hash may be given whole (64 digits) or truncated (40), as swarms know it.
 *
 * @returns The hashes as 40 lower-case hex digits.
 * @throws {OptionError} naming the first line that is not a hash.
 */
export function parseAllowList(text: string): Set<string> {
  const hashes = new Set<string>();
  for (const [index, line] of text.replace(/^\ufeff/, "").split("\n").entries()) {
    const entry = line.trim();
    if (entry === "" || entry.startsWith("#")) continue;
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(entry)) {
      throw new OptionError(`line ${index + 1} is not an info-hash of 40 or 64 hex digits`);
    }
    hashes.add(entry.slice(0, 40).toLowerCase());
  }
  return hashes;
}
