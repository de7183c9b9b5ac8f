/**
 * Addresses that other peers told us of: nobody has vouched for them, so there are bounds to how many of
 * them are remembered.
 *
 * @module
 */

/** A third of the book: lists of made-up peers leave room for those that trackers and the user name. */
const MAX_HEARSAY = 1000;
/**
 * Ports at one host: many peers can share an address behind a router, but nobody shall make a swarm try
 * a stranger's ports one by one.
 */
const MAX_PORTS = 32;

/** Counts what was only heard of. */
export class UnverifiedPeers {
  readonly #perHost = new Map<string, number>();
  #count = 0;

  /** Whether as many are remembered as there may be. */
  get isFull(): boolean {
    return this.#count >= MAX_HEARSAY;
  }

  /** Whether one more at this host is to be remembered. */
  hasRoom(host: string): boolean {
    return (this.#perHost.get(host) ?? 0) < MAX_PORTS;
  }

  /** One more is remembered. */
  add(host: string): void {
    this.#count++;
    this.#perHost.set(host, (this.#perHost.get(host) ?? 0) + 1);
  }

  /** One less. */
  delete(host: string): void {
    const left = this.#perHost.get(host)! - 1;
    this.#count--;
    if (left > 0) this.#perHost.set(host, left);
    else this.#perHost.delete(host);
  }
}
