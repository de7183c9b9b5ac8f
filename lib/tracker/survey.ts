/**
 * Who shares what, for those who watch a tracker: the swarms by name, and the members of one of them.
 *
 * @module
 */

import { bytesToIp, formatHostPort } from "../codec/address.ts";
import { fromHex, hex } from "../codec/bytes.ts";
import type { Reach, SwarmCounts } from "../codec/udp_tracker.ts";
import { type Catalogue, infoHashesOf, type Listing } from "./catalogue.ts";
import type { PortChecks } from "./port_checks.ts";
import type { Portrait } from "./roster.ts";
import { isSeeder, placeOf } from "./swarm.ts";
import type { Swarms } from "./swarms.ts";

/** Swarms that match are put in order up to this many; of more, the first found are. */
const MAX_RANKED = 5000;

/** What a downloader says it lacks while it does not know the size, as Shoal and libtorrent do. */
const LEFT_UNKNOWN = 16_384;

/** Names that the peers of a swarm may call it, and torrents of one name, that are looked through. */
const MAX_NAMES = 4, MAX_NAMESAKES = 100;

/** A torrent as a tracker sees it. The swarms of a hybrid, and of both address families, are one here. */
export interface SwarmSummary {
  /** 64 hex digits of its v2 hash, or 40 of the hash that its peers announce. */
  readonly hash: string;
  /** What its peers call it; absent when none has said. */
  readonly name?: string;
  /** Bytes, as claimed with the name. */
  readonly size?: number;
  /** Peers with all of it. */
  readonly seeders: number;
  /** Peers that are still downloading. */
  readonly leechers: number;
  /** Downloads completed. */
  readonly completed: number;
}

/** Who is in a swarm. */
export interface SwarmMember {
  /** `host:port` as the tracker saw it. */
  readonly address: string;
  /** It has all of the torrent. */
  readonly seeder: boolean;
  /** How much it has, 0 to 1; absent when that is not known. */
  readonly progress?: number;
  /** How long ago it last announced. */
  readonly lastSeenSeconds: number;
  /** For how long it has been here, up to its last announce. */
  readonly sinceSeconds: number;
  /** For how long it has got nothing, up to its last announce. */
  readonly stillSeconds: number;
  /** The first 8 bytes of its peer id, as a binary string. */
  readonly agent: string;
  /** Whether the tracker could connect to it; absent where it has not tried. */
  readonly reachable?: boolean;
}

/** The tracker's store. */
export interface Surveyed {
  readonly swarms: Swarms;
  readonly catalogue: Catalogue;
  readonly portChecks?: PortChecks | undefined;
}

/**
 * The swarms whose name contains `search`, in any case, or whose hash begins with it; the biggest first.
 *
 * @param most how many are returned; `total` counts all that match
 */
export function survey(
  { swarms, catalogue }: Surveyed,
  search: string,
  most: number,
): { total: number; swarms: SwarmSummary[] } {
  const wanted = search.normalize("NFC").toLowerCase();
  let total = 0;
  const found: SwarmSummary[] = [];
  const consider = (summary: () => SwarmSummary) => {
    total++;
    if (found.length < MAX_RANKED) found.push(summary());
  };
  for (const listing of catalogue.list(0, Infinity)) {
    if (!matches(listing, wanted)) continue;
    consider(() => summaryOf(swarms, listing));
  }
  const seen = new Set<string>(); // in both families
  for (const { infoHash } of swarms.values()) {
    if (catalogue.isNamed(infoHash) || seen.has(infoHash)) continue;
    if (!infoHash.startsWith(wanted)) continue;
    seen.add(infoHash);
    consider(() => ({ hash: infoHash, ...countsOf(swarms, [infoHash]) }));
  }
  found.sort((a, b) => b.seeders + b.leechers - a.seeders - a.leechers);
  return { total, swarms: found.slice(0, most) };
}

/**
 * Everybody in a swarm, those who announce over both hashes of a hybrid once.
 *
 * @param hash 40 or 64 hex digits
 */
export function members(surveyed: Surveyed, hash: string, nowMs: number): SwarmMember[] {
  const asked = hash.slice(0, 40).toLowerCase();
  const listings = listingsOf(surveyed, asked);
  const size = listings[0]?.length;
  const infoHashes = new Set([asked, ...listings.flatMap(infoHashesOf)]);
  const byAddress = new Map<string, Seen>();
  for (const peer of peersOf(surveyed, infoHashes, nowMs)) {
    const known = byAddress.get(peer.address);
    if (known === undefined || peer.silentMs < known.silentMs) byAddress.set(peer.address, peer);
  }
  return [...byAddress.values()].map((peer) => memberOf(peer, size));
}

