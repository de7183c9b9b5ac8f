/**
 * The machines that were in a swarm and are there no more, for a day.
 *
 * @module
 */

import { FairTable } from "../tables/fair_table.ts";
import type { Holding } from "./progress.ts";

/** How long a departure is remembered. */
const LIFE_MS = 24 * 3600 * 1000;

/** A machine that has left a swarm. */
export interface Departure {
  /** The swarm's info-hash, 40 hex digits. */
  readonly infoHash: string;
  /** The torrent under which it is listed: 64 hex digits of a v2 hash, or 40. */
  readonly torrent: string;
  /** The torrent's name, if the machine named it. */
  readonly name: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly label: string | undefined;
  /** How much it had. */
  readonly holding: Holding;
  /** It had everything when it came. */
  readonly isSource: boolean;
  /** When it was last heard of. */
  readonly goneMs: number;
}

/**
 * A bounded number of departures. A machine that comes back is no departure any more: one with the same label
 * and host, or with the same host and port unless both have labels and these differ. When the table is full,
 * the network with the most departures loses its oldest one.
 */
export class Departures {
  /** By info-hash, and there by the names under which a machine is known again. */
  readonly #bySwarm = new Map<string, Map<string, number>>();
  readonly #table: FairTable<Departure>;

  /**
   * @param most Maximum number of departures.
   * @param hashKey Two secret words.
   */
  constructor(most: number, hashKey: Uint32Array) {
    this.#table = new FairTable(most, hashKey, (item, departure) => this.#unlink(item, departure));
  }

  /** Number of departures. */
  get size(): number {
    return this.#table.size;
  }

  /** Records a machine that has left; its address begins at `words[at]` and takes `stride` words. */
  add(departure: Departure, words: Uint16Array, at: number, stride: number): void {
    this.forgetOld(departure.goneMs);
    for (const { item } of this.#earlier(departure)) this.#remove(item);
    const item = this.#table.add(departure, words, at, stride);
    let swarm = this.#bySwarm.get(departure.infoHash);
    if (swarm === undefined) this.#bySwarm.set(departure.infoHash, swarm = new Map());
    for (const key of keysOf(departure)) swarm.set(key, item);
  }

  /**
   * Forgets a machine that is back; returns what was known about it. Of one that has not told its label yet,
   * what bears a label is kept: it may prove to be another machine.
   */
  returned(machine: Identity): Departure | undefined {
    let known: Departure | undefined;
    for (const { item, departure } of this.#earlier(machine)) {
      known ??= departure;
      if (departure.label === undefined || departure.label === machine.label) this.#remove(item);
    }
    return known;
  }

  /** What this machine left behind before, as far as can be told. */
  #earlier(machine: Identity): { item: number; departure: Departure }[] {
    const swarm = this.#table.size === 0 ? undefined : this.#bySwarm.get(machine.infoHash);
    if (swarm === undefined) return [];
    return keysOf(machine).flatMap((key) => {
      const item = swarm.get(key);
      const departure = item === undefined ? undefined : this.#table.get(item);
      return departure === undefined || isAnother(departure, machine)
        ? []
        : [{ item: item!, departure }];
    });
  }

  /** The departures from these swarms, the oldest first. */
  of(infoHashes: readonly string[], nowMs: number): Departure[] {
    this.forgetOld(nowMs);
    const items = new Set<number>();
    for (const infoHash of infoHashes) {
      for (const item of this.#bySwarm.get(infoHash)?.values() ?? []) items.add(item);
    }
    return [...items].flatMap((item) => this.#table.get(item) ?? []);
  }

  /**
   * Forgets the machines of these swarms that an administrator has seen.
   *
   * @param address `host` and `port` of one; without it, all are forgotten
   * @returns how many were forgotten
   */
  dismiss(infoHashes: readonly string[], address?: { host: string; port: number }): number {
    let dismissed = 0;
    for (const infoHash of infoHashes) {
      const swarm = this.#bySwarm.get(infoHash);
      if (swarm === undefined) continue;
      const items = new Set(swarm.values());
      for (const item of items) {
        if (address !== undefined && !isAt(address, this.#table.get(item))) continue;
        this.#remove(item);
        dismissed++;
      }
    }
    return dismissed;
  }

  /** One departure of each torrent that has any, the latest first. */
  torrents(nowMs: number): Departure[] {
    this.forgetOld(nowMs);
    const byTorrent = new Map<string, Departure>();
    for (const [, departure] of this.#table.entries()) {
      const { torrent } = departure;
      byTorrent.delete(torrent);
      byTorrent.set(torrent, departure);
    }
    return [...byTorrent.values()].reverse();
  }

  /** Forgets what is more than a day old. */
  forgetOld(nowMs: number): void {
    for (const [item, { goneMs }] of this.#table.entries()) {
      if (nowMs - goneMs < LIFE_MS) return;
      this.#remove(item);
    }
  }

  #remove(item: number): void {
    const departure = this.#table.get(item);
    if (departure === undefined) return;
    this.#table.delete(item);
    this.#unlink(item, departure);
  }

  #unlink(item: number, departure: Departure): void {
    const swarm = this.#bySwarm.get(departure.infoHash);
    if (swarm === undefined) return;
    for (const key of keysOf(departure)) if (swarm.get(key) === item) swarm.delete(key);
    if (swarm.size === 0) this.#bySwarm.delete(departure.infoHash);
  }
}

/** By what a machine is known again. */
interface Identity {
  readonly infoHash: string;
  readonly host: string;
  readonly port: number;
  readonly label: string | undefined;
}

function keysOf({ host, port, label }: Identity): string[] {
  const own = `${host}/${port}`;
  return label === undefined ? [own] : [own, `${host} ${label}`];
}

/** An address can pass from one machine to another, and their names tell them apart. */
function isAnother(departure: Departure, { label }: Identity): boolean {
  return label !== undefined && departure.label !== undefined && label !== departure.label;
}

function isAt(address: { host: string; port: number }, departure: Departure | undefined): boolean {
  return departure?.host === address.host && departure.port === address.port;
}
