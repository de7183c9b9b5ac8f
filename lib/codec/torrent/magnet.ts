/**
 * Magnet links (BEP 9, BEP 53): a torrent by its info-hash, with hints where to begin.
 *
 * @module
 */

import { MagnetError } from "../../errors.ts";
import { formatHostPort, type HostPort, parseHostPort } from "../address.ts";
import { fromBase32, fromHex, hex, textOf } from "../bytes.ts";
import { magnetIn, MAX_LINK_LENGTH } from "./link_text.ts";

/** A parsed magnet link. It has at least one of the hashes. */
export interface Magnet {
  /** SHA-1 of the info dictionary, 20 bytes. */
  v1Hash?: Uint8Array;
  /** SHA-256 of the info dictionary, 32 bytes. */
  v2Hash?: Uint8Array;
  /** Display name: a claim, not to be used as a path. */
  name?: string;
  /** Tracker URLs, in order, without duplicates. */
  trackers: string[];
  /** Peers to try at once. */
  peers: HostPort[];
  /** URLs that serve the files over HTTP (web seeds). */
  webSeeds: string[];
  /** Indexes of the files to fetch, sorted (BEP 53); absent means all. */
  selectOnly?: number[];
  /** Total bytes: a claim. */
  length?: number;
}

/** Short BEP 53 ranges can select very many files; no torrent Shoal loads has more. */
const MAX_SELECTED = 1_000_000;
/** The most trackers, peers and web seeds read, of each. */
const MAX_ADDRESSES = 200;
/** Longer names are cut, in characters. */
const MAX_NAME_LENGTH = 1000;

const SCHEME = "magnet:?";
const V1_URN = "urn:btih:";
const V2_URN = "urn:btmh:";
/** The multihash prefix for "SHA-256, 32 bytes". */
const SHA256_MULTIHASH = "1220";

/**
 * Parses a magnet link, which may have other text around it (see {@link magnetIn}). Skips unknown
 * parameters, invalid peers, and addresses beyond the 200th of a kind.
 *
 * @throws MagnetError with one sentence: no magnet link, no hash, a malformed hash or file selection, two
 * different hashes of one kind.
 */
export function parseMagnet(text: string): Magnet {
  const link = magnetIn(text) ?? text.trim();
  if (link.length > MAX_LINK_LENGTH) throw new MagnetError("the magnet link is too long");
  if (link.slice(0, SCHEME.length).toLowerCase() !== SCHEME) {
    throw new MagnetError(
      "a magnet link starts with magnet:? and goes on with its hash: copy the whole link",
    );
  }
  const magnet: Magnet = { trackers: [], peers: [], webSeeds: [] };
  const selections: string[] = [];
  for (const parameter of link.slice(SCHEME.length).split("&")) {
    const equals = parameter.indexOf("=");
    if (equals < 0) continue;
    // Parameter names may carry a number, as in tr.1.
    const key = parameter.slice(0, equals).toLowerCase().replace(/\.\d+$/, "");
    const value = unescape(parameter.slice(equals + 1)).trim();
    if (key === "so" && value !== "") selections.push(value);
    else READERS.get(key)?.(magnet, value);
  }
  // Parsed all at once, so that many cost no more than one.
  if (selections.length > 0) magnet.selectOnly = parseSelection(selections.join(","));
  if (magnet.v1Hash === undefined && magnet.v2Hash === undefined) {
    throw new MagnetError(
      "the magnet link has no BitTorrent hash (xt=urn:btih: or xt=urn:btmh:): copy the whole link",
    );
  }
  return magnet;
}

/** Formats a link that {@link parseMagnet} reads back unchanged; hashes in lower-case hex. */
export function formatMagnet(magnet: Partial<Magnet>): string {
  const parameters: string[] = [];
  const { v1Hash, v2Hash, name, length, selectOnly } = magnet;
  if (v1Hash !== undefined) parameters.push(`xt=${V1_URN}${hex(v1Hash)}`);
  if (v2Hash !== undefined) parameters.push(`xt=${V2_URN}${SHA256_MULTIHASH}${hex(v2Hash)}`);
  if (name !== undefined) parameters.push(`dn=${escape(name)}`);
  if (length !== undefined) parameters.push(`xl=${length}`);
  for (const url of magnet.trackers ?? []) parameters.push(`tr=${escape(url)}`);
  for (const url of magnet.webSeeds ?? []) parameters.push(`ws=${escape(url)}`);
  for (const { host, port } of magnet.peers ?? []) {
    // Brackets and colons are allowed unescaped in a query, and readers expect them so.
    parameters.push(`x.pe=${formatHostPort(host, port)}`);
  }
  if (selectOnly !== undefined && selectOnly.length > 0) {
    parameters.push(`so=${formatSelection(selectOnly)}`);
  }
  return SCHEME + parameters.join("&");
}

