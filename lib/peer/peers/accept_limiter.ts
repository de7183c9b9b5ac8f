/**
 * How often one host may connect to us. Each visit costs a handshake and a list of what we have, so a
 * peer that hangs up and comes back without end is not let in every time.
 *
 * @module
 */

import { hostKey } from "../../codec/network_key.ts";
import { TokenBucket } from "../connection/token_bucket.ts";

/** Visits at once: as many peers as may well sit behind one address. */
const BURST = 300;
/** Visits a second in the long run. */
const PER_SECOND = 10;
/** Hosts that are remembered; of more, those that came first are forgotten. */
const MAX_HOSTS = 1000;

/** Counts the visits of each host. */
export class AcceptLimiter {
  readonly #allowances = new Map<string, TokenBucket>();

  /** Somebody connects; false when its host has come too often. */
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
