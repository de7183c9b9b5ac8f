/**
 * A machine's label: the name under which its administrator knows it.
 *
 * @module
 */

import { AddressScope, reachOf } from "../address_scope.ts";
import { utf8Length } from "../bytes.ts";

/** The longest label, in bytes of UTF-8: what systems allow for a host name. */
export const MAX_LABEL_LENGTH = 64;

/** More characters than this are not looked at: terminal codes are removed, and what is left is cut. */
const MAX_RAW_LENGTH = 16 * MAX_LABEL_LENGTH;

const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?$/;

/** A code that moves the cursor or colours text, and one that sets a title, after its control character. */
const TERMINAL_CODES = /\p{Cc}\[[0-?]*[ -\/]*[@-~]|\p{Cc}\][^\p{Cc}]*|\x9b[0-?]*[ -\/]*[@-~]/gu;
/** Also characters without width, and marks that reorder the text around them. */
const UNPRINTABLE =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/**
 * A label that is safe to show and to store: without control characters and terminal codes, and cut after the
 * last character that ends within {@link MAX_LABEL_LENGTH} bytes. Empty if nothing is left.
 *
 * @param text anything; a stranger may have written it
 */
export function cleanLabel(text: string): string {
  if (PLAIN.test(text)) return text;
  const printable = text.slice(0, MAX_RAW_LENGTH)
    .replace(TERMINAL_CODES, "").replace(UNPRINTABLE, "").trim();
  let label = "", length = 0;
  for (const character of printable) {
    length += utf8Length(character);
    if (length > MAX_LABEL_LENGTH) break;
    label += character;
  }
  return label.trimEnd();
}

/**
 * Whether labels are told to, and taken from, a machine at this IP address: only to those of the local
 * network, and to this machine itself.
 */
export function sharesLabels(ip: string): boolean {
  const reach = reachOf(ip);
  return reach !== undefined && reach < AddressScope.world;
}
