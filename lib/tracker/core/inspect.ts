/**
 * Who is in a swarm, for those who watch a tracker.
 *
 * @module
 */

import { bytesToIp, formatHostPort } from "../../codec/address.ts";
import { fromHex } from "../../codec/bytes.ts";
import type { Reach } from "../../codec/discovery/udp_tracker.ts";
import type { PeerInfo } from "../tables/peer_table.ts";
import { indexOf, isSeeder } from "../tables/swarm.ts";
import type { SwarmTable } from "../tables/swarm_table.ts";
import { infoHashesOf, type Listing } from "./catalogue.ts";
import { countsOf, type Inspected } from "./search.ts";

/** Members that are looked at: of a bigger crowd, so many at equal distances. */
const MAX_MEMBERS = 4000;

/** What a downloader says it lacks while it does not know the size, as Shoal and libtorrent do. */
const LEFT_UNKNOWN = 16_384;

/** Names that the peers of a swarm may call it that are looked through. */
const MAX_NAMES = 4;

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

/**
 * Everybody in a swarm, those who announce over both hashes of a hybrid once. Of a crowd that is bigger than
 * {@link MAX_MEMBERS}, a sample.
 *
 * @param hash 40 or 64 hex digits
 */
export function members(surveyed: Inspected, hash: string, nowMs: number): SwarmMember[] {
  const asked = hash.slice(0, 40).toLowerCase();
  const listings = listingsOf(surveyed, asked);
  const size = listings[0]?.length;
  const infoHashes = hashesKnownWith(surveyed, hash);
  const byAddress = new Map<string, Seen>();
  for (const peer of peersOf(surveyed, infoHashes, nowMs)) {
    const known = byAddress.get(peer.address);
    if (known === undefined || peer.silentMs < known.silentMs) byAddress.set(peer.address, peer);
  }
  return [...byAddress.values()].map((peer) => memberOf(peer, size));
}

/**
 * How many are in a swarm, those who announce over both hashes of a hybrid once.
 *
 * @param hash 40 or 64 hex digits
 */
export function sizeOf(surveyed: Inspected, hash: string): number {
  const { seeders, leechers } = countsOf(
    surveyed.swarms,
    hashesKnownWith(surveyed, hash).map(fromHex),
  );
  return seeders + leechers;
}

/** The hashes in 40 hex digits of the torrent that has this one. */
function hashesKnownWith(surveyed: Inspected, hash: string): string[] {
  const asked = hash.slice(0, 40).toLowerCase();
  return [...new Set([asked, ...listingsOf(surveyed, asked).flatMap(infoHashesOf)])];
}

/** A peer in one of its swarms. */
interface Seen extends PeerInfo {
  readonly address: string;
  readonly seeder: boolean;
  readonly listing: Listing | undefined;
  readonly reach: Reach;
}

/** The entries that say the same torrent is in this swarm, as far as its own peers lead to them. */
function listingsOf({ swarms, catalogue }: Inspected, infoHash: string): Listing[] {
  const names = new Set<string>();
  for (const { swarm, seat } of seatsOf(swarms, [infoHash])) {
    const listing = catalogue.numbered(swarm.listingOf(seat));
    if (listing !== undefined) names.add(listing.name);
    if (names.size === MAX_NAMES) break;
  }
  return [...names].flatMap((name) => catalogue.find(name))
    .filter((listing) => infoHashesOf(listing).includes(infoHash));
}

/** The seats of these swarms, as many of each as there is room for. */
function* seatsOf(swarms: SwarmTable, infoHashes: Iterable<string>) {
  const hashes = [...infoHashes].map(fromHex);
  const found = ([4, 6] as const).flatMap((family) =>
    hashes.flatMap((hash) => swarms.get(hash, 0, family) ?? [])
  );
  for (const swarm of found) {
    const step = Math.max(1, swarm.size / (MAX_MEMBERS / found.length));
    for (let index = 0; index < swarm.size; index += step) {
      yield { swarm, seat: swarm.seatWithIndex(Math.floor(index)) };
    }
  }
}

function* peersOf(
  { swarms, catalogue, portChecks }: Inspected,
  infoHashes: Iterable<string>,
  nowMs: number,
): Generator<Seen> {
  for (const { swarm, seat } of seatsOf(swarms, infoHashes)) {
    const roster = swarm.rosterOf(seat);
    const { words, stride } = roster;
    const at = indexOf(seat) * stride;
    yield {
      ...roster.peerInfo(indexOf(seat), nowMs),
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
