/**
 * Habits of particular programs, known by how their peer ids begin, that we had better heed.
 *
 * @module
 */

import { fromLatin1, hex } from "../../codec/bytes.ts";

const [ARIA2, TRANSMISSION, RTORRENT] = ["A2-", "-TR", "-lt"].map((start) =>
  hex(fromLatin1(start))
) as [string, string, string];

/**
 * Whether the program keeps the first of two connections, whoever initiated it. Were we to keep the
 * other, both would be lost, again and again.
 *
 * @param peerId in hex
 */
export function keepsFirstDuplicate(peerId: string): boolean {
  return [ARIA2, TRANSMISSION, RTORRENT].some((start) => peerId.startsWith(start));
}

/**
 * Whether the program, once it has got all that a peer told it of, asks that peer for nothing for up to
 * thirty seconds, whatever it hears meanwhile. So it cannot live on pieces that are offered one by one.
 *
 * @param peerId in hex
 */
export function stallsOnSingleHaves(peerId: string): boolean {
  return peerId.startsWith(RTORRENT);
}
