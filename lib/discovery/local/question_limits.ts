/**
 * Limits how many questions of the local network are answered.
 *
 * @module
 */

import { isIPv6 } from "../../codec/address.ts";

/** Questions of one host: it may ask for a hundred names, each a few times, and a few at the same time. */
const HOST_BURST = 100;
const HOST_PER_SECOND = 8;
/**
 * Questions of all hosts over one family: more than a whole /24 may ask, so that whoever forges all addresses
 * of such a network but one keeps nobody there from an answer. It is about a fifth of a core.
 */
const TOTAL_BURST = 26_000;
const TOTAL_PER_SECOND = 2100;
/** Hosts to remember; beyond that the one that asked longest ago is forgotten. */
const MAX_ASKERS = 1000;

/** Permits that accrue at a steady rate up to a limit. */
interface Allowance {
  permits: number;
  atMs: number;
}

/** The permits of all hosts. A host is an IP address: a local network is one /24 or /64 as a whole. */
export class QuestionLimits {
  /** IPv6 has addresses without end to forge: they are no matter to IPv4. */
  readonly #total = {
    4: { permits: TOTAL_BURST, atMs: 0 } as Allowance,
    6: { permits: TOTAL_BURST, atMs: 0 } as Allowance,
  };
  readonly #hosts = new Map<string, Allowance>();

  /** Whether one more question of this host is answered. One over the host's limit does not count for all. */
  admits(host: string, nowMs: number): boolean {
    const own = this.#hosts.get(host) ?? { permits: HOST_BURST, atMs: nowMs };
    this.#hosts.delete(host);
    this.#hosts.set(host, own); // moves it to the end
    if (this.#hosts.size > MAX_ASKERS) this.#hosts.delete(this.#hosts.keys().next().value!);
    return take(own, HOST_BURST, HOST_PER_SECOND, nowMs) &&
      take(this.#total[isIPv6(host) ? 6 : 4], TOTAL_BURST, TOTAL_PER_SECOND, nowMs);
  }
}

function take(allowance: Allowance, burst: number, perSecond: number, nowMs: number): boolean {
  const earned = (nowMs - allowance.atMs) / 1000 * perSecond;
  allowance.permits = Math.min(burst, allowance.permits + earned);
  allowance.atMs = nowMs;
  if (allowance.permits < 1) return false;
  allowance.permits--;
  return true;
}
