/**
 * Searches for swarms by name, for tools that watch a tracker.
 *
 * @module
 */

import { fromHex, hex } from "../../codec/bytes.ts";
import type { SwarmCounts } from "../../codec/discovery/udp_tracker.ts";
import type { Attendance } from "../roll/attendance.ts";
import type { SwarmTable } from "../tables/swarm_table.ts";
import { type Catalogue, hashesOf, type Listing } from "./catalogue.ts";
import type { PortChecks } from "./port_checks.ts";

/**
 * A torrent as a tracker sees it. The two swarms of a hybrid and those of both address families are combined.
 */
export interface SwarmSummary {
  /** 64 hex digits of its v2 hash, or 40 of the hash that its peers announce. */
  readonly hash: string;
  /** The name its peers use; absent when no peer gave one. */
  readonly name?: string;
  /** In bytes, as claimed with the name. */
  readonly size?: number;
  /** Peers that have all of it. */
  readonly seeders: number;
  /** Peers that are still downloading. */
  readonly leechers: number;
  /** Downloads completed. */
  readonly completed: number;
}

/** The tracker's store. */
export interface Inspected {
  readonly swarms: SwarmTable;
  readonly catalogue: Catalogue;
  readonly portChecks?: PortChecks | undefined;
  readonly attendance?: Attendance;
}

/** A search result: a named catalogue entry, or a swarm without a name. */
type Match = { readonly listing: Listing } | { readonly infoHash: string };

/**
 * Searches for swarms whose name contains a text, ignoring case, or whose hash starts with it. The search
 * runs in steps that resume where the last one stopped, so that a caller can spread it over time.
 */
export class Search {
  readonly #surveyed: Inspected;
  readonly #wanted: string;
  readonly #most: number;
  /** The biggest matches so far, and a few more that are dropped at the end. */
  #best: { match: Match; size: number }[] = [];
  #total = 0;
  #listings = 0;
  #swarms = 0;

  /** @param most Maximum number of results; the total counts all matches. */
  constructor(surveyed: Inspected, search: string, most: number) {
    this.#surveyed = surveyed;
    this.#wanted = search.normalize("NFC").toLowerCase();
    this.#most = most;
  }

  /** Examines `count` more items; returns true once all have been examined. */
  step(count: number): boolean {
    const { catalogue, swarms } = this.#surveyed;
    for (let left = count; left > 0; left--) {
      const listing = catalogue.shown(this.#listings);
      if (listing !== undefined) {
        this.#listings++;
        if (matches(listing, this.#wanted)) this.#found({ listing }, hashesOf(listing));
      } else if (this.#swarms < swarms.numbers) this.#examine(this.#swarms++);
      else return true;
    }
    return false;
  }

  /** The matches found so far, the biggest first. */
  result(): { total: number; swarms: SwarmSummary[] } {
    this.#keepBest();
    const { swarms } = this.#surveyed;
    return { total: this.#total, swarms: this.#best.map(({ match }) => summaryOf(swarms, match)) };
  }

  /** Matches swarms without a name. The swarms of both families count as one. */
  #examine(number: number): void {
    const { catalogue, swarms } = this.#surveyed;
    const swarm = swarms.numbered(number);
    if (swarm === undefined || !swarm.infoHash.startsWith(this.#wanted)) return;
    const infoHash = fromHex(swarm.infoHash);
    if (catalogue.isNamed(infoHash)) return;
    if (swarm.family === 6 && swarms.get(infoHash, 0, 4) !== undefined) return;
    this.#found({ infoHash: swarm.infoHash }, [infoHash]);
  }

  #found(match: Match, hashes: readonly Uint8Array[]): void {
    this.#total++;
    const { seeders, leechers } = countsOf(this.#surveyed.swarms, hashes);
    this.#best.push({ match, size: seeders + leechers });
    if (this.#best.length >= 2 * this.#most + 2) this.#keepBest();
  }

  #keepBest(): void {
    this.#best = this.#best.sort((a, b) => b.size - a.size).slice(0, this.#most);
  }
}

function matches(listing: Listing, wanted: string): boolean {
  if (wanted === "" || listing.name.toLowerCase().includes(wanted)) return true;
  if (!/^[0-9a-f]{1,64}$/.test(wanted)) return false;
  return [listing.v1Hash, listing.v2Hash].some((hash) => hash && hex(hash).startsWith(wanted));
}

function summaryOf(swarms: SwarmTable, match: Match): SwarmSummary {
  if ("infoHash" in match) {
    return { hash: match.infoHash, ...countsOf(swarms, [fromHex(match.infoHash)]) };
  }
  const { v1Hash, v2Hash, name, length } = match.listing;
  return {
    hash: hex((v2Hash ?? v1Hash)!),
    name,
    size: length,
    ...countsOf(swarms, hashesOf(match.listing)),
  };
}

/** Totals over both families. Most peers of a hybrid are in both of its swarms, so the bigger one counts. */
export function countsOf(swarms: SwarmTable, infoHashes: readonly Uint8Array[]): SwarmCounts {
  const sum = { seeders: 0, leechers: 0, completed: 0 };
  for (const family of [4, 6] as const) {
    const most = { seeders: 0, leechers: 0, completed: 0 };
    for (const infoHash of infoHashes) {
      const { seeders, leechers, completed } = swarms.counts(infoHash, family);
      most.seeders = Math.max(most.seeders, seeders);
      most.leechers = Math.max(most.leechers, leechers);
      most.completed = Math.max(most.completed, completed);
    }
    sum.seeders += most.seeders;
    sum.leechers += most.leechers;
    sum.completed += most.completed;
  }
  return sum;
}
