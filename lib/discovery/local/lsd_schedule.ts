/**
 * Decides when to announce on the local network, and interprets the announces of others (BEP 14).
 *
 * BEP 14 asks for an announce every five minutes. Two peers that start at different times would only meet
 * then. So a new torrent is announced a few times at short intervals, and an announce for it from an unknown
 * peer is answered with one of our own. Whichever peer starts second, both then know each other at once.
 *
 * @module
 */

import { formatHostPort, type HostPort } from "../../codec/address.ts";
import { hex } from "../../codec/bytes.ts";
import {
  decodeLocalSearch,
  type LocalSearch,
  MAX_SEARCH_HASHES,
} from "../../codec/discovery/lsd.ts";

/** A torrent that is shared here. */
export interface LocalTorrent {
  /** The torrent's one or two swarms; 20 bytes each, a v2 hash truncated. */
  readonly swarms: readonly { readonly infoHash: Uint8Array; readonly v2: boolean }[];
  /** Its TCP port. */
  readonly port: number;
  /** The one address of this machine at which it can be reached; absent if at all of them. */
  readonly host?: string;
}

/** A peer that announced itself. */
interface LocalPeer<T> {
  /** The torrent it shares with us. */
  readonly torrent: T;
  readonly address: HostPort;
  /** Whether it is in the swarm of the v2 hash. */
  readonly v2: boolean;
}

/** An announce to send now. */
interface LocalAnnounce extends LocalSearch {
  /** The only address to send it from; absent for all addresses. */
  readonly host?: string;
}

/**
 * Offsets of the first announces of a torrent, or on a new network. There are several because datagrams get
 * lost.
 */
const EARLY_MS = [0, 2_000, 10_000];
/** The period of BEP 14, and the random addition that keeps peers from announcing all at once. */
const PERIOD_MS = 300_000;
const PERIOD_SPREAD_MS = 30_000;

/** Delay of a reply, fixed and random: it covers other newcomers, and not all peers reply at once. */
const ANSWER_WAIT_MS = 50;
const ANSWER_SPREAD_MS = 250;
/** Minimum distance between announces of a torrent, however many peers want a reply. */
const ANSWER_GAP_MS = 3_000;
/** How many peers reply to a newcomer on average; it learns of the others from them. */
const ANSWERERS = 20;

/** All torrents together send at most {@link MAX_PACKETS} announces in this time. */
const ROUND_MS = 250;
const MAX_PACKETS = 5;

/**
 * Limits on received packets that are parsed, per second and in a burst: enough for a crowd that starts
 * together, while a flood costs next to nothing.
 */
const MAX_RECEIVED_PER_SECOND = 50;
const MAX_RECEIVED_AT_ONCE = 200;

/** Announcing peers remembered for each torrent; forgotten ones would get another reply. */
const MAX_CALLERS = 500;
/** A peer that has been silent for two periods counts as new. */
const CALLER_LIFE_MS = 2 * (PERIOD_MS + PERIOD_SPREAD_MS);

interface Entry<T> {
  readonly torrent: T;
  /** Number of early announces made. */
  calls: number;
  nextCallMs: number;
  answerMs: number;
  lastCallMs: number;
  /** The peers that announced, and when they last did; oldest first. */
  readonly callers: Map<string, number>;
}

/** The LSD state of all torrents of one process. It performs no I/O; it only says what to send and when. */
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
   * @param cookie identifies announces of this process; printable ASCII
   * @param random a number from 0 (inclusive) to 1 (exclusive)
   * @param believes whether this IP address is in the local network; only called for peers that announce one
   * of our torrents
   */
  constructor(cookie: string, random: () => number, believes: (host: string) => boolean) {
    this.#cookie = cookie;
    this.#random = random;
    this.#believes = believes;
  }

  /** Starts announcing this torrent. */
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

  /** Stops announcing this torrent. */
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

  /** Call when a new network has appeared, on which no torrent has been announced yet. */
  networkAppeared(nowMs: number): void {
    for (const entry of this.#entries.values()) {
      entry.calls = 0;
      entry.nextCallMs = nowMs;
    }
  }

  /** Handles a packet from `host`. Returns the peers it announces, at most two for each torrent here. */
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
        // Skip our own announce when it comes back. Another torrent of this process at another port is a
        // peer.
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

  /** When {@link due} next has something to send; `Infinity` while there is no torrent. */
  nextMs(): number {
    let nextMs = Infinity;
    for (const entry of this.#entries.values()) nextMs = Math.min(nextMs, dueMs(entry));
    return Math.max(nextMs, this.#lastRoundMs + ROUND_MS);
  }

  /** The announces to send now; torrents with the same port share packets. */
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
