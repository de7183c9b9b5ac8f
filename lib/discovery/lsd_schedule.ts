/**
 * When to call out on the local network, and what others' calls mean (BEP 14).
 *
 * The BEP asks for a call every five minutes. Two peers that start at different times would meet only
 * then, so a torrent that is new here is called out a few times soon, and a call for it from somebody
 * not heard before is answered by one of our own: whoever comes second, both know of each other at once.
 *
 * @module
 */

import { formatHostPort, type HostPort } from "../codec/address.ts";
import { hex } from "../codec/bytes.ts";
import { decodeLocalSearch, type LocalSearch, MAX_SEARCH_HASHES } from "../codec/discovery/lsd.ts";

/** A torrent that is shared here. */
export interface LocalTorrent {
  /** The one or two swarms of a torrent; 20 bytes each, a v2 hash truncated. */
  readonly swarms: readonly { readonly infoHash: Uint8Array; readonly v2: boolean }[];
  /** Its TCP port. */
  readonly port: number;
  /** The one address of this machine it can be reached at; absent when it is all of them. */
  readonly host?: string;
}

/** A peer that called out. */
interface LocalPeer<T> {
  /** What it shares with us. */
  readonly torrent: T;
  readonly address: HostPort;
  /** It is in the swarm of the v2 hash. */
  readonly v2: boolean;
}

/** What to call out now. */
interface LocalAnnounce extends LocalSearch {
  /** From which address alone; absent: from all of them. */
  readonly host?: string;
}

/** After the start of a torrent, or of a network. A datagram gets lost easily, so there are several. */
const EARLY_MS = [0, 2_000, 10_000];
/** The period of BEP 14, and how much is added to it by chance, so that not all call at once. */
const PERIOD_MS = 300_000;
const PERIOD_SPREAD_MS = 30_000;

/** An answer waits a little, for other newcomers, and so that not everybody answers at once. */
const ANSWER_WAIT_MS = 50;
const ANSWER_SPREAD_MS = 250;
/** A torrent's calls keep this distance, however many want an answer. */
const ANSWER_GAP_MS = 3_000;
/** So many answer a newcomer, on average: it hears of the others from them. */
const ANSWERERS = 20;

/** Calls of all torrents together: at most {@link MAX_PACKETS} in this time. */
const ROUND_MS = 250;
const MAX_PACKETS = 5;

/**
 * Packets that are looked at, in a second and at once: a crowd that starts together has room, and a
 * flood costs next to nothing.
 */
const MAX_RECEIVED_PER_SECOND = 50;
const MAX_RECEIVED_AT_ONCE = 200;

/** Callers of a torrent that are kept in mind; those before them would be answered once more. */
const MAX_CALLERS = 500;
/** A caller that was silent for two periods is new again. */
const CALLER_LIFE_MS = 2 * (PERIOD_MS + PERIOD_SPREAD_MS);

interface Entry<T> {
  readonly torrent: T;
  /** How many of the early calls were made. */
  calls: number;
  nextCallMs: number;
  answerMs: number;
  lastCallMs: number;
  /** Who called, and when last; the oldest first. */
  readonly callers: Map<string, number>;
}

/** The torrents of one process on the local network. It does nothing by itself: it says what to do. */
export class LsdSchedule<T extends LocalTorrent> {
  readonly #cookie: string;
  readonly #random: () => number;
  readonly #believes: (host: string) => boolean;
  readonly #entries = new Map<T, Entry<T>>();
  readonly #byHash = new Map<string, Set<Entry<T>>>();
  #lastRoundMs = -Infinity;
  #allowance = MAX_RECEIVED_AT_ONCE;
  #allowanceMs = -Infinity;

  /**
   * @param cookie by which calls of this process are known; printable ASCII
   * @param random a number from 0 up to 1
   * @param believes whether this IP address is one of the local network; asked only of those who call
   *   for a torrent of ours
   */
  constructor(cookie: string, random: () => number, believes: (host: string) => boolean) {
    this.#cookie = cookie;
    this.#random = random;
    this.#believes = believes;
  }

  /** Calls for this torrent from now on. */
  add(torrent: T, nowMs: number): void {
    const entry: Entry<T> = {
      torrent,
      calls: 0,
      nextCallMs: nowMs,
      answerMs: Infinity,
      lastCallMs: -Infinity,
      callers: new Map(),
    };
    this.#entries.set(torrent, entry);
    for (const { infoHash } of torrent.swarms) {
      const key = hex(infoHash);
      const sharing = this.#byHash.get(key);
      if (sharing === undefined) this.#byHash.set(key, new Set([entry]));
      else sharing.add(entry);
    }
  }

  /** Calls for it no more. */
  remove(torrent: T): void {
    const entry = this.#entries.get(torrent);
    if (entry === undefined) return;
    this.#entries.delete(torrent);
    for (const { infoHash } of torrent.swarms) {
      const sharing = this.#byHash.get(hex(infoHash));
      sharing?.delete(entry);
      if (sharing?.size === 0) this.#byHash.delete(hex(infoHash));
    }
  }

