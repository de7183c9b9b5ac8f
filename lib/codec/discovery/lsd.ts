/**
 * The packets of Local Service Discovery (LSD, BEP 14). Peers announce "I have these torrents, at this
 * port" to a multicast group, without a tracker.
 *
 * @module
 */

import { fromHex, fromLatin1, hex, latin1 } from "../bytes.ts";

/** The multicast groups, by address family. */
export const LOCAL_GROUPS = {
  4: { host: "239.192.152.143", port: 6771 },
  6: { host: "ff15::efc0:988f", port: 6771 },
} as const;

/** One announcement. The peer's address is the packet's source address. */
export interface LocalSearch {
  /** The TCP port of the peer, from 1 to 65535. */
  readonly port: number;
  /** 20 bytes each, at least one; a v2 hash truncated. */
  readonly infoHashes: readonly Uint8Array[];
  /** Lets a sender recognize its own packets: an opaque text. */
  readonly cookie?: string;
}

/** The limit of BEP 14, so that a packet is not fragmented. */
export const MAX_SEARCH_LENGTH = 1400;

/** Longer than any known cookie (libtorrent 8 digits, others below 20); the sender chooses it. */
export const MAX_COOKIE_LENGTH = 64;

const METHOD = "BT-SEARCH * HTTP/1.1";
const HASH_LINE_LENGTH = "Infohash: \r\n".length + 40;
const LONGEST_HEAD = `${METHOD}\r\nHost: [${LOCAL_GROUPS[6].host}]:6771\r\nPort: 65535\r\n`.length;
const LONGEST_TAIL = "cookie: \r\n\r\n\r\n".length + MAX_COOKIE_LENGTH;

/** Hashes that fit into one packet with the longest other headers. */
export const MAX_SEARCH_HASHES = Math.floor(
  (MAX_SEARCH_LENGTH - LONGEST_HEAD - LONGEST_TAIL) / HASH_LINE_LENGTH,
);

/**
 * The packet for a family's multicast group (BEP 14).
 *
 * @throws {RangeError} with no hash, more than {@link MAX_SEARCH_HASHES}, or one that is not 20 bytes; for
 * an invalid port; for a cookie that is too long or not printable ASCII
 */
export function encodeLocalSearch(search: LocalSearch, family: 4 | 6): Uint8Array {
  const { port, infoHashes, cookie } = search;
  if (infoHashes.length === 0 || infoHashes.length > MAX_SEARCH_HASHES) {
    throw new RangeError(`a packet holds 1 to ${MAX_SEARCH_HASHES} hashes`);
  }
  if (!isPort(port)) throw new RangeError(`${port} is not a port`);
  if (infoHashes.some((hash) => hash.length !== 20)) throw new RangeError("a hash has 20 bytes");
  if (cookie !== undefined && !isCookie(cookie)) {
    throw new RangeError("no cookie can look like that");
  }
  const { host, port: groupPort } = LOCAL_GROUPS[family];
  const lines = [
    METHOD,
    `Host: ${family === 6 ? `[${host}]` : host}:${groupPort}`,
    `Port: ${port}`,
    ...infoHashes.map((hash) => `Infohash: ${hex(hash)}`),
    ...(cookie === undefined ? [] : [`cookie: ${cookie}`]),
  ];
  return fromLatin1(lines.join("\r\n") + "\r\n\r\n\r\n");
}

/**
 * Decodes a packet; `undefined` when it does not announce a peer. Header names are case-insensitive.
 * Unknown headers and hashes of another length are skipped. A packet with two ports is rejected, because it
 * is ambiguous.
 */
export function decodeLocalSearch(packet: Uint8Array): LocalSearch | undefined {
  if (packet.length > MAX_SEARCH_LENGTH) return undefined;
  const [method, ...lines] = latin1(packet).split(/\r?\n/);
  if (method !== METHOD) return undefined;
  const infoHashes = new Map<string, Uint8Array>();
  let port: number | undefined;
  let cookie: string | undefined;
  for (const line of lines) {
    if (line === "") break;
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).trim();
    switch (line.slice(0, Math.max(0, colon)).toLowerCase()) {
      case "port":
        if (port !== undefined || !/^\d{1,5}$/.test(value) || !isPort(Number(value))) {
          return undefined;
        }
        port = Number(value);
        break;
      case "infohash":
        if (/^[0-9a-f]{40}$/i.test(value)) {
          const text = value.toLowerCase();
          infoHashes.set(text, fromHex(text));
        }
        break;
      case "cookie":
        if (isCookie(value)) cookie ??= value;
        break;
    }
  }
  if (port === undefined || infoHashes.size === 0) return undefined;
  return { port, infoHashes: [...infoHashes.values()], ...(cookie !== undefined && { cookie }) };
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65535;
}

function isCookie(text: string): boolean {
  return text.length <= MAX_COOKIE_LENGTH && /^[!-~]([ -~]*[!-~])?$/.test(text);
}
