/**
 * What peers say they host, by name. An entry lives as long as one of the peers that claim it.
 *
 * @module
 */

import { hex } from "../codec/bytes.ts";
import { type HostedFile, isTruncationOf } from "../codec/udp_tracker.ts";

/** One torrent under one name. */
export interface Listing {
  /** By which peers note what they list, from 1 on. */
  readonly number: number;
  readonly key: string;
  /** In Unicode normal form C, so that a name typed on one system finds one announced on another. */
  readonly name: string;
  /** Bytes, as claimed. */
  readonly length: number;
  /** 20 bytes. */
  readonly v1Hash?: Uint8Array;
  /** 32 bytes. */
  readonly v2Hash?: Uint8Array;
  /** How many peers claim it. */
  holders: number;
}

/**
 * The catalogue.
 *
 * A hybrid torrent is announced twice, under its v1 and its truncated v2 hash, both times with the
 * whole v2 hash. The first gives an entry with both hashes; the entry of the second stays hidden while
 * one with both is there.
 */
export class Catalogue {
  readonly #maxEntries: number;
  readonly #byKey = new Map<string, Listing>();
  readonly #byName = new Map<string, Set<Listing>>();
  /** How many entries with both hashes there are for the key of the one with the v2 hash alone. */
  readonly #hybrids = new Map<string, number>();
  /** The entries that are not hidden, for paging. */
  readonly #shown: Listing[] = [];
  /** Number 0 is nobody's. */
  readonly #byNumber: (Listing | undefined)[] = [undefined];
  readonly #freeNumbers: number[] = [];
  /** In how many entries each info-hash of 40 hex digits is, hidden or not. */
  readonly #hashes = new Map<string, number>();

  /** @param maxEntries Beyond this no entry is added. */
  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  /** How many entries there are to list. */
  get size(): number {
    return this.#shown.length;
  }

  /** The entry with this number; 0 has none. */
  numbered(number: number): Listing | undefined {
    return this.#byNumber[number];
  }

  /** The entries with this name. */
  find(name: string): Listing[] {
    const listings = [...this.#byName.get(name.normalize("NFC")) ?? []];
    return listings.filter((listing) => !this.#isHidden(listing));
  }

  /** Whether an entry has this info-hash of 40 hex digits. */
  isNamed(infoHash: string): boolean {
    return this.#hashes.has(infoHash);
  }

  /** The entries from index `offset` on, at most `count`. */
  list(offset: number, count: number): Listing[] {
    return this.#shown.slice(offset, offset + count);
  }

  /**
   * Notes that one more peer of this swarm claims to host `file`.
   *
   * @param infoHash 20 bytes: the torrent's v1 hash, or its truncated v2 hash.
   * @returns What to give to {@link Catalogue.release} in the end, or `undefined` when it is full.
   */
  hold(infoHash: Uint8Array, file: HostedFile): Listing | undefined {
    const claimed = claimOf(infoHash, file);
    const known = this.#byKey.get(claimed.key);
    if (known !== undefined) {
      known.holders++;
      return known;
    }
    if (this.#byKey.size >= this.#maxEntries) return undefined;
    const number = this.#freeNumbers.pop() ?? this.#byNumber.length;
    const listing = { ...claimed, number, holders: 1 };
    this.#add(listing);
    return listing;
  }

  /** Takes one claim back. */
  release(listing: Listing): void {
    listing.holders--;
    if (listing.holders === 0) this.#remove(listing);
  }

  #add(listing: Listing): void {
    this.#byKey.set(listing.key, listing);
    this.#byNumber[listing.number] = listing;
    const namesakes = this.#byName.get(listing.name);
    if (namesakes === undefined) this.#byName.set(listing.name, new Set([listing]));
    else namesakes.add(listing);
    for (const hash of infoHashesOf(listing)) {
      this.#hashes.set(hash, (this.#hashes.get(hash) ?? 0) + 1);
    }
    if (!this.#isHidden(listing)) this.#shown.push(listing);
    const half = v2HalfOf(listing);
    if (half === undefined) return;
    const hybrids = (this.#hybrids.get(half) ?? 0) + 1;
    this.#hybrids.set(half, hybrids);
    if (hybrids === 1) this.#hide(this.#byKey.get(half));
  }

  #remove(listing: Listing): void {
    this.#byKey.delete(listing.key);
    this.#byNumber[listing.number] = undefined;
    this.#freeNumbers.push(listing.number);
    const namesakes = this.#byName.get(listing.name)!;
    namesakes.delete(listing);
    if (namesakes.size === 0) this.#byName.delete(listing.name);
    for (const hash of infoHashesOf(listing)) {
      const entries = this.#hashes.get(hash)! - 1;
      if (entries === 0) this.#hashes.delete(hash);
      else this.#hashes.set(hash, entries);
    }
    this.#hide(listing);
    const half = v2HalfOf(listing);
    if (half === undefined) return;
    const hybrids = this.#hybrids.get(half)! - 1;
    if (hybrids > 0) {
      this.#hybrids.set(half, hybrids);
      return;
    }
    this.#hybrids.delete(half);
    const revealed = this.#byKey.get(half);
    if (revealed !== undefined) this.#shown.push(revealed);
  }

  #hide(listing: Listing | undefined): void {
    const index = listing === undefined ? -1 : this.#shown.indexOf(listing);
    if (index >= 0) this.#shown.splice(index, 1);
  }

  #isHidden(listing: Listing): boolean {
    return this.#hybrids.has(listing.key);
  }
}

/** The info-hashes under which an entry's swarms are known, 40 hex digits each. */
export function infoHashesOf({ v1Hash, v2Hash }: Pick<Listing, "v1Hash" | "v2Hash">): string[] {
  return [v1Hash, v2Hash?.subarray(0, 20)]
    .flatMap((infoHash) => infoHash === undefined ? [] : [hex(infoHash)]);
}

/** What a peer claims, as an entry of the catalogue that nobody has numbered yet. */
function claimOf(infoHash: Uint8Array, file: HostedFile): Omit<Listing, "number" | "holders"> {
  const { length, v2Hash } = file;
  const name = file.name.normalize("NFC");
  // Copies: what comes in lies in the buffer of the next packet.
  const v1Hash = v2Hash !== undefined && isTruncationOf(infoHash, v2Hash)
    ? undefined
    : infoHash.slice();
  return {
    key: keyOf(v1Hash, v2Hash, length, name),
    name,
    length,
    ...(v1Hash && { v1Hash }),
    ...(v2Hash && { v2Hash: v2Hash.slice() }),
  };
}

/** The key that an entry with both hashes would have without its v1 hash. */
function v2HalfOf({ v1Hash, v2Hash, length, name }: Listing): string | undefined {
  if (v1Hash === undefined || v2Hash === undefined) return undefined;
  return keyOf(undefined, v2Hash, length, name);
}

function keyOf(
  v1Hash: Uint8Array | undefined,
  v2Hash: Uint8Array | undefined,
  length: number,
  name: string,
): string {
  return `${v1Hash ? hex(v1Hash) : ""}/${v2Hash ? hex(v2Hash) : ""}/${length}/${name}`;
}