/** A peer in one of its swarms. */
interface Seen extends Portrait {
  readonly address: string;
  readonly seeder: boolean;
  readonly listing: Listing | undefined;
  readonly reach: Reach;
}

/** The entries that say the same torrent is in this swarm, as far as its own peers lead to them. */
function listingsOf({ swarms, catalogue }: Surveyed, infoHash: string): Listing[] {
  const names = new Set<string>();
  for (const { swarm, seat } of seatsOf(swarms, [infoHash])) {
    const listing = catalogue.numbered(swarm.listingOf(seat));
    if (listing !== undefined) names.add(listing.name);
    if (names.size === MAX_NAMES) break;
  }
  return [...names].flatMap((name) => catalogue.find(name).slice(0, MAX_NAMESAKES))
    .filter((listing) => infoHashesOf(listing).includes(infoHash));
}

function matches(listing: Listing, wanted: string): boolean {
  if (wanted === "" || listing.name.toLowerCase().includes(wanted)) return true;
  return [listing.v1Hash, listing.v2Hash].some((hash) => hash && hex(hash).startsWith(wanted));
}

function summaryOf(swarms: Swarms, listing: Listing): SwarmSummary {
  const { v1Hash, v2Hash, name, length } = listing;
  return {
    hash: hex((v2Hash ?? v1Hash)!),
    name,
    size: length,
    ...countsOf(swarms, infoHashesOf(listing)),
  };
}

/** A hybrid has two swarms, with most peers in both: the bigger one counts. */
function countsOf(swarms: Swarms, infoHashes: readonly string[]): SwarmCounts {
  const sum = { seeders: 0, leechers: 0, completed: 0 };
  for (const family of [4, 6] as const) {
    const counts = infoHashes.map((infoHash) => swarms.counts(fromHex(infoHash), family));
    sum.seeders += Math.max(...counts.map(({ seeders }) => seeders));
    sum.leechers += Math.max(...counts.map(({ leechers }) => leechers));
    sum.completed += Math.max(...counts.map(({ completed }) => completed));
  }
  return sum;
}

function* seatsOf(swarms: Swarms, infoHashes: Iterable<string>) {
  for (const infoHash of infoHashes) {
    for (const family of [4, 6] as const) {
      const swarm = swarms.get(fromHex(infoHash), 0, family);
      if (swarm === undefined) continue;
      for (let index = 0; index < swarm.size; index++) {
        yield { swarm, seat: swarm.seatWithIndex(index) };
      }
    }
  }
}

function* peersOf(
  { swarms, catalogue, portChecks }: Surveyed,
  infoHashes: Iterable<string>,
  nowMs: number,
): Generator<Seen> {
  for (const { swarm, seat } of seatsOf(swarms, infoHashes)) {
    const roster = swarm.rosterOf(seat);
    const { words, stride } = roster;
    const at = placeOf(seat) * stride;
    yield {
      ...roster.portrait(placeOf(seat), nowMs),
      address: addressAt(words, at, stride),
      reach: portChecks?.reachOf(words, at, stride) ?? "unknown",
      seeder: isSeeder(seat),
      listing: catalogue.numbered(swarm.listingOf(seat)),
    };
  }
}

/** The address with its port whose words begin at `words[at]`; they hold it as it goes over the wire. */
function addressAt(words: Uint16Array, at: number, stride: number): string {
  const bytes = new Uint8Array(words.buffer, words.byteOffset + 2 * at, 2 * stride);
  const port = bytes[2 * stride - 2]! << 8 | bytes[2 * stride - 1]!;
  return formatHostPort(bytesToIp(bytes.subarray(0, -2)), port);
}

function memberOf(peer: Seen, claimedSize: number | undefined): SwarmMember {
  const { address, seeder, leftBytes, listing, silentMs, staySeconds, stillSeconds } = peer;
  const { agent, reach } = peer;
  // Who says itself how big the torrent is knows how much of it is missing.
  const isKnown = listing !== undefined || leftBytes !== LEFT_UNKNOWN;
  const size = isKnown ? listing?.length ?? claimedSize : undefined;
  const share = size ? Math.min(1, Math.max(0, 1 - leftBytes / size)) : undefined;
  const progress = seeder ? 1 : share;
  return {
    address,
    seeder,
    ...(progress !== undefined && { progress }),
    lastSeenSeconds: Math.max(0, silentMs / 1000),
    sinceSeconds: staySeconds,
    stillSeconds,
    agent,
    ...(reach !== "unknown" && { reachable: reach === "reachable" }),
  };
}
