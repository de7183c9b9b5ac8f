/**
 * Counts who uses a scarce resource, by host, by network and by introducer. The network counts too because
 * a party that has one of its addresses can get the others.
 *
 * @module
 */

import { hostKey, networkKey } from "../../codec/network_key.ts";
import type { Peer } from "../connection/peer.ts";

interface Tally {
  readonly key: string;
  count: number;
}

/** The tallies that count a peer. */
interface Membership {
  readonly introducer: Tally;
  readonly network: Tally;
  readonly host: Tally;
}

/** The order in which the crowds are compared. */
const KINDS = ["introducer", "network", "host"] as const;
type Kind = typeof KINDS[number];

/**
 * Peers of a lower grade are evicted for any newcomer, peers of this grade only for one whose crowd is
 * smaller.
 */
export const FAIR_GRADE = 3;

/** A peer of a crowd: how many peers share its introducer, network or host, and how many its network. */
interface Candidate {
  readonly peer: Peer;
  readonly count: number;
  readonly near: number;
}

/** The peers of a peer list, counted by introducer, network and host. */
export class NetworkUsage {
  readonly #tallies = new Map<string, Tally>();
  readonly #members = new Map<Peer, Membership>();

  /** Number of peers. */
  get size(): number {
    return this.#members.size;
  }

  has(peer: Peer): boolean {
    return this.#members.has(peer);
  }

  /** Adds a peer. `by` is the host that introduced it. */
  add(peer: Peer, by: string): void {
    const membership = this.#membershipOf(peer.host, by);
    for (const kind of KINDS) {
      const tally = membership[kind];
      tally.count++;
      this.#tallies.set(tally.key, tally);
    }
    this.#members.set(peer, membership);
  }

  /** Removes a peer. Returns false when it was not counted. */
  delete(peer: Peer): boolean {
    const membership = this.#members.get(peer);
    if (membership === undefined) return false;
    this.#members.delete(peer);
    for (const kind of KINDS) {
      const tally = membership[kind];
      if (--tally.count === 0) this.#tallies.delete(tally.key);
    }
    return true;
  }

  /**
   * The peer that makes room for a newcomer. Of the peers in the lowest grade below {@link FAIR_GRADE}, it is
   * one of the largest crowd. Otherwise it is one whose crowd exceeds what the newcomer's would then be.
   * Returns `undefined` when all crowds are of about the same size.
   *
   * @param gradeOf a number below {@link FAIR_GRADE} for a peer that any newcomer may replace, lowest first;
   * {@link FAIR_GRADE} for a peer that may be replaced for fairness; `undefined` for a peer that stays
   */
  evicted(
    newcomer: { host: string; by: string },
    gradeOf: (peer: Peer) => number | undefined,
  ): Peer | undefined {
    const largest = new Map<number | Kind, Candidate>();
    for (const [peer, membership] of this.#members) {
      const grade = gradeOf(peer);
      if (grade === undefined) continue;
      const near = membership.network.count;
      for (const kind of grade < FAIR_GRADE ? [grade] : KINDS) {
        const { count } = membership[typeof kind === "number" ? "introducer" : kind];
        const best = largest.get(kind);
        if (best && (count < best.count || (count === best.count && near <= best.near))) continue;
        largest.set(kind, { peer, count, near });
      }
    }
    for (let grade = 0; grade < FAIR_GRADE; grade++) {
      if (largest.has(grade)) return largest.get(grade)!.peer;
    }
    const own = this.#membershipOf(newcomer.host, newcomer.by);
    const fair = KINDS.find((kind) => (largest.get(kind)?.count ?? 0) > own[kind].count + 1);
    return fair && largest.get(fair)!.peer;
  }

  #membershipOf(host: string, by: string): Membership {
    return {
      introducer: this.#tally(`by ${hostKey(by)}`),
      network: this.#tally(`network ${networkKey(host)}`),
      host: this.#tally(`host ${hostKey(host)}`),
    };
  }

  #tally(key: string): Tally {
    return this.#tallies.get(key) ?? { key, count: 0 };
  }
}

/**
 * Hands out a limited number of units so that a host gets at most half and a network at most three quarters.
 * The rest stays free for others that may come a moment later.
 */
export class DialQuotas {
  readonly #perHost: number;
  readonly #perNetwork: number;
  readonly #counts = new Map<string, number>();

  constructor(total: number) {
    this.#perHost = Math.ceil(total / 2);
    this.#perNetwork = Math.ceil(total * 3 / 4);
  }

  /** Gives one unit to the host. Returns false when the host or its network has its share. */
  take(host: string): boolean {
    const keys = [`host ${hostKey(host)}`, `network ${networkKey(host)}`] as const;
    const [ofHost, ofNetwork] = keys.map((key) => this.#counts.get(key) ?? 0) as [number, number];
    if (ofHost >= this.#perHost || ofNetwork >= this.#perNetwork) return false;
    this.#counts.set(keys[0], ofHost + 1);
    this.#counts.set(keys[1], ofNetwork + 1);
    return true;
  }
}

/** Counts items per host and per network. */
export class Census<T> {
  readonly #counts = new Map<string, number>();
  readonly #keys = new Map<T, readonly [string, string]>();

  constructor(all: Iterable<T>, hostOf: (one: T) => string) {
    for (const one of all) {
      const keys = keysOf(hostOf(one));
      this.#keys.set(one, keys);
      for (const key of keys) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    }
  }

  /** The items that were counted. */
  all(): IterableIterator<T> {
    return this.#keys.keys();
  }

  /** How many items share the host, and how many the network, of a counted item. */
  around(one: T): { host: number; network: number } {
    return this.#look(this.#keys.get(one)!);
  }

  /** How many items are at this host, and how many in its network. */
  at(host: string): { host: number; network: number } {
    return this.#look(keysOf(host));
  }

  /** The first item of the host that has the most, preferring the network that has the most. */
  ofLargest(): T | undefined {
    let first: T | undefined;
    let [most, mostNear] = [0, 0];
    for (const one of this.#keys.keys()) {
      const { host, network } = this.around(one);
      if (host < most || (host === most && network <= mostNear)) continue;
      [first, most, mostNear] = [one, host, network];
    }
    return first;
  }

  #look([host, network]: readonly [string, string]): { host: number; network: number } {
    return { host: this.#counts.get(host) ?? 0, network: this.#counts.get(network) ?? 0 };
  }
}

function keysOf(host: string): readonly [string, string] {
  return [`host ${hostKey(host)}`, `network ${networkKey(host)}`];
}
