/**
 * How often hosts could not be reached. Whoever invents peers names one host under many ports, or many hosts
 * that do not exist: a host that was never tried comes before one that failed.
 *
 * @module
 */

import { hostKey } from "../../codec/network_key.ts";

/** Hosts that are remembered; of more, those whose last failure is the longest ago are forgotten. */
const MAX_HOSTS = 3000;

/** Counts attempts to connect that came to nothing, by host. */
export class DialFailures {
  readonly #failures = new Map<string, number>();

  /** How many attempts came to nothing since one of them led to a connection. */
  at(host: string): number {
    return this.#failures.size === 0 ? 0 : this.#failures.get(hostKey(host)) ?? 0;
  }

  /** An attempt came to nothing. */
  failed(host: string): void {
    const key = hostKey(host);
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.delete(key);
    this.#failures.set(key, failures + 1);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MAX_HOSTS) this.#failures.delete(oldest!);
  }

  /** An attempt led to a connection. */
  succeeded(host: string): void {
    this.#failures.delete(hostKey(host));
  }
}
