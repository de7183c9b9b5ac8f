/**
 * Merges what several trackers list.
 *
 * Names are only claims, hashes are proof. Different torrents of the same name stay separate entries.
 *
 * @module
 */

import { hex } from "../codec/bytes.ts";
import type { FoundEntry } from "../codec/discovery/udp_tracker.ts";

/** A torrent that peers claim to host. */
export interface CatalogueEntry {
  /** The torrent's name. */
  name: string;
  /** In bytes. */
  length: number;
  /** 40 hex digits, for v1 and hybrid torrents. */
  v1Hash?: string;
  /** 64 hex digits, for v2 and hybrid torrents. */
  v2Hash?: string;
  /** Peers that have all of it, from the tracker that reports the most. */
  seeders: number;
  /** Peers that are still downloading. */
  leechers: number;
  /** The trackers that list it. */
  trackers: string[];
}

/** What one tracker lists. */
interface Catalogue {
  readonly url: string;
  readonly entries: readonly FoundEntry[];
}

/** The entries of all trackers, those first that a tracker ranks first. */
export function mergeCatalogues(catalogues: readonly Catalogue[]): CatalogueEntry[] {
  const merged: CatalogueEntry[] = [];
  const byKey = new Map<string, CatalogueEntry>();
  /**
   * The best rank that a tracker gives an entry. Claimed peer counts are not used, because they can be
   * invented.
   */
  const ranks = new Map<CatalogueEntry, number>();
  const found = catalogues.flatMap(({ url, entries }) =>
    entries.map((entry, rank) => ({ entry, rank, url }))
  );
  // Hybrids first, so that an entry with one hash merges into the one with both, if it is the only one.
  found.sort((a, b) => hashCount(b.entry) - hashCount(a.entry));
  for (const { entry, rank, url } of found) {
    const keys = keysOf(entry);
    const known = byKey.get(keys[0]!);
    if (known === undefined) {
      const added = entryOf(entry, url);
      merged.push(added);
      ranks.set(added, rank);
      for (const key of keys) if (!byKey.has(key)) byKey.set(key, added);
      continue;
    }
    ranks.set(known, Math.min(ranks.get(known)!, rank));
    known.seeders = Math.max(known.seeders, entry.seeders);
    known.leechers = Math.max(known.leechers, entry.leechers);
    if (!known.trackers.includes(url)) known.trackers.push(url);
  }
  return merged.sort((a, b) =>
    ranks.get(a)! - ranks.get(b)! || b.trackers.length - a.trackers.length || b.seeders - a.seeders
  );
}

function hashCount(entry: FoundEntry): number {
  return (entry.v1Hash ? 1 : 0) + (entry.v2Hash ? 1 : 0);
}

/** The entry's own key, and for a hybrid also those of its halves. */
function keysOf({ v1Hash, v2Hash, length, name }: FoundEntry): string[] {
  const rest = `/${length}/${name}`;
  const v1 = v1Hash === undefined ? "" : hex(v1Hash);
  const v2 = v2Hash === undefined ? "" : hex(v2Hash);
  const own = `${v1}/${v2}${rest}`;
  return v1 === "" || v2 === "" ? [own] : [own, `${v1}/${rest}`, `/${v2}${rest}`];
}

function entryOf(entry: FoundEntry, url: string): CatalogueEntry {
  return {
    name: entry.name,
    length: entry.length,
    ...(entry.v1Hash && { v1Hash: hex(entry.v1Hash) }),
    ...(entry.v2Hash && { v2Hash: hex(entry.v2Hash) }),
    seeders: entry.seeders,
    leechers: entry.leechers,
    trackers: [url],
  };
}
