/**
 * Limits how often one host may connect to us. Each inbound connection costs a handshake and a bitfield, so a
 * host that keeps reconnecting is refused.
 *
 * @module
 */

import { hostKey } from "../../codec/network_key.ts";
import { TokenBucket } from "../connection/token_bucket.ts";

/** Connections accepted in a burst. Many peers can share one address behind a NAT. */
const BURST = 300;
/** Connections per second in the long run. */
const PER_SECOND = 10;
/** Hosts to remember; beyond that the oldest entries are dropped. */
const MAX_HOSTS = 1000;

/** Counts inbound connections per host. */
export class AcceptLimiter {
  readonly #allowances = new Map<string, TokenBucket>();

  /** Counts an inbound connection. Returns false when its host has connected too often. */
  allow(host: string, nowMs: number): boolean {
    const key = hostKey(host);
    let allowance = this.#allowances.get(key);
    if (allowance === undefined) {
      allowance = new TokenBucket(BURST, PER_SECOND, nowMs);
      this.#allowances.set(key, allowance);
      const [oldest] = this.#allowances.keys();
      if (this.#allowances.size > MAX_HOSTS) this.#allowances.delete(oldest!);
    }
    return allowance.tryTake(nowMs);
  }
}
