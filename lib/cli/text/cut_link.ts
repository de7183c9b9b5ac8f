/**
 * Recognizes what a shell leaves of a magnet link that is not in quotes: it cuts the link at each `&`.
 *
 * @module
 */

import { magnetIn } from "../../codec/torrent/link_text.ts";
import { OptionError } from "../../errors.ts";

/** A warning if `argument` is a magnet link with a hash and nothing else; `undefined` if not. */
export function cutLinkWarning(argument: string): string | undefined {
  const link = magnetIn(argument);
  if (link === undefined || !/^magnet:\?xt=[^&]*&?$/i.test(link)) return undefined;
  return 'this link has nothing but its hash: a shell cuts a link without quotes at its first "&"; ' +
    "in quotes it keeps its name, its trackers and its peers";
}

/**
 * The arguments of a command line must be whole links.
 *
 * @throws {OptionError} when one is a later part of the link before it
 */
export function requireWholeLinks(given: readonly string[]): void {
  const part = given.slice(1).find(isPartOfLink);
  if (part === undefined) return;
  throw new OptionError(`"${part}" is a part of a link that was cut: put the whole link in quotes`);
}

/** Whether a word is a later part of a magnet link, such as `tr=udp://…`. */
export function isPartOfLink(word: string): boolean {
  return /^&?(?:xt|dn|xl|tr|ws|so|x\.pe)(?:\.\d+)?=/i.test(word);
}
