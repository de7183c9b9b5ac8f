/**
 * What peers say they host, by name. An entry lives as long as at least one peer claims it.
 *
 * @module
 */

import { equalBytes, hex } from "../../codec/bytes.ts";
import { type HostedFile, isTruncationOf } from "../../codec/discovery/udp_tracker.ts";
import { putHash } from "../tables/address_index.ts";
import { FairShares } from "../tables/fair_shares.ts";
import { grown, NumberPool } from "../tables/number_pool.ts";
import { PackedMap } from "../tables/packed_map.ts";
import { ranked, weakest } from "./name_ranking.ts";
import { NameSupport } from "./name_support.ts";

/** Maximum number of entries shown for one name, so that invented entries do not make a lookup costlier. */
export const MAX_NAMESAKES = 64;

const HASH_WORDS = 5;

/** One torrent under one name. */
export interface Listing {
  /** The number by which peers refer to this entry, from 1 on. */
  readonly number: number;
  /** In Unicode normal form C, so that a name typed on one system matches one announced from another. */
  readonly name: string;
  /** In bytes, as claimed. */
  readonly length: number;
  /** 20 bytes. */
  readonly v1Hash: Uint8Array | undefined;
  /** 32 bytes. */
  readonly v2Hash: Uint8Array | undefined;
  /** Number of distinct hosts and networks that claim it. */
  hosts: number;
  networks: number;
  /** Its index among the shown entries; -1 while it is hidden. */
  shownAt: number;
}

/** The address a claim comes from, as words; see {@link RequestOrigin.words}. */
export interface Claimant {
  readonly words: Uint16Array;
  readonly at: number;
  /** Number of words of the address including its port. */
  readonly stride: number;
}

/**
 * The catalogue.
 *
 * A hybrid torrent is announced twice, under its v1 hash and under its truncated v2 hash, both times with the
 * full v2 hash. The first announce creates an entry with both hashes. The entry from the second stays hidden
 * while an entry with both hashes exists.
 *
 * When the catalogue is full, or has too many entries of one name, the source that holds most of them loses
 * one. Peers behind a removed entry keep its number until they announce again.
 */
export class Catalogue {
  readonly #maxEntries: number;
  readonly #byName = new Map<string, Listing[]>();
  /** The entries that are not hidden, for paging. */
  readonly #shown: Listing[] = [];
  /** Number 0 is never given out. */
  readonly #byNumber: (Listing | undefined)[] = [undefined];
  readonly #numbers = new NumberPool();
  /** How many peers hold each number. */
  #holders: Uint32Array<ArrayBuffer> = new Uint32Array(1);
  #size = 0;
  readonly #shares: FairShares;
  readonly #backing: NameSupport;
  /** How many entries, hidden or not, contain each info-hash. */
  readonly #hashes: PackedMap;

  /**
   * @param maxEntries Maximum number of entries, including hidden ones.
   * @param hashKey Two secret words.
   */
  constructor(maxEntries: number, hashKey: Uint32Array) {
    this.#maxEntries = maxEntries;
    this.#shares = new FairShares(hashKey);
    this.#backing = new NameSupport(hashKey);
    this.#hashes = new PackedMap(HASH_WORDS, hashKey);
  }

  /** Number of entries shown. */
  get size(): number {
    return this.#shown.length;
  }

  /** The entry with this number. Undefined for 0 and for entries that have been removed. */
  numbered(number: number): Listing | undefined {
    return this.#byNumber[number];
  }

