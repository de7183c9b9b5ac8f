/**
 * How much work each host may make us do, however many connections it has and however often it comes
 * again.
 *
 * @module
 */

import { hostKey } from "../../codec/network_key.ts";

/** Hosts that are remembered; of more, those that came first are forgotten. */
const MAX_HOSTS = 1000;

/** What one host may still have done for it. */
export class HostQuota {
  readonly #capacity: number;
  readonly #perSecond: number;
  #left: number;
  #atMs: number;

  /** All of it. */
  constructor(capacity: number, perSecond: number, nowMs: number) {
    this.#capacity = capacity;
    this.#perSecond = perSecond;
    this.#left = capacity;
    this.#atMs = nowMs;
  }

  /** So much was done for the host. Returns for how many milliseconds nothing more shall be. */
  spend(units: number, nowMs: number): number {
    const gained = (nowMs - this.#atMs) / 1000 * this.#perSecond;
    this.#left = Math.min(this.#capacity, this.#left + gained) - units;
    this.#atMs = nowMs;
    return this.#left >= 0 ? 0 : -this.#left / this.#perSecond * 1000;
  }
}

/** The shares of all hosts. */
export class HostQuotas {
  readonly #capacity: number;
  readonly #perSecond: number;
  readonly #shares = new Map<string, HostQuota>();

  /** Each host may save up so much, and gets so much a second. */
  constructor(capacity: number, perSecond: number) {
    this.#capacity = capacity;
    this.#perSecond = perSecond;
  }

  /** The share of the host at this IP address: the same one for all its connections. */
  of(host: string, nowMs: number): HostQuota {
    const key = hostKey(host);
    const share = this.#shares.get(key) ?? new HostQuota(this.#capacity, this.#perSecond, nowMs);
    this.#shares.delete(key);
    this.#shares.set(key, share); // the last to be forgotten
    const [oldest] = this.#shares.keys();
    if (this.#shares.size > MAX_HOSTS) this.#shares.delete(oldest!);
    return share;
  }
}
