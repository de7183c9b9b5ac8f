/**
 * Quirks of particular clients, recognized by the prefix of their peer id.
 *
 * @module
 */

import { fromLatin1, hex } from "../../codec/bytes.ts";

const [ARIA2, TRANSMISSION, RTORRENT] = ["A2-", "-TR", "-lt"].map((start) =>
  hex(fromLatin1(start))
) as [string, string, string];

/**
 * Whether the client keeps the first of two connections, regardless of which side initiated it. If we kept
 * the other one, both would be lost, over and over.
 *
 * @param peerId in hex
 */
export function keepsFirstDuplicate(peerId: string): boolean {
  return [ARIA2, TRANSMISSION, RTORRENT].some((start) => peerId.startsWith(start));
}

/**
 * Whether the client, once it has every piece a peer announced, sends that peer no requests for up to 30
 * seconds, whatever haves arrive meanwhile. Such a client starves on pieces that are offered one by one.
 *
 * @param peerId in hex
 */
export function stallsOnSingleHaves(peerId: string): boolean {
  return peerId.startsWith(RTORRENT);
}
