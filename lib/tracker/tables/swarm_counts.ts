/**
 * The numbers of torrents and peers that a tracker reports.
 *
 * @module
 */

import type { Swarm } from "./swarm.ts";

/** Maximum number of swarms of one torrent: two hashes of a hybrid, over two address families. */
const MOST_SWARMS = 4;

/**
 * Counts a hybrid once. Its two swarms over one address family are a pair with mostly the same peers, so only
 * the bigger number of a pair counts. All swarms of a torrent form a ring.
 */
export class SwarmCounters {
  /** Torrents with at least one peer. */
  torrents = 0;
  /** Peers that have their whole torrent; a peer that announces over both families counts twice. */
  seeders = 0;
  /** Peers that do not. */
  leechers = 0;

  /** Counts a new swarm; `other` is the swarm of the same hash over the other family. */
  created(swarm: Swarm, other: Swarm | undefined): void {
    this.torrents++;
    if (other !== undefined) this.#merge(swarm, other);
  }

  /** Pairs the two swarms of a hybrid over one family. A swarm keeps the first pairing it is given. */
  pair(a: Swarm, b: Swarm): void {
    if (a === b || a.twin !== undefined || b.twin !== undefined) return;
    if (a.family !== b.family || !this.#merge(a, b)) return;
    a.twin = b;
    b.twin = a;
    this.seeders -= Math.min(a.seeders.length, b.seeders.length);
    this.leechers -= Math.min(a.leechers.length, b.leechers.length);
  }

  /** Counts a peer that was added to a swarm. */
  added(swarm: Swarm, seeder: boolean): void {
    if (seeder) this.seeders += swarm.seeders.length > (swarm.twin?.seeders.length ?? 0) ? 1 : 0;
    else this.leechers += swarm.leechers.length > (swarm.twin?.leechers.length ?? 0) ? 1 : 0;
  }

  /** Uncounts a peer that was removed from a swarm. */
  removed(swarm: Swarm, seeder: boolean): void {
    if (seeder) this.seeders -= swarm.seeders.length >= (swarm.twin?.seeders.length ?? 0) ? 1 : 0;
    else this.leechers -= swarm.leechers.length >= (swarm.twin?.leechers.length ?? 0) ? 1 : 0;
  }

  /** Uncounts a swarm that was removed, including its remaining peers. */
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

  /** Joins two rings; returns false if the result would have more swarms than a torrent can have. */
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
