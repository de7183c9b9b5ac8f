/**
 * Limits how much work each host may cause, however many connections it has and however often it reconnects.
 *
 * @module
 */

import { hostKey } from "../../codec/network_key.ts";

/** Hosts to remember; beyond that the least recently used are dropped. */
const MAX_HOSTS = 1000;

/** The work that may still be done for one host. */
export class HostQuota {
  readonly #capacity: number;
  readonly #perSecond: number;
  #left: number;
  #atMs: number;

  /** Starts with the full capacity. */
  constructor(capacity: number, perSecond: number, nowMs: number) {
    this.#capacity = capacity;
    this.#perSecond = perSecond;
    this.#left = capacity;
    this.#atMs = nowMs;
  }

  /** Charges the host for work. Returns for how many milliseconds no more work may be done for it. */
  spend(units: number, nowMs: number): number {
    const gained = (nowMs - this.#atMs) / 1000 * this.#perSecond;
    this.#left = Math.min(this.#capacity, this.#left + gained) - units;
    this.#atMs = nowMs;
    return this.#left >= 0 ? 0 : -this.#left / this.#perSecond * 1000;
  }
}

/** The quotas of all hosts. */
export class HostQuotas {
  readonly #capacity: number;
  readonly #perSecond: number;
  readonly #shares = new Map<string, HostQuota>();

  /** Each host may save up `capacity` units and gains `perSecond` units a second. */
  constructor(capacity: number, perSecond: number) {
    this.#capacity = capacity;
    this.#perSecond = perSecond;
  }

  /** The quota of the host at this IP address, shared by all its connections. */
  of(host: string, nowMs: number): HostQuota {
    const key = hostKey(host);
    const share = this.#shares.get(key) ?? new HostQuota(this.#capacity, this.#perSecond, nowMs);
    this.#shares.delete(key);
    this.#shares.set(key, share); // moves it to the end
    const [oldest] = this.#shares.keys();
    if (this.#shares.size > MAX_HOSTS) this.#shares.delete(oldest!);
    return share;
  }
}
