/**
 * Limits how much work each host may cause, however many connections it has and however often it reconnects.
 *
 * @module
 */

import { hostKey } from "../../codec/network_key.ts";
import { TokenBucket } from "../connection/token_bucket.ts";

/** Hosts to remember; beyond that the least recently used are dropped. */
const MAX_HOSTS = 1000;

/** The quotas of all hosts. */
export class HostQuotas {
  readonly #capacity: number;
  readonly #perSecond: number;
  readonly #shares = new Map<string, TokenBucket>();

  /** Each host may save up `capacity` units and gains `perSecond` units a second. */
  constructor(capacity: number, perSecond: number) {
    this.#capacity = capacity;
    this.#perSecond = perSecond;
  }

  /** The quota of the host at this IP address, shared by all its connections. */
  of(host: string, nowMs: number): TokenBucket {
    const key = hostKey(host);
    const share = this.#shares.get(key) ?? new TokenBucket(this.#capacity, this.#perSecond, nowMs);
    this.#shares.delete(key);
    this.#shares.set(key, share); // moves it to the end
    const [oldest] = this.#shares.keys();
    if (this.#shares.size > MAX_HOSTS) this.#shares.delete(oldest!);
    return share;
  }
}
