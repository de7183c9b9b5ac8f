/**
 * The options of an announce (BEP 41), whose URL carries the name, length and v2 hash of the hosted
 * torrent, and the label of the machine that hosts it.
 *
 * @module
 */

import { concat, equalBytes, fromHex, fromLatin1, hex, latin1, strictTextOf } from "../bytes.ts";
import { cleanLabel } from "./label.ts";

const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_URL_DATA = 2;

/** The longest URLData option, because its length is one byte. Longer text takes several options. */
const MAX_OPTION_LENGTH = 255;

/** A 32-byte SHA-256 as a multihash: function 0x12, length 0x20 (BEP 52, magnet links). */
const SHA256_MULTIHASH = "1220";

/** The longest name a directory lists, in bytes of UTF-8: what file systems allow. */
export const MAX_NAME_LENGTH = 255;

/** What a peer claims to host. Only the hashes prove it. */
export interface HostedFile {
  /** The torrent's name, well-formed Unicode. */
  name: string;
  /** Bytes of content, below 2^53. */
  length: number;
  /** The full 32-byte SHA-256 info-hash, for v2 and hybrid torrents. */
  v2Hash?: Uint8Array;
  /** The machine that hosts it, see {@link cleanLabel}. */
  label?: string;
  /** Bytes of the files that the machine wants, if it does not want all. */
  selectedBytes?: number;
}

/**
 * Reads the options from `offset` to the end of an announce packet. Joins the texts of all URLData options,
 * one character a byte (BEP 41).
 *
 * Skips unknown options. Stops at a length that runs past the end of the packet, and keeps what came before
 * it.
 */
export function decodeOptions(packet: Uint8Array, offset: number): string {
  let text = "";
  let at = offset;
  while (at < packet.length) {
    const option = packet[at]!;
    at++;
    if (option === OPTION_END) break;
    if (option === OPTION_NOP) continue;
    const length = packet[at];
    if (length === undefined || at + 1 + length > packet.length) break;
    if (option === OPTION_URL_DATA) text += latin1(packet.subarray(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return text;
}

/** Encodes `urlData` (ASCII) as URLData options, as many as it takes (BEP 41). */
export function encodeOptions(urlData: string): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < urlData.length; at += MAX_OPTION_LENGTH) {
    const chunk = fromLatin1(urlData.slice(at, at + MAX_OPTION_LENGTH));
    parts.push(Uint8Array.of(OPTION_URL_DATA, chunk.length), chunk);
  }
  return concat(...parts);
}

/**
 * The path and query of an announce: those of the tracker's URL, followed by what is hosted.
 *
 * Leaves out a name that no directory would list (see {@link isListableName}).
 *
 * @param path The path and query of the tracker's URL, `""` when it has none.
 */
export function formatUrlData(path: string, file: HostedFile | undefined): string {
  if (file === undefined || !isListableName(file.name)) return path;
  const base = path === "" ? "/announce" : path;
  const query = `dn=${encodeURIComponent(file.name)}&xl=${file.length}`;
  const v2 = file.v2Hash === undefined ? "" : `&btmh=${SHA256_MULTIHASH}${hex(file.v2Hash)}`;
  const part = file.selectedBytes === undefined ? "" : `&sel=${file.selectedBytes}`;
  const label = file.label ? `&label=${encodeURIComponent(cleanLabel(file.label))}` : "";
  return base + (base.includes("?") ? "&" : "?") + query + v2 + part + label;
}

/**
 * The hosted torrent in an announce URL, or `undefined` when it lacks a listable name or a length. Invalid
 * parameters count as absent.
 */
export function parseUrlData(urlData: string): HostedFile | undefined {
  const query = urlData.indexOf("?");
  if (query < 0) return undefined;
  let name: string | undefined;
  let length: number | undefined;
  let v2Hash: Uint8Array | undefined;
  let label: string | undefined;
  let selectedBytes: number | undefined;
  for (const pair of urlData.slice(query + 1).split("&")) {
    const equals = pair.indexOf("=");
    const value = pair.slice(equals + 1);
    if (pair.startsWith("dn=")) name ??= percentDecode(value);
    else if (pair.startsWith("xl=")) length ??= parseLength(value);
    else if (pair.startsWith("btmh=")) v2Hash ??= parseMultihash(value);
    else if (pair.startsWith("sel=")) selectedBytes ??= parseLength(value);
    else if (pair.startsWith("label=")) label ??= cleanLabel(percentDecode(value) ?? "");
  }
  if (name === undefined || length === undefined || !isListableName(name)) return undefined;
  return {
    name,
    length,
    ...(v2Hash && { v2Hash }),
    ...(label && { label }),
    ...(selectedBytes !== undefined && selectedBytes < length && { selectedBytes }),
  };
}

/**
 * Whether a directory lists this name: not empty, at most {@link MAX_NAME_LENGTH} bytes of UTF-8, and free
 * of terminal control characters and bidirectional overrides.
 */
export function isListableName(name: string): boolean {
  if (name === "" || name.length > MAX_NAME_LENGTH || !name.isWellFormed()) return false;
  if (hasUnprintable(name)) return false;
  return new TextEncoder().encode(name).length <= MAX_NAME_LENGTH;
}

/** Whether untrusted text contains control characters or bidirectional overrides. */
export function hasUnprintable(text: string): boolean {
  return /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u.test(text);
}

function parseLength(text: string): number | undefined {
  if (!/^\d{1,16}$/.test(text)) return undefined;
  const length = Number(text);
  return Number.isSafeInteger(length) ? length : undefined;
}

function parseMultihash(text: string): Uint8Array | undefined {
  if (!/^1220[0-9a-f]{64}$/i.test(text)) return undefined;
  return fromHex(text.slice(SHA256_MULTIHASH.length));
}

/** Percent-decodes to bytes and decodes those as UTF-8; `+` is a plus. */
function percentDecode(text: string): string | undefined {
  const plain = text.replace(
    /%([0-9a-fA-F]{2})/g,
    (_, digits) => String.fromCharCode(parseInt(digits, 16)),
  );
  return strictTextOf(fromLatin1(plain));
}

/** Whether `infoHash` is `v2Hash` truncated to 20 bytes, as swarms use it (BEP 52). */
export function isTruncationOf(infoHash: Uint8Array, v2Hash: Uint8Array): boolean {
  return equalBytes(infoHash, v2Hash.subarray(0, infoHash.length));
}
