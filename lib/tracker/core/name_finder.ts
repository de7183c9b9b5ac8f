/**
 * Finds torrents by their names, and lists all that have one.
 *
 * @module
 */

import {
  type AddressFamily,
  type FindRequest,
  type FindResponse,
  type FoundEntry,
  isListableName,
  type ListRequest,
  packEntries,
} from "../../codec/discovery/udp_tracker.ts";
import type { SwarmTable } from "../tables/swarm_table.ts";
import { type Catalogue, hashesOf, type Listing } from "./catalogue.ts";
import type { WarmUp } from "./warm_up.ts";

/** Maximum number of catalogue entries considered for one packet; more never fit. */
const MAX_ENTRIES_PER_PACKET = 20;

/** What names are looked up in. */
interface Named {
  readonly swarms: SwarmTable;
  readonly catalogue: Catalogue;
}

/** Answers find and list requests. */
export class NameFinder {
  readonly #named: Named;
  readonly #warmUp: WarmUp;

  /** @param warmUp tells for how long a name may only seem to be unknown */
  constructor(named: Named, warmUp: WarmUp) {
    this.#named = named;
    this.#warmUp = warmUp;
  }

  /** The answer to a client of this address family. */
  answer(request: FindRequest | ListRequest, family: AddressFamily, nowMs: number): FindResponse {
    const { transactionId } = request;
    if (request.type === "list") {
      const { catalogue } = this.#named;
      const listed = catalogue.list(request.offset, MAX_ENTRIES_PER_PACKET);
      const entries = packEntries(listed.map((listing) => this.#entryOf(listing, family)));
      return { type: "find", transactionId, total: catalogue.size, entries };
    }
    const { total, entries } = this.lookUp(request.name, family);
    const settlesInSeconds = this.#warmUp.secondsLeft(nowMs);
    return { type: "find", transactionId, total, entries: packEntries(entries), settlesInSeconds };
  }

  /** The entries with exactly this name, best supported first: as many as one packet may hold. */
  lookUp(name: string, family: AddressFamily): { total: number; entries: FoundEntry[] } {
    const found = isListableName(name) ? this.#named.catalogue.find(name) : [];
    const entries = found.slice(0, MAX_ENTRIES_PER_PACKET)
      .map((listing) => this.#entryOf(listing, family));
    return { total: found.length, entries };
  }

  /** Most peers of a hybrid are in both of its swarms, so the bigger count is used. */
  #entryOf(listing: Listing, family: AddressFamily): FoundEntry {
    const { name, length, v1Hash, v2Hash } = listing;
    const swarms = hashesOf(listing).map((infoHash) => this.#named.swarms.counts(infoHash, family));
    return {
      ...(v1Hash && { v1Hash }),
      ...(v2Hash && { v2Hash }),
      name,
      length,
      seeders: Math.max(...swarms.map((swarm) => swarm.seeders)),
      leechers: Math.max(...swarms.map((swarm) => swarm.leechers)),
    };
  }
}