/**
 * Parses file indexes such as `0,2,4,6-8`: sorted, each once (BEP 53).
 *
 * @throws MagnetError when the syntax is wrong, a range runs backwards, or there are too many.
 */
export function parseSelection(text: string): number[] {
  const ranges = text.split(",").map(rangeOf).sort((a, b) => a.first - b.first);
  let count = 0;
  let next = 0; // the first index not selected yet
  for (const range of ranges) {
    range.first = Math.max(range.first, next);
    if (count + range.last - range.first >= MAX_SELECTED) {
      throw new MagnetError("the file selection names too many files");
    }
    count += Math.max(0, range.last - range.first + 1);
    next = Math.max(next, range.last + 1);
  }
  const selected = new Array<number>(count); // grown by itself, it would be copied again and again
  let at = 0;
  for (const { first, last } of ranges) {
    for (let index = first; index <= last; index++) selected[at++] = index;
  }
  return selected;
}

function rangeOf(part: string): { first: number; last: number } {
  const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part.trim());
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match !== null && last >= first) return { first, last };
  throw new MagnetError(`the file selection "${part.slice(0, 40)}" is not a number or a range`);
}

/** Formats sorted file indexes as `0,2,4,6-8`. */
export function formatSelection(indexes: number[]): string {
  const ranges: string[] = [];
  for (let i = 0; i < indexes.length;) {
    const first = indexes[i]!;
    let last = first;
    while (indexes[++i] === last + 1) last++;
    ranges.push(first === last ? `${first}` : `${first}-${last}`);
  }
  return ranges.join(",");
}

type Reader = (magnet: Magnet, value: string) => void;

/** The reader of each parameter. A map, because an untrusted parameter may be called `constructor`. */
const READERS = new Map<string, Reader>([
  ["xt", readTopic],
  ["dn", (magnet, value) => {
    if (value !== "") magnet.name ??= value.slice(0, MAX_NAME_LENGTH).toWellFormed();
  }],
  ["tr", (magnet, value) => addOnce(magnet.trackers, value)],
  ["ws", (magnet, value) => addOnce(magnet.webSeeds, value)],
  ["x.pe", (magnet, value) => {
    const peer = magnet.peers.length < MAX_ADDRESSES ? parseHostPort(value) : undefined;
    if (peer !== undefined) magnet.peers.push(peer);
  }],
  ["xl", (magnet, value) => {
    const length = /^\d+$/.test(value) ? Number(value) : NaN;
    if (Number.isSafeInteger(length)) magnet.length = length;
  }],
]);

/** Reads one `xt`. Topics of other networks (`urn:sha1:`, `urn:ed2k:`) may be present as well. */
function readTopic(magnet: Magnet, value: string): void {
  const urn = value.slice(0, V1_URN.length).toLowerCase();
  const text = value.slice(V1_URN.length);
  if (urn === V1_URN) magnet.v1Hash = agreed(magnet.v1Hash, parseV1Hash(text));
  if (urn === V2_URN) magnet.v2Hash = agreed(magnet.v2Hash, parseV2Hash(text));
}

function parseV1Hash(text: string): Uint8Array {
  if (/^[0-9a-f]{40}$/i.test(text)) return fromHex(text);
  if (/^[a-z2-7]{32}$/i.test(text)) return fromBase32(text);
  throw new MagnetError(
    "the magnet link's urn:btih: hash is not 40 hex or 32 base32 characters: copy the whole link",
  );
}

function parseV2Hash(text: string): Uint8Array {
  if (new RegExp(`^${SHA256_MULTIHASH}[0-9a-f]{64}$`, "i").test(text)) {
    return fromHex(text.slice(SHA256_MULTIHASH.length));
  }
  throw new MagnetError("the magnet link's urn:btmh: hash is not 1220 and 64 hex characters");
}

function agreed(known: Uint8Array | undefined, next: Uint8Array): Uint8Array {
  if (known !== undefined && hex(known) !== hex(next)) {
    throw new MagnetError("the magnet link has two different hashes of one kind");
  }
  return next;
}

function addOnce(list: string[], value: string): void {
  if (value === "" || list.length >= MAX_ADDRESSES || list.includes(value)) return;
  list.push(value);
}

/** Avoids that `encodeURIComponent` throws on lone surrogates, which a name may contain. */
function escape(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** Percent-decodes without ever failing: invalid escapes stay, invalid UTF-8 becomes U+FFFD. */
function unescape(text: string): string {
  return text
    .replaceAll("+", " ")
    .replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => textOf(fromHex(escapes.replaceAll("%", ""))));
}
