/**
 * How many torrents and peers there are, as everybody who asks a tracker is told.
 *
 * @module
 */

import type { Swarm } from "./swarm.ts";

/** The swarms that one torrent has: two hashes of a hybrid, over two address families. */
const MOST_SWARMS = 4;

/**
 * Counts a hybrid once. Its two swarms over one address family are a pair, with mostly the same peers in
 * both: of a pair the bigger number counts. All swarms of a torrent stand in a ring.
 */
export class SwarmCounters {
  /** Torrents that somebody shares. */
  torrents = 0;
  /** Peers with all of their torrent; one that comes over two families counts twice. */
  seeders = 0;
  /** Peers without. */
  leechers = 0;

  /** A swarm has come to be; `other` is the one of the same hash over the other family. */
  created(swarm: Swarm, other: Swarm | undefined): void {
    this.torrents++;
    if (other !== undefined) this.#merge(swarm, other);
  }

  /** The two swarms of a hybrid over one family. The first that are said to be a pair are one. */
  pair(a: Swarm, b: Swarm): void {
    if (a === b || a.twin !== undefined || b.twin !== undefined) return;
    if (a.family !== b.family || !this.#merge(a, b)) return;
    a.twin = b;
    b.twin = a;
    this.seeders -= Math.min(a.seeders.length, b.seeders.length);
    this.leechers -= Math.min(a.leechers.length, b.leechers.length);
  }

  /** A peer has come into a swarm. */
  added(swarm: Swarm, seeder: boolean): void {
    if (seeder) this.seeders += swarm.seeders.length > (swarm.twin?.seeders.length ?? 0) ? 1 : 0;
    else this.leechers += swarm.leechers.length > (swarm.twin?.leechers.length ?? 0) ? 1 : 0;
  }

  /** A peer has left a swarm. */
  removed(swarm: Swarm, seeder: boolean): void {
    if (seeder) this.seeders -= swarm.seeders.length >= (swarm.twin?.seeders.length ?? 0) ? 1 : 0;
    else this.leechers -= swarm.leechers.length >= (swarm.twin?.leechers.length ?? 0) ? 1 : 0;
  }

  /** A swarm is no more, with whoever is left in it. */
  dropped(swarm: Swarm): void {
    const { twin, seeders, leechers } = swarm;
    this.seeders -= Math.max(0, seeders.length - (twin?.seeders.length ?? 0));
    this.leechers -= Math.max(0, leechers.length - (twin?.leechers.length ?? 0));
    if (twin !== undefined) twin.twin = undefined;
    swarm.twin = undefined;
    if (swarm.sibling === swarm) {
      this.torrents--;
      return;
    }
    let before = swarm.sibling;
    while (before.sibling !== swarm) before = before.sibling;
    before.sibling = swarm.sibling;
    swarm.sibling = swarm;
  }

  /** Makes two rings one; false when that would be no torrent's. */
  #merge(a: Swarm, b: Swarm): boolean {
    const ring = ringOf(a);
    if (ring.includes(b)) return true;
    if (ring.length + ringOf(b).length > MOST_SWARMS) return false;
    [a.sibling, b.sibling] = [b.sibling, a.sibling];
    this.torrents--;
    return true;
  }
}

function ringOf(swarm: Swarm): Swarm[] {
  const ring = [swarm];
  for (let next = swarm.sibling; next !== swarm; next = next.sibling) ring.push(next);
  return ring;
}
