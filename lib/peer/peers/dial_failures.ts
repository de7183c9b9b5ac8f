/**
 * Counts failed dials by host. A source that invents peers names one host under many ports, or many hosts
 * that do not exist. A host that was never tried is therefore dialled before one that failed.
 *
 * @module
 */

import { hostKey } from "../../codec/network_key.ts";

/** Hosts to remember; beyond that the host with the oldest last failure is dropped. */
const MAX_HOSTS = 3000;

/** Counts failed dials by host. */
export class DialFailures {
  readonly #failures = new Map<string, number>();

  /** Number of failed dials since the last successful one. */
  at(host: string): number {
    return this.#failures.size === 0 ? 0 : this.#failures.get(hostKey(host)) ?? 0;
  }

  failed(host: string): void {
    const key = hostKey(host);
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.delete(key);
    this.#failures.set(key, failures + 1);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MAX_HOSTS) this.#failures.delete(oldest!);
  }

  succeeded(host: string): void {
    this.#failures.delete(hostKey(host));
  }
}