  /** The entries with this name, best supported first; see {@link ranked}. */
  find(name: string): Listing[] {
    const namesakes = this.#byName.get(name.normalize("NFC")) ?? [];
    return ranked(namesakes.filter(isShown), this.#ownerOf);
  }

  /** Whether any entry has this 20-byte info-hash. */
  isNamed(infoHash: Uint8Array): boolean {
    putHash(this.#hashes.key, infoHash, 0);
    return this.#hashes.get() > 0;
  }

  /** At most `count` shown entries, starting at index `offset`. */
  list(offset: number, count: number): Listing[] {
    return this.#shown.slice(offset, offset + count);
  }

  /** The shown entry at this index. */
  shown(index: number): Listing | undefined {
    return this.#shown[index];
  }

  /** The other 20-byte info-hash of a hybrid torrent that has an entry under one of its hashes. */
  otherHash({ name, length, v1Hash, v2Hash }: Listing, infoHash: Uint8Array) {
    if (v2Hash === undefined) return undefined;
    if (v1Hash !== undefined && equalBytes(v1Hash, infoHash)) return v2Hash.subarray(0, 20);
    const hybrid = this.#byName.get(name)?.find((other) => isHybridOf(other, v2Hash, length));
    return hybrid?.v1Hash;
  }

  /**
   * Records that one more peer of this swarm claims to host `file`.
   *
   * @param infoHash 20 bytes: the torrent's v1 hash, or its truncated v2 hash.
   * @returns The number to pass to {@link Catalogue.release} when the claim ends.
   */
  hold(infoHash: Uint8Array, file: HostedFile, { words, at, stride }: Claimant): number {
    const name = file.name.normalize("NFC");
    const v1Hash = file.v2Hash !== undefined && isTruncationOf(infoHash, file.v2Hash)
      ? undefined
      : infoHash;
    const namesakes = this.#byName.get(name) ?? [];
    let listing = namesakes.find((other) => isSame(other, v1Hash, file));
    if (listing === undefined) {
      if (this.#maxEntries < 1) return 0;
      this.#makeRoom(namesakes);
      listing = this.#add(name, file, v1Hash);
      this.#shares.hold(listing.number, words, at, stride);
    } else this.#shares.offer(listing.number, words, at, stride);
    this.#holders[listing.number]!++;
    this.#backing.add(listing, words, at, stride);
    return listing.number;
  }

  /** Takes back one claim, by its number. */
  release(number: number, { words, at, stride }: Claimant): void {
    const listing = this.#byNumber[number];
    this.#backing.remove(number, listing, words, at, stride);
    if (--this.#holders[number]! > 0) return;
    if (listing !== undefined) this.#remove(listing);
    this.#numbers.give(number);
  }

  readonly #ownerOf = (listing: Listing): number => this.#shares.networkOf(listing.number);

  /** Removes entries until one more fits, of the same name first if that name has too many. */
  #makeRoom(namesakes: readonly Listing[]): void {
    const shown = namesakes.filter(isShown);
    if (shown.length >= MAX_NAMESAKES) {
      const listing = weakest(shown, this.#ownerOf);
      this.#remove(listing);
      // Otherwise the half that this entry was hiding would take its place.
      const half = namesakes.find((other) => isShown(other) && isHalfOf(other, listing));
      if (half !== undefined) this.#remove(half);
    }
    while (this.#size >= this.#maxEntries) this.#remove(this.#byNumber[this.#shares.next()]!);
  }

  #add(name: string, file: HostedFile, v1Hash: Uint8Array | undefined): Listing {
    const number = this.#numbers.take();
    this.#holders = grown(this.#holders, number + 1);
    const namesakes = this.#byName.get(name);
    const listing: Listing = {
      number,
      name: namesakes?.[0]?.name ?? name, // shares one string between entries of the same name
      length: file.length,
      // Copied, because the incoming data sits in a buffer that the next packet reuses.
      v1Hash: v1Hash?.slice(),
      v2Hash: file.v2Hash?.slice(),
      hosts: 0,
      networks: 0,
      shownAt: -1,
    };
    this.#byNumber[number] = listing;
    this.#size++;
    if (namesakes === undefined) this.#byName.set(name, [listing]);
    else namesakes.push(listing);
    for (const hash of hashesOf(listing)) this.#countHash(hash, 1);
    this.#show(listing);
    this.#showOrHide(listing);
    return listing;
  }

  #remove(listing: Listing): void {
    this.#shares.release(listing.number);
    this.#byNumber[listing.number] = undefined;
    this.#size--;
    const namesakes = this.#byName.get(listing.name)!;
    namesakes.splice(namesakes.indexOf(listing), 1);
    if (namesakes.length === 0) this.#byName.delete(listing.name);
    for (const hash of hashesOf(listing)) this.#countHash(hash, -1);
    this.#hide(listing);
    this.#showOrHide(listing);
  }

  /** Updates which entries are visible after an entry with these hashes was added or removed. */
  #showOrHide({ name, length, v2Hash }: Listing): void {
    const namesakes = this.#byName.get(name) ?? [];
    const isHidden = v2Hash !== undefined &&
      namesakes.some((other) => isHybridOf(other, v2Hash, length));
    for (const listing of namesakes) {
      if (isHidden && isHalfOf(listing, { v2Hash, length })) this.#hide(listing);
      else if (!isShown(listing) && isHalfOf(listing, { v2Hash, length })) this.#show(listing);
    }
  }

  #show(listing: Listing): void {
    if (listing.shownAt < 0) listing.shownAt = this.#shown.push(listing) - 1;
  }

  /** Takes an entry out of the shown entries; the last one moves into its place. */
  #hide(listing: Listing): void {
    const { shownAt } = listing;
    if (shownAt < 0) return;
    listing.shownAt = -1;
    const last = this.#shown.pop()!;
    if (last === listing) return;
    this.#shown[shownAt] = last;
    last.shownAt = shownAt;
  }

  #countHash(infoHash: Uint8Array, by: number): void {
    putHash(this.#hashes.key, infoHash, 0);
    const count = Math.max(0, this.#hashes.get()) + by;
    if (count === 0) this.#hashes.delete();
    else this.#hashes.set(count);
  }
}

/** The info-hashes under which the swarms of an entry are known, 20 bytes each. */
export function hashesOf({ v1Hash, v2Hash }: Pick<Listing, "v1Hash" | "v2Hash">): Uint8Array[] {
  return [v1Hash, v2Hash?.subarray(0, 20)].filter((hash) => hash !== undefined);
}

/** The result of {@link hashesOf} as 40 hex digits each. */
export function infoHashesOf(listing: Pick<Listing, "v1Hash" | "v2Hash">): string[] {
  return hashesOf(listing).map(hex);
}

function isSame(listing: Listing, v1Hash: Uint8Array | undefined, file: HostedFile): boolean {
  return listing.length === file.length && isEqual(listing.v1Hash, v1Hash) &&
    isEqual(listing.v2Hash, file.v2Hash);
}

function isEqual(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}

function isShown(listing: Listing): boolean {
  return listing.shownAt >= 0;
}

/** Whether an entry has only the v2 hash, and this v2 hash and length. */
function isHalfOf(
  listing: Listing,
  { v2Hash, length }: Pick<Listing, "v2Hash" | "length">,
): boolean {
  return listing.v1Hash === undefined && listing.length === length && v2Hash !== undefined &&
    isEqual(listing.v2Hash, v2Hash);
}

/** Whether an entry has both hashes, with this v2 hash and length. */
function isHybridOf(listing: Listing, v2Hash: Uint8Array, length: number): boolean {
  return listing.v1Hash !== undefined && listing.v2Hash !== undefined &&
    listing.length === length && equalBytes(listing.v2Hash, v2Hash);
}
