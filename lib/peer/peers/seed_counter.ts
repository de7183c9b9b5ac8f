/**
 * Who else has everything: counted from what peers say of themselves.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import { addressOf } from "../connection/peer.ts";

/** Names that are remembered; a peer that invents ever new ones does not fill the memory. */
const MAX_NAMES = 100_000;

/** Counts the others that had everything when last seen; one that leaves stays counted. */
export class SeedCounter {
  /** How many there are. */
  count = 0;
  readonly #names = new Map<string, number>(); // peer ids and addresses, and which copy they belong to

  /**
   * Looks at what a connected peer has. The same peer counts once, under a new address by its peer id,
   * after a restart by its address.
   */
  onConnection({ peer, negotiated, pieces: { have } }: Connection): void {
    const isCopy = have.length > 0 && have.isFull && peer.url === undefined &&
      peer.state !== "banned";
    if (!isCopy) return;
    const names = [negotiated.peerId, ...peer.dialable ? [addressOf(peer)] : []];
    if (names.every((name) => this.#names.has(name))) return;
    if (this.#names.size + names.length > MAX_NAMES) return;
    const known = names.map((name) => this.#names.get(name)).find((copy) => copy !== undefined);
    const copy = known ?? ++this.count;
    for (const name of names) this.#names.set(name, copy);
  }
}
