/**
 * Who takes how much of what there is not enough of: counted by host and by network, since whoever has
 * one address of them can have the others, and by who brought it.
 *
 * @module
 */

import { hostKey, networkKey } from "../../codec/network_key.ts";
import type { Peer } from "../connection/peer.ts";

interface Tally {
  readonly key: string;
  count: number;
}

/** Whom somebody shares a fate with. */
interface Membership {
  readonly introducer: Tally;
  readonly network: Tally;
  readonly host: Tally;
}

/** In this order it is looked who holds most. */
const KINDS = ["introducer", "network", "host"] as const;
type Kind = typeof KINDS[number];

/** Of those below it somebody goes for anybody, of those of this grade for who has less. */
export const FAIR_GRADE = 3;

/** Somebody of a crowd: how many share its introducer, network or host, and how many its network. */
interface Candidate {
  readonly peer: Peer;
  readonly count: number;
  readonly near: number;
}

/** The places of a book, by who introduced whom, by network and by host. */
export class NetworkUsage {
  readonly #tallies = new Map<string, Tally>();
  readonly #members = new Map<Peer, Membership>();

  /** How many have a place. */
  get size(): number {
    return this.#members.size;
  }

  /** Whether this one has a place. */
  has(peer: Peer): boolean {
    return this.#members.has(peer);
  }

  /** Somebody takes a place. `by`: the host that introduced it. */
  add(peer: Peer, by: string): void {
    const membership = this.#membershipOf(peer.host, by);
    for (const kind of KINDS) {
      const tally = membership[kind];
      tally.count++;
      this.#tallies.set(tally.key, tally);
    }
    this.#members.set(peer, membership);
  }

  /** Somebody's place is free again; false when it had none. */
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
   * Who makes room for a newcomer: of those of the least grade, if they go for anybody, one of the largest
   * crowd; else somebody of a crowd that holds more than the newcomer's would then. Nobody when all hold
   * about as much.
   *
   * @param gradeOf a number below {@link FAIR_GRADE} for who goes for anybody, the least first; that for
   * who goes for the sake of fairness; `undefined` for who stays
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
 * Deals out so many of something that a host gets half of it at most and a network three quarters: the
 * rest is kept for others, who may come a moment later.
 */
export class DialQuotas {
  readonly #perHost: number;
  readonly #perNetwork: number;
  readonly #counts = new Map<string, number>();

  /** Nobody has anything yet of `total`. */
  constructor(total: number) {
    this.#perHost = Math.ceil(total / 2);
    this.#perNetwork = Math.ceil(total * 3 / 4);
  }

  /** Gives one to this host, if it may have one more; says whether it did. */
  take(host: string): boolean {
    const keys = [`host ${hostKey(host)}`, `network ${networkKey(host)}`] as const;
    const [ofHost, ofNetwork] = keys.map((key) => this.#counts.get(key) ?? 0) as [number, number];
    if (ofHost >= this.#perHost || ofNetwork >= this.#perNetwork) return false;
    this.#counts.set(keys[0], ofHost + 1);
    this.#counts.set(keys[1], ofNetwork + 1);
    return true;
  }
}

/** How many of these are of each host, and of each network. */
export class Census<T> {
  readonly #counts = new Map<string, number>();
  readonly #keys = new Map<T, readonly [string, string]>();

  /** Counts all of them. */
  constructor(all: Iterable<T>, hostOf: (one: T) => string) {
    for (const one of all) {
      const keys = keysOf(hostOf(one));
      this.#keys.set(one, keys);
      for (const key of keys) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    }
  }

  /** Those that were counted. */
  all(): IterableIterator<T> {
    return this.#keys.keys();
  }

  /** How many are of the same host as one that was counted, and of the same network. */
  around(one: T): { host: number; network: number } {
    return this.#look(this.#keys.get(one)!);
  }

  /** How many are at this host, and in its network. */
  at(host: string): { host: number; network: number } {
    return this.#look(keysOf(host));
  }

  /** The first one of the host that has most, and of those of the network that has most. */
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
