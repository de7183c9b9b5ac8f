/**
 * Decides what this process answers to questions of the local network: the torrents that it has all of, those
 * that it prepares, and its trackers.
 *
 * @module
 */

import { isIPv4 } from "../../codec/address.ts";
import {
  decodeLocalQuestion,
  encodeLocalAnswer,
  type LocalAnswer,
  type LocalEntries,
  type LocalEntry,
  type LocalQuestion,
} from "../../codec/discovery/local_question.ts";
import type { HostedFile } from "../../codec/discovery/url_data.ts";
import { QuestionLimits } from "./question_limits.ts";

/** What is told of a torrent: its name, its length and its hashes. */
export interface OfferedFile extends HostedFile {
  /** 20 bytes, for v1 and hybrid torrents. */
  v1Hash?: Uint8Array;
}

/** A torrent that is complete here, and may be told to the local network: not a private one. */
export interface OfferedTorrent extends OfferedFile {
  /** The TCP port that peers connect to. */
  readonly port: number;
  /** The one address of this machine at which it can be reached, or `0.0.0.0`; absent if at all of them. */
  readonly host?: string;
}

/** Names of torrents that are not ready yet: their files are still arriving, or are being hashed. */
export interface Preparation extends Pick<OfferedTorrent, "port" | "host"> {
  /** Whether a torrent of this name, in normal form C, is being prepared. */
  includes(name: string): boolean;
}

/** A tracker of this process that wants to be found. */
export interface OfferedTracker {
  /** Its UDP port. */
  readonly port: number;
  /** The one address of this machine at which it can be reached, or `0.0.0.0`; absent if at all of them. */
  readonly host?: string;
  /** The torrents it lists under this name, in normal form C, best first, to a client at this address. */
  find(name: string, host: string): LocalEntries;
}

/** An answer to send. */
export interface Reply {
  readonly packet: Uint8Array;
  /** Our address to send it from. */
  readonly from: string;
}

/** What is told to the local network, by name. An idle torrent costs a map entry. */
export class LocalResponder {
  readonly #byName = new Map<string, Set<OfferedTorrent>>();
  readonly #trackers = new Set<OfferedTracker>();
  readonly #preparations = new Set<Preparation>();
  readonly #limits = new QuestionLimits();
  readonly #ownAddressFor: (host: string) => string | undefined;

  /** @param ownAddressFor our address towards a host; `undefined` when it is in no network of ours */
  constructor(ownAddressFor: (host: string) => string | undefined) {
    this.#ownAddressFor = ownAddressFor;
  }

  /** Whether there is nothing to tell. */
  get isEmpty(): boolean {
    return this.#byName.size + this.#trackers.size + this.#preparations.size === 0;
  }

  /** Adds a torrent. */
  addTorrent(torrent: OfferedTorrent): void {
    const key = torrent.name.normalize("NFC");
    const namesakes = this.#byName.get(key);
    if (namesakes === undefined) this.#byName.set(key, new Set([torrent]));
    else namesakes.add(torrent);
  }

  /** Removes a torrent. */
  removeTorrent(torrent: OfferedTorrent): void {
    const key = torrent.name.normalize("NFC");
    const namesakes = this.#byName.get(key);
    if (namesakes?.delete(torrent) && namesakes.size === 0) this.#byName.delete(key);
  }

  /** Adds names that are being prepared. */
  addPreparation(preparation: Preparation): void {
    this.#preparations.add(preparation);
  }

  /** Removes them. */
  removePreparation(preparation: Preparation): void {
    this.#preparations.delete(preparation);
  }

  /** Adds a tracker. */
  addTracker(tracker: OfferedTracker): void {
    this.#trackers.add(tracker);
  }

  /** Removes a tracker. */
  removeTracker(tracker: OfferedTracker): void {
    this.#trackers.delete(tracker);
  }

  /**
   * The answers to a packet from `host`: none to one that is no question, that comes from another network or
   * too often, or about something that is not here. All of them together are no longer than the packet.
   */
  received(packet: Uint8Array, host: string, nowMs: number): Reply[] {
    const from = this.#ownAddressFor(host);
    if (from === undefined || !this.#limits.admits(host, nowMs)) return [];
    const question = decodeLocalQuestion(packet);
    if (question === undefined) return [];
    const replies: Reply[] = [];
    let room = packet.length;
    for (const answer of this.#answers(question, host, from)) {
      const bytes = encodeLocalAnswer(answer, room);
      if (bytes === undefined) continue;
      room -= bytes.length;
      replies.push({ packet: bytes, from });
    }
    return replies;
  }

  *#answers(question: LocalQuestion, host: string, from: string): Generator<LocalAnswer> {
    const { transactionId } = question;
    if (question.type === "findTracker") {
      for (const { port } of this.#trackersAt(from)) {
        yield { type: "trackerHere", transactionId, port };
      }
      return;
    }
    // Where there is no room for all, the peers are more than the trackers that know them.
    const name = question.name.normalize("NFC");
    const ready = this.#torrentsByPort(name, from);
    for (const [port, entries] of ready) {
      yield { type: "peerHas", transactionId, port, total: entries.length, entries };
    }
    for (const tracker of this.#trackersAt(from)) {
      const { port } = tracker;
      yield { type: "trackerLists", transactionId, port, ...tracker.find(name, host) };
    }
    if (ready.size > 0) return;
    for (const preparation of this.#preparations) {
      if (!isReachedAt(preparation, from) || !preparation.includes(name)) continue;
      yield { type: "peerPrepares", transactionId, port: preparation.port };
      return;
    }
  }

  #trackersAt(address: string): OfferedTracker[] {
    return [...this.#trackers].filter((tracker) => isReachedAt(tracker, address));
  }

  /** The torrents of this name: several clients in one process have ports of their own. */
  #torrentsByPort(name: string, from: string): Map<number, LocalEntry[]> {
    const byPort = new Map<number, LocalEntry[]>();
    for (const torrent of this.#byName.get(name) ?? []) {
      if (!isReachedAt(torrent, from)) continue;
      const { port, v1Hash, v2Hash, length } = torrent;
      const entry = {
        ...(v1Hash && { v1Hash }),
        ...(v2Hash && { v2Hash }),
        length,
        seeders: 1,
        leechers: 0,
      };
      const others = byPort.get(port);
      if (others === undefined) byPort.set(port, [entry]);
      else others.push(entry);
    }
    return byPort;
  }
}

function isReachedAt({ host }: { readonly host?: string }, address: string): boolean {
  return host === undefined || host === address || (host === "0.0.0.0" && isIPv4(address));
}
