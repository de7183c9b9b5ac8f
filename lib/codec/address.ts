/**
 * Addresses as text and as bytes: IPv4, IPv6, `host:port`.
 *
 * @module
 */

import { equalBytes, viewOf } from "./bytes.ts";

/** A host, by name or by IP address without brackets, and a port from 1 to 65535. */
export interface HostPort {
  /** A name, `1.2.3.4` or `::1`. */
  host: string;
  /** From 1 to 65535. */
  port: number;
}

const scratch = new Uint8Array(4);
const MAPPED_PREFIX = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
const IPV6_LOOPBACK = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

/**
 * Reads `1.2.3.4:5`, `[::1]:5` or `name:5`. Returns `undefined` for anything else: a missing port, a port
 * outside 1 to 65535, an IPv6 address without brackets, a host name with invalid characters.
 */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([^\[\]]+)\]|([^:\[\]]+)):(\d{1,5})$/.exec(text.trim());
  if (match === null) return undefined;
  const [, bracketed, plain, digits] = match;
  const port = Number(digits);
  if (port < 1 || port > 65535) return undefined;
  if (bracketed !== undefined) {
    return isIPv6(bracketed) ? { host: normalizeIp(bracketed), port } : undefined;
  }
  return plain !== undefined && isHost(plain) ? { host: plain, port } : undefined;
}

/** `host:port`, with brackets around an IPv6 address. */
export function formatHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * One spelling for each IP address: an IPv4-mapped IPv6 address becomes the IPv4 address it means, other
 * IPv6 addresses take their canonical form (RFC 5952). Anything else, such as a host name, stays as it is.
 */
export function normalizeIp(ip: string): string {
  const bytes = ip.includes(":") ? parseIPv6(ip) : undefined;
  return bytes === undefined ? ip : bytesToIp(bytes);
}

/**
 * The 4 bytes of an IPv4 address or the 16 of an IPv6 address, in network order. A mapped address gives 4.
 *
 * @throws RangeError when the text is not an IP address.
 */
export function ipToBytes(ip: string): Uint8Array {
  const bytes = ip.includes(":") ? parseIPv6(ip) : parseIPv4(ip);
  if (bytes === undefined) throw new RangeError(`${ip} is not an IP address`);
  return isMapped(bytes) ? bytes.slice(MAPPED_PREFIX.length) : bytes;
}

/**
 * The address in 4 or 16 bytes; an IPv4-mapped IPv6 address gives the IPv4 address.
 *
 * @throws RangeError on any other number of bytes.
 */
export function bytesToIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) {
    throw new RangeError(`an IP address has 4 or 16 bytes, not ${bytes.length}`);
  }
  if (isMapped(bytes)) return bytes.subarray(MAPPED_PREFIX.length).join(".");
  const view = viewOf(bytes);
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16));
  const zeros = longestZeroRun(groups);
  if (zeros.length < 2) return groups.join(":");
  const after = groups.slice(zeros.start + zeros.length);
  return `${groups.slice(0, zeros.start).join(":")}::${after.join(":")}`;
}

/** Whether this is the text of an IPv4 or IPv6 address. */
export function isIp(text: string): boolean {
  return isIPv4(text) || isIPv6(text);
}

/** Whether this is the text of an IPv4 address. */
export function isIPv4(text: string): boolean {
  return readIPv4(text, 0, scratch);
}

/** Whether this is the text of an IPv6 address (a mapped one too), without brackets. */
export function isIPv6(text: string): boolean {
  return parseIPv6(text) !== undefined;
}

/** Whether the host is this machine: 127.0.0.0/8, `::1`, or the name `localhost`. */
export function isLoopback(host: string): boolean {
  if (host === "localhost") return true;
  if (!isIp(host)) return false;
  const bytes = ipToBytes(host);
  return bytes.length === 4 ? bytes[0] === 127 : equalBytes(bytes, IPV6_LOOPBACK);
}

/** A name of letters, digits, hyphens, underscores and dots, or an IPv4 address. */
function isHost(text: string): boolean {
  if (text.length > 253 || !/^[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*\.?$/u.test(text)) return false;
  // A name whose last label is a number is a broken IPv4 address, never a host.
  return isIPv4(text) || !/(^|\.)\d+\.?$/.test(text);
}

const IPV6_LENGTH = 16;
const [DOT, ZERO, NINE, COLON, LOWER_A, LOWER_F] = [0x2e, 0x30, 0x39, 0x3a, 0x61, 0x66];

function isMapped(bytes: Uint8Array): boolean {
  return bytes.length === 16 && equalBytes(bytes.subarray(0, MAPPED_PREFIX.length), MAPPED_PREFIX);
}

function parseIPv4(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(4);
  return readIPv4(text, 0, bytes) ? bytes : undefined;
}

/**
 * Reads the IPv4 address in `text` from index `from` to the end, into the first 4 bytes of `into`; false
 * when there is none. Works digit by digit, because PEX and trackers deliver thousands of addresses.
 */
export function readIPv4(text: string, from: number, into: Uint8Array): boolean {
  let count = 0, part = -1; // -1: no digit of this part read yet
  for (let i = from; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : DOT;
    if (code === DOT) {
      if (part < 0 || count === 4) return false;
      into[count++] = part;
      part = -1;
    } else {
      // Leading zeros are refused: some systems read them as octal.
      if (code < ZERO || code > NINE || part === 0) return false;
      part = Math.max(part, 0) * 10 + code - ZERO;
      if (part > 255) return false;
    }
  }
  return count === 4;
}

/** Works digit by digit as well. */
function parseIPv6(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(IPV6_LENGTH);
  const startsWithGap = text.startsWith("::");
  let count = 0, gap = startsWithGap ? 0 : -1; // -1: no "::" read yet
  for (let i = startsWithGap ? 2 : 0; i < text.length;) {
    if (count === IPV6_LENGTH) return undefined;
    const start = i;
    let group = 0;
    for (let digit; i < start + 4 && (digit = hexDigit(text.charCodeAt(i))) >= 0; i++) {
      group = group << 4 | digit;
    }
    if (text.charCodeAt(i) === DOT) {
      // The last two groups may be an IPv4 address.
      if (count > 12 || !readIPv4(text, start, bytes.subarray(count))) return undefined;
      count += 4;
      break;
    }
    if (i === start) return undefined;
    bytes[count++] = group >> 8;
    bytes[count++] = group;
    if (i === text.length) break;
    if (text.charCodeAt(i++) !== COLON || i === text.length) return undefined;
    if (text.charCodeAt(i) !== COLON) continue;
    if (gap >= 0) return undefined;
    gap = count;
    i++;
  }
  return gap < 0 ? (count === IPV6_LENGTH ? bytes : undefined) : withGap(bytes, gap, count);
}

/** Moves what comes after "::" to the end; it stands for one group of zeros or more. */
function withGap(bytes: Uint8Array, gap: number, count: number): Uint8Array | undefined {
  if (count > IPV6_LENGTH - 2) return undefined;
  const tail = IPV6_LENGTH - (count - gap);
  bytes.copyWithin(tail, gap, count);
  return bytes.fill(0, gap, tail);
}

/** The value of a hex digit of either case, or -1. */
function hexDigit(code: number): number {
  if (code >= ZERO && code <= NINE) return code - ZERO;
  const lower = code | 0x20;
  return lower >= LOWER_A && lower <= LOWER_F ? lower - LOWER_A + 10 : -1;
}

function longestZeroRun(groups: string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let i = 0; i <= groups.length; i++) {
    if (groups[i] === "0") continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}
