/**
 * Counts the other seeds from what peers announce.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import { addressOf } from "../connection/peer.ts";

/** Limit for remembered names, so that a peer that keeps inventing new ones cannot exhaust memory. */
const MAX_NAMES = 100_000;

/** Counts the other peers that were complete when last seen. A peer that leaves stays counted. */
export class SeedCounter {
  /** Number of seeds. */
  count = 0;
  readonly #names = new Map<string, number>(); // peer ids and addresses, and the seed they belong to

  /**
   * Looks at what a connected peer has. The same peer counts once: under a new address it is recognized by
   * its peer id, after a restart by its address.
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
