/**
 * Limits addresses that are known from other peers only. No better source has confirmed them.
 *
 * @module
 */

/** A third of the peer list, so that lists of made-up peers leave room for those of trackers and the user. */
const MAX_HEARSAY = 1000;
/**
 * Ports per host. Many peers can share an address behind a NAT, but no source shall make a swarm probe the
 * ports of a stranger one by one.
 */
const MAX_PORTS = 32;

/** Counts peers known from other peers only. */
export class UnverifiedPeers {
  readonly #perHost = new Map<string, number>();
  #count = 0;

  /** Whether the limit is reached. */
  get isFull(): boolean {
    return this.#count >= MAX_HEARSAY;
  }

  /** Whether one more peer at this host may be added. */
  hasRoom(host: string): boolean {
    return (this.#perHost.get(host) ?? 0) < MAX_PORTS;
  }

  add(host: string): void {
    this.#count++;
    this.#perHost.set(host, (this.#perHost.get(host) ?? 0) + 1);
  }

  delete(host: string): void {
    const left = this.#perHost.get(host)! - 1;
    this.#count--;
    if (left > 0) this.#perHost.set(host, left);
    else this.#perHost.delete(host);
  }
}
