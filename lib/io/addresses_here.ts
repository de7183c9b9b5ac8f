/**
 * All addresses of this machine, loopback included, as of a moment ago.
 *
 * @module
 */

import { normalizeIp } from "../codec/address.ts";
import { networkInterfaces } from "./permitted.ts";

/** So long a list of them is used: all torrents of a program ask, some of them often. */
const FRESH_MS = 2000;

let known: readonly string[] = [];
let freshUntilMs = -Infinity;

/** The addresses of this machine's interfaces; none where they may not be listed. */
export function addressesHere(nowMs: number): readonly string[] {
  if (nowMs < freshUntilMs) return known;
  freshUntilMs = nowMs + FRESH_MS;
  known = (networkInterfaces() ?? []).map(({ address }) => normalizeIp(address));
  return known;
}
