/**
 * Who lied or sent corrupt data. They have places of their own, so that they take none from those who may
 * be of use; and when the places are taken, who was banned first is forgotten.
 *
 * @module
 */

import { addressOf, type Peer } from "../connection/peer.ts";

/** Banned peers that are remembered, and as many peer ids; strangers decide how many there are. */
const MAX_BANS = 500;

/** Banned peers, by address and by who they said they are. */
export class BanList {
  readonly #byAddress = new Map<string, Peer>();
  readonly #ids = new Set<string>(); // host and peer id in hex

  /** How many are remembered. */
  get size(): number {
    return this.#byAddress.size;
  }

  /** All of them, who was banned first first. */
  values(): IterableIterator<Peer> {
    return this.#byAddress.values();
  }

  /** Who is banned at this address. */
  at(address: string): Peer | undefined {
    return this.#byAddress.get(address);
  }

  /** Whether somebody with this peer id was banned at this host. */
  hasId(host: string, peerIdHex: string): boolean {
    return this.#ids.has(`${host} ${peerIdHex}`);
  }

  /** Remembers a peer. Returns who is forgotten for it. */
  add(peer: Peer): Peer | undefined {
    this.#byAddress.set(addressOf(peer), peer);
    if (this.size <= MAX_BANS) return undefined;
    const [oldest] = this.#byAddress.values();
    this.delete(oldest!);
    return oldest;
  }

  /** The peer is known by this id at its host as well. */
  addId({ host }: Peer, peerIdHex: string): void {
    this.#ids.add(`${host} ${peerIdHex}`);
    const [oldest] = this.#ids;
    if (this.#ids.size > MAX_BANS) this.#ids.delete(oldest!);
  }

  /** It is remembered no longer, or under another address. */
  delete(peer: Peer): void {
    if (this.#byAddress.get(addressOf(peer)) === peer) this.#byAddress.delete(addressOf(peer));
  }
}
