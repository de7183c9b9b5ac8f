/**
 * What the hosts of a local network say about a name, within bounds.
 *
 * A name is a claim. Different torrents of one name are kept side by side, those that most hosts name first;
 * among equals the hosts take turns. When there are too many, the host that named the most loses its last one.
 * So a liar pushes out nobody.
 *
 * @module
 */

import { formatHostPort, type HostPort } from "../../codec/address.ts";
import { isServicePort } from "../../codec/address_scope.ts";
import { hex } from "../../codec/bytes.ts";
import type { LocalAnswer, LocalEntry } from "../../codec/discovery/local_question.ts";

/** Torrents of one name that are kept: as many as a tracker keeps. */
const MAX_CLAIMS = 64;
/** Hosts whose answers are read. */
const MAX_ANSWERING_HOSTS = 1000;
/** Answers read of one host: it may run several programs. */
const MAX_ANSWERS_PER_HOST = 16;
/** Addresses kept of the peers that have a torrent; they know the others. */
const MAX_CLAIM_PEERS = 50;
/** Hosts kept that say they prepare a torrent of the name. */
const MAX_PREPARING = 8;
/** Trackers kept that list a torrent. */
const MAX_CLAIM_TRACKERS = 4;

/** A torrent that hosts of the local network say has the name. */
export interface LocalClaim {
  readonly entry: LocalEntry;
  /** How many hosts say so. */
  readonly hosts: number;
  /** Peers that have all of it. */
  readonly peers: readonly HostPort[];
  /** URLs of trackers that list it. */
  readonly trackers: readonly string[];
}

interface Kept {
  entry: LocalEntry;
  /** The host that named it first; it counts as this host's. */
  readonly owner: string;
  readonly hosts: Set<string>;
  readonly peers: HostPort[];
  readonly trackers: string[];
}

/** The answers to one question about a name. */
export class LocalClaims {
  /** The hosts that say they will soon have a torrent of the name. */
  readonly #preparing = new Set<string>();
  readonly #answers = new Map<string, Set<string>>();
  /** In the order of arrival. */
  readonly #kept = new Map<string, Kept>();
  #dropped = 0;

  /** The hosts that will soon have a torrent of the name, as they say; bounded. */
  get preparing(): string[] {
    return [...this.#preparing];
  }

  /** Whether no torrent was named. */
  get isEmpty(): boolean {
    return this.#answers.size === 0;
  }

  /** How many torrents were named and not kept. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The torrents, those named by the most hosts first; then the first of each host, the second, and so on. */
  list(): LocalClaim[] {
    const turns = new Map<string, number>();
    const ranked = [...this.#kept.values()].map((kept) => {
      const turn = turns.get(kept.owner) ?? 0;
      turns.set(kept.owner, turn + 1);
      return { kept, turn };
    });
    ranked.sort((a, b) => b.kept.hosts.size - a.kept.hosts.size || a.turn - b.turn);
    return ranked.map(({ kept: { entry, hosts, peers, trackers } }) => {
      return { entry, hosts: hosts.size, peers, trackers };
    });
  }

  /** Takes an answer of the host at this IP address; each of its answers counts once. */
  add(answer: LocalAnswer, host: string): void {
    if (answer.type === "peerPrepares") {
      if (this.#preparing.size < MAX_PREPARING) this.#preparing.add(host);
      return;
    }
    if (!("entries" in answer) || !this.#isNew(`${answer.type} ${answer.port}`, host)) {
      return;
    }
    for (const entry of answer.entries) {
      const kept = this.#keep(entry, host);
      if (kept === undefined) continue;
      kept.hosts.add(host);
      const seeders = Math.max(kept.entry.seeders, entry.seeders);
      kept.entry = {
        ...kept.entry,
        seeders,
        leechers: Math.max(kept.entry.leechers, entry.leechers),
      };
      const address = { host, port: answer.port };
      if (answer.type === "trackerLists") {
        if (kept.trackers.length < MAX_CLAIM_TRACKERS) kept.trackers.push(trackerUrl(address));
      } else if (kept.peers.length < MAX_CLAIM_PEERS && !isServicePort(answer.port)) {
        kept.peers.push(address);
      }
    }
  }

  #isNew(answer: string, host: string): boolean {
    const known = this.#answers.get(host);
    if (known === undefined) {
      if (this.#answers.size >= MAX_ANSWERING_HOSTS) return false;
      this.#answers.set(host, new Set([answer]));
      return true;
    }
    if (known.has(answer) || known.size >= MAX_ANSWERS_PER_HOST) return false;
    known.add(answer);
    return true;
  }

  #keep(entry: LocalEntry, host: string): Kept | undefined {
    const key = keyOf(entry);
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    if (this.#kept.size >= MAX_CLAIMS) {
      this.#dropped++;
      const victim = this.#lastOfMost(host);
      if (victim === undefined) return undefined;
      this.#kept.delete(victim);
    }
    const kept = { entry, owner: host, hosts: new Set<string>(), peers: [], trackers: [] };
    this.#kept.set(key, kept);
    return kept;
  }

  /** The last torrent that nobody else names, of the host with the most; none if `host` has as many. */
  #lastOfMost(host: string): string | undefined {
    const counts = new Map<string, number>();
    for (const { owner } of this.#kept.values()) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    const most = Math.max(...counts.values());
    if ((counts.get(host) ?? 0) + 1 >= most) return undefined;
    let last: string | undefined;
    for (const [key, { owner, hosts }] of this.#kept) {
      if (hosts.size === 1 && counts.get(owner) === most) last = key;
    }
    return last;
  }
}

/** The URL of a tracker at this address. */
export function trackerUrl({ host, port }: HostPort): string {
  return `udp://${formatHostPort(host, port)}`;
}

function keyOf({ v1Hash, v2Hash, length }: LocalEntry): string {
  return `${v1Hash ? hex(v1Hash) : ""}/${v2Hash ? hex(v2Hash) : ""}/${length}`;
}
