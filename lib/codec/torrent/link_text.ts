/**
 * Links and info-hashes as people paste them: with surrounding spaces and line breaks, in quotes, brackets
 * or Markdown, after a word or two, HTML-escaped, or with invisible characters.
 *
 * @module
 */

import { MagnetError } from "../../errors.ts";
import { fromBase32, fromHex } from "../bytes.ts";

/** A longer text is not a link; the user pasted or sent something else. */
export const MAX_LINK_LENGTH = 64 * 1024;

/** Invisible characters, and line breaks, which mail programs insert into long links. */
const UNSEEN = /[\r\n\t\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;
/** The closing character for each one that may surround a link. */
const CLOSINGS: ReadonlyMap<string, string> = new Map([
  ["<", ">"],
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
  ['"', '"'],
  ["'", "'"],
  ["`", "`"],
  ["\u201c", "\u201d"],
  ["\u201e", "\u201c"],
  ["\u2018", "\u2019"],
  ["\u00ab", "\u00bb"],
]);

/**
 * The magnet link in pasted text; `undefined` when there is none. Undoes percent-encoding or HTML escaping
 * of the whole link.
 */
export function magnetIn(text: string): string | undefined {
  const plainly = (link: string) => {
    const plain = /^magnet%3a/i.test(link) ? decoded(link) : link;
    return plain.replace(/&(?:amp|#38|#x26);/gi, "&").replace(
      /^magnet:\/{0,2}\?*(?=[^?/])/i,
      "magnet:?",
    );
  };
  return linkIn(text, /magnet(?::\/{0,2}\?|:xt|%3a%3f)/i, plainly) ??
    linkIn(text, /^magnet:/i, plainly);
}

/** The http or https URL in pasted text; `undefined` when there is none. */
export function webLinkIn(text: string): string | undefined {
  return linkIn(text, /https?:\/\//i, (link) => link);
}

/**
 * Finds an info-hash: 40 hex digits or 32 base32 characters (v1), 64 hex digits (v2), the latter with or
 * without a multihash prefix. Returns `undefined` for other text.
 *
 * @throws {MagnetError} when the text is almost an info-hash
 */
export function infoHashIn(
  text: string,
): { v1Hash: Uint8Array } | { v2Hash: Uint8Array } | undefined {
  if (text.length > 1000) return undefined;
  const bare = unwrapped(text.replace(UNSEEN, " ").trim())
    .replace(/^(?:urn:)?bt[im]h:|^0x/i, "");
  const digits = bare.replace(/[\s:-]+/g, "");
  if (/^[0-9a-f]{40}$/i.test(digits)) return { v1Hash: fromHex(digits) };
  if (/^(?:1220)?[0-9a-f]{64}$/i.test(digits)) return { v2Hash: fromHex(digits.slice(-64)) };
  if (isBase32Hash(bare)) return { v1Hash: fromBase32(bare) };
  if (!/^[0-9a-f]{32,}$/i.test(bare)) return undefined;
  throw new MagnetError(
    `an info-hash has 40 hex digits (v1) or 64 (v2), and this has ${bare.length}: copy it anew`,
  );
}

/**
 * Names of 32 letters exist, but hashes without any digit are very unlikely, and programs write them in
 * capitals.
 */
function isBase32Hash(text: string): boolean {
  return /^[A-Z2-7]{32}$/.test(text) || (/^[a-z2-7]{32}$/.test(text) && /[2-7]/.test(text));
}

/** The link that starts in this text; a word or two may precede it. */
function linkIn(
  text: string,
  beginning: RegExp,
  finish: (link: string) => string,
): string | undefined {
  const seen = text.replace(UNSEEN, "").trim();
  const at = seen.search(beginning);
  // Further inside a long name it is part of the name.
  if (
    at < 0 || !/^(?:[^/\\]{0,100}[\s<>()[\]{}"'`\u2018-\u201e\u00ab:])?$/.test(seen.slice(0, at))
  ) {
    return undefined;
  }
  const link = seen.slice(at);
  const closing = CLOSINGS.get(seen[at - 1] ?? "");
  const end = closing === undefined ? -1 : link.lastIndexOf(closing);
  return finish((end < 0 ? link : link.slice(0, end)).trim());
}

/** The text without surrounding quotes or brackets. */
function unwrapped(text: string): string {
  const closing = CLOSINGS.get(text[0] ?? "");
  return closing !== undefined && text.length > 1 && text.endsWith(closing)
    ? text.slice(1, -1).trim()
    : text;
}

function decoded(link: string): string {
  try {
    return decodeURIComponent(link);
  } catch {
    return link; // not percent-encoded: leave it as it is
  }
}