  /** There is a network that has not heard of any torrent yet. */
  networkAppeared(nowMs: number): void {
    for (const entry of this.#entries.values()) {
      entry.calls = 0;
      entry.nextCallMs = nowMs;
    }
  }

  /** A packet came from `host`: the peers that it is about, at most two for each torrent here. */
  received(packet: Uint8Array, host: string, nowMs: number): LocalPeer<T>[] {
    if (!this.#admits(nowMs)) return [];
    const search = decodeLocalSearch(packet);
    if (search === undefined) return [];
    const { port, cookie } = search;
    const callers = new Set<Entry<T>>();
    const found: LocalPeer<T>[] = [];
    for (const infoHash of search.infoHashes) {
      const key = hex(infoHash);
      for (const entry of this.#byHash.get(key) ?? []) {
        // Our own call comes back to us; another torrent of this process at another port is a peer.
        if (cookie === this.#cookie && port === entry.torrent.port) continue;
        const v2 = entry.torrent.swarms.find((swarm) => hex(swarm.infoHash) === key)!.v2;
        found.push({ torrent: entry.torrent, address: { host, port }, v2 });
        callers.add(entry);
      }
    }
    if (found.length === 0 || !this.#believes(host)) return [];
    const caller = `${formatHostPort(host, port)} ${cookie ?? ""}`;
    for (const entry of callers) this.#heard(entry, caller, nowMs);
    return found;
  }

  /** When {@link due} has something to say next; `Infinity` while there is no torrent. */
  nextMs(): number {
    let nextMs = Infinity;
    for (const entry of this.#entries.values()) nextMs = Math.min(nextMs, dueMs(entry));
    return Math.max(nextMs, this.#lastRoundMs + ROUND_MS);
  }

  /** What to call out now: torrents with one port share packets. */
  due(nowMs: number): LocalAnnounce[] {
    if (nowMs < this.#lastRoundMs + ROUND_MS) return [];
    const packets = new Map<string, LocalAnnounce & { infoHashes: Uint8Array[] }>();
    const full: LocalAnnounce[] = [];
    const waiting = [...this.#entries.values()].filter((entry) => dueMs(entry) <= nowMs);
    for (const entry of waiting.sort((a, b) => dueMs(a) - dueMs(b))) {
      const { swarms, port, host } = entry.torrent;
      const key = `${port} ${host ?? ""}`;
      let packet = packets.get(key);
      if (packet !== undefined && packet.infoHashes.length + swarms.length > MAX_SEARCH_HASHES) {
        full.push(packet);
        packets.delete(key);
        packet = undefined;
      }
      if (packet === undefined) {
        if (full.length + packets.size >= MAX_PACKETS) break;
        packet = {
          port,
          infoHashes: [],
          cookie: this.#cookie,
          ...(host !== undefined && { host }),
        };
        packets.set(key, packet);
      }
      packet.infoHashes.push(...swarms.map(({ infoHash }) => infoHash));
      this.#called(entry, nowMs);
    }
    const round = [...full, ...packets.values()];
    if (round.length > 0) this.#lastRoundMs = nowMs;
    return round;
  }

  #called(entry: Entry<T>, nowMs: number): void {
    entry.lastCallMs = nowMs;
    entry.answerMs = Infinity;
    if (nowMs < entry.nextCallMs) return;
    const early = EARLY_MS[++entry.calls];
    entry.nextCallMs = early === undefined
      ? nowMs + PERIOD_MS + PERIOD_SPREAD_MS * this.#random()
      : nowMs + early - EARLY_MS[entry.calls - 1]!;
  }

  #heard(entry: Entry<T>, caller: string, nowMs: number): void {
    const { callers } = entry;
    const lastMs = callers.get(caller) ?? -Infinity;
    callers.delete(caller);
    callers.set(caller, nowMs);
    if (callers.size > MAX_CALLERS) callers.delete(callers.keys().next().value!);
    if (nowMs - lastMs < CALLER_LIFE_MS) return;
    if (this.#random() >= ANSWERERS / callers.size) return;
    const soonMs = nowMs + ANSWER_WAIT_MS + ANSWER_SPREAD_MS * this.#random();
    const answerMs = Math.max(soonMs, entry.lastCallMs + ANSWER_GAP_MS);
    entry.answerMs = Math.min(entry.answerMs, answerMs);
  }

  #admits(nowMs: number): boolean {
    const earned = (nowMs - this.#allowanceMs) * MAX_RECEIVED_PER_SECOND / 1000;
    this.#allowance = Math.min(MAX_RECEIVED_AT_ONCE, this.#allowance + earned);
    this.#allowanceMs = nowMs;
    if (this.#allowance < 1) return false;
    this.#allowance--;
    return true;
  }
}

function dueMs(entry: Entry<unknown>): number {
  return Math.min(entry.nextCallMs, entry.answerMs);
}
