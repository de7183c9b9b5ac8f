/**
 * Lists the members of a swarm, for tools that watch a tracker.
 *
 * @module
 */

import { bytesToIp, formatHostPort } from "../../codec/address.ts";
import { fromHex } from "../../codec/bytes.ts";
import type { Reach } from "../../codec/discovery/udp_tracker.ts";
import type { MachineNote } from "../roll/machine_notes.ts";
import type { SwarmMember } from "../roll/member.ts";
import { type Holding, progressOf, wantedBytes } from "../roll/progress.ts";
import type { PeerInfo } from "../tables/peer_table.ts";
import { indexOf, isSeeder } from "../tables/swarm.ts";
import type { SwarmTable } from "../tables/swarm_table.ts";
import { infoHashesOf, type Listing } from "./catalogue.ts";
import { countsOf, type Inspected } from "./search.ts";

/** Maximum number of members examined. A bigger swarm is sampled at equal distances. */
const MAX_MEMBERS = 4000;

/** How many of the names that a swarm's peers use for it are looked up. */
const MAX_NAMES = 4;

/**
 * All members of a swarm. Peers that announce both hashes of a hybrid are listed once. A swarm bigger than
 * {@link MAX_MEMBERS} is sampled.
 *
 * @param hash 40 or 64 hex digits
 */
export function members(surveyed: Inspected, hash: string, nowMs: number): SwarmMember[] {
  const asked = hash.slice(0, 40).toLowerCase();
  const size = listingsOf(surveyed, asked)[0]?.length;
  const infoHashes = hashesKnownWith(surveyed, hash);
  const byAddress = new Map<string, Seen>();
  for (const peer of peersOf(surveyed, infoHashes, nowMs)) {
    const known = byAddress.get(peer.address);
    if (known === undefined || peer.silentMs < known.silentMs) byAddress.set(peer.address, peer);
  }
  return [...byAddress.values()].map((peer) => memberOf(peer, size));
}

/**
 * The number of peers in a swarm. Peers that announce both hashes of a hybrid count once.
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

/** The size of a torrent, as far as the swarm's own peers name it. */
export function sizeNamed(surveyed: Inspected, hash: string): number | undefined {
  return listingsOf(surveyed, hash.slice(0, 40).toLowerCase())[0]?.length;
}

/**
 * All hashes, as 40 hex digits, of the torrent that has this one.
 *
 * @param hash 40 or 64 hex digits
 */
export function hashesKnownWith(surveyed: Inspected, hash: string): string[] {
  const asked = hash.slice(0, 40).toLowerCase();
  return [...new Set([asked, ...listingsOf(surveyed, asked).flatMap(infoHashesOf)])];
}

/** A peer seen in one of the torrent's swarms. */
interface Seen extends PeerInfo {
  readonly address: string;
  readonly seeder: boolean;
  readonly listing: Listing | undefined;
  readonly reach: Reach;
  readonly isSource: boolean;
  readonly note: MachineNote | undefined;
}

/** The catalogue entries for this info-hash, as far as the swarm's own peers lead to them. */
function listingsOf({ swarms, catalogue }: Inspected, infoHash: string): Listing[] {
  const names = new Set<string>();
  for (const { swarm, slot } of slotsOf(swarms, [infoHash])) {
    const listing = catalogue.numbered(swarm.listingOf(slot));
    if (listing !== undefined) names.add(listing.name);
    if (names.size === MAX_NAMES) break;
  }
  return [...names].flatMap((name) => catalogue.find(name))
    .filter((listing) => infoHashesOf(listing).includes(infoHash));
}

/** The slots of these swarms, limited to each swarm's share of {@link MAX_MEMBERS}. */
function* slotsOf(swarms: SwarmTable, infoHashes: Iterable<string>) {
  const hashes = [...infoHashes].map(fromHex);
  const found = ([4, 6] as const).flatMap((family) =>
    hashes.flatMap((hash) => swarms.get(hash, 0, family) ?? [])
  );
  for (const swarm of found) {
    const step = Math.max(1, swarm.size / (MAX_MEMBERS / found.length));
    for (let index = 0; index < swarm.size; index += step) {
      yield { swarm, slot: swarm.slotWithIndex(Math.floor(index)) };
    }
  }
}

function* peersOf(
  { swarms, catalogue, portChecks, attendance }: Inspected,
  infoHashes: Iterable<string>,
  nowMs: number,
): Generator<Seen> {
  for (const { swarm, slot } of slotsOf(swarms, infoHashes)) {
    const roster = swarm.rosterOf(slot);
    const { words, stride } = roster;
    const at = indexOf(slot) * stride;
    yield {
      ...roster.peerInfo(indexOf(slot), nowMs),
      address: addressAt(words, at, stride),
      reach: portChecks?.reachOf(words, at, stride) ?? "unknown",
      seeder: isSeeder(slot),
      listing: catalogue.numbered(swarm.listingOf(slot)),
      isSource: swarm.isSource(slot),
      note: attendance?.notes.of(swarm.peerAt(slot)),
    };
  }
}

/** The address and port at `words[at]`, which are stored in wire format. */
function addressAt(words: Uint16Array, at: number, stride: number): string {
  const bytes = new Uint8Array(words.buffer, words.byteOffset + 2 * at, 2 * stride);
  const port = bytes[2 * stride - 2]! << 8 | bytes[2 * stride - 1]!;
  return formatHostPort(bytesToIp(bytes.subarray(0, -2)), port);
}

function memberOf(peer: Seen, claimedSize: number | undefined): SwarmMember {
  const { address, seeder, leftBytes, listing, silentMs, staySeconds, stillSeconds } = peer;
  const { agent, reach, isSource, note } = peer;
  // A peer that claims the torrent's size itself knows how much it is missing.
  const holding: Holding = {
    leftBytes: seeder ? 0 : leftBytes,
    size: listing?.length ?? claimedSize,
    knowsSize: listing !== undefined,
    part: note?.part,
  };
  const progress = progressOf(holding);
  return {
    address,
    seeder,
    ...(progress !== undefined && { progress }),
    lastSeenSeconds: Math.max(0, silentMs / 1000),
    sinceSeconds: staySeconds,
    stillSeconds,
    agent,
    ...(reach !== "unknown" && { reachable: reach === "reachable" }),
    ...(note?.label !== undefined && { label: note.label }),
    ...(isSource && { isSource }),
    ...(note?.part && { isPartial: true }),
    ...(!seeder && paceOf(holding, note)),
  };
}

/** How fast a peer received data at last, and how long the rest will take. */
function paceOf(holding: Holding, note: MachineNote | undefined) {
  const { rateBytesPerSecond } = note ?? {};
  if (rateBytesPerSecond === undefined) return {};
  const wanted = wantedBytes(holding);
  const isKnown = wanted !== undefined && rateBytesPerSecond > 0;
  return { rateBytesPerSecond, ...(isKnown && { etaSeconds: wanted / rateBytesPerSecond }) };
}
