/**
 * Peers that lied or sent corrupt data. They are kept apart from the peer list so that they take no room from
 * useful peers. When the ban list is full, the oldest ban is dropped.
 *
 * @module
 */

import { addressOf, type Peer } from "../connection/peer.ts";

/** Limit for banned peers and, separately, for banned peer ids. Strangers decide how many there are. */
const MAX_BANS = 500;

/** Banned peers, by address and by peer id. */
export class BanList {
  readonly #byAddress = new Map<string, Peer>();
  readonly #ids = new Set<string>(); // host and peer id in hex

  /** Number of banned peers. */
  get size(): number {
    return this.#byAddress.size;
  }

  /** All banned peers, oldest ban first. */
  values(): IterableIterator<Peer> {
    return this.#byAddress.values();
  }

  /** The banned peer at this address. */
  at(address: string): Peer | undefined {
    return this.#byAddress.get(address);
  }

  /** Whether a peer with this id was banned at this host. */
  hasId(host: string, peerIdHex: string): boolean {
    return this.#ids.has(`${host} ${peerIdHex}`);
  }

  /** Adds a peer. Returns the peer that is dropped to make room, if any. */
  add(peer: Peer): Peer | undefined {
    this.#byAddress.set(addressOf(peer), peer);
    if (this.size <= MAX_BANS) return undefined;
    const [oldest] = this.#byAddress.values();
    this.delete(oldest!);
    return oldest;
  }

  /** Bans a peer's id at its host as well. */
  addId({ host }: Peer, peerIdHex: string): void {
    this.#ids.add(`${host} ${peerIdHex}`);
    const [oldest] = this.#ids;
    if (this.#ids.size > MAX_BANS) this.#ids.delete(oldest!);
  }

  /** Removes a peer, before it is forgotten or changes its address. */
  delete(peer: Peer): void {
    if (this.#byAddress.get(addressOf(peer)) === peer) this.#byAddress.delete(addressOf(peer));
  }
}
