/**
 * The tracker without its socket: a packet in, a packet out.
 *
 * @module
 */

import { hex, viewOf } from "../codec/bytes.ts";
import {
  type AddressFamily,
  type AnnounceRequest,
  decodeRequest,
  encodeResponse,
  type FindRequest,
  type HostedFile,
  type ListRequest,
  packEntries,
  parseUrlData,
  type ScrapeRequest,
  type TrackerRequest,
} from "../codec/udp_tracker.ts";
import { Catalogue, type Listing } from "./catalogue.ts";
import { ConnectionIds } from "./connection_id.ts";
import { intervalSeconds } from "./interval.ts";
import { DEFAULT_LIMITS, type TrackerLimits } from "./limits.ts";
import { type PeerListOptions, peersFor } from "./peer_list.ts";
import { type Sender, senderOf } from "./sender.ts";
import type { Peer } from "./swarm.ts";
import { eventOf, type SwarmEvent } from "./swarm_event.ts";
import { type Removal, Swarms } from "./swarms.ts";

const ERROR_HEADER_LENGTH = 8;

/** Hashes answered in one scrape; the BEP says "about 74". */
const MAX_SCRAPE_HASHES = 74;

/** Peers forgotten before one packet at most, to bound what a packet costs. */
const EXPIRED_PER_PACKET = 100;

/** Entries of the catalogue looked at for one packet: more never fit. */
const MAX_ENTRIES_PER_PACKET = 20;

/** What a tracker holds and has done. */
export interface TrackerStats {
  /** Torrents that someone shares. */
  torrents: number;
  /** Peers in swarms; one that comes over two families counts twice, as do the swarms of a hybrid. */
  peers: number;
  /** Those of them with all of their torrent. */
  seeders: number;
  /** Those of them without. */
  leechers: number;
  /** Entries in the catalogue. */
  names: number;
  /** Connection ids given out. */
  connects: number;
  /** Announces answered. */
  announces: number;
  /** Scrapes answered. */
  scrapes: number;
  /** Look-ups by name, and pages of the catalogue. */
  finds: number;
  /** Requests refused with an error packet. */
  refused: number;
  /** Packets that were no requests. */
  ignored: number;
}

/** What a tracker is told at its start. */
export interface TrackerCoreOptions {
  /** How often peers are to announce, once their swarm has formed; before that more often. */
  intervalSeconds: number;
  /** After this long without an announce a peer is forgotten. */
  peerTtlSeconds: number;
  /** 32 random bytes. */
  secret: Uint8Array;
  /** A number from 0 up to 1. */
  random: () => number;
  /** The tracker's own address as an asker at `host` would reach it, of the asker's family. */
  addressFor: (host: string) => string | undefined;
  /** Bounds other than the default ones. */
  limits?: Partial<TrackerLimits>;
  onEvent?: (event: SwarmEvent) => void;
}

/**
 * Answers connect, announce, scrape and find (BEP 15, BEP 41). It holds no state for a client before
 * that has proved its address, and never answers an unproven one with more bytes than it sent.
 */
export class TrackerCore {
  /** The torrents served, as 40 hex digits each; `undefined` serves all. May be replaced any time. */
  allow: ReadonlySet<string> | undefined;

  readonly #options: TrackerCoreOptions;
  readonly #limits: TrackerLimits;
  readonly #peerList: PeerListOptions;
  readonly #ids: ConnectionIds;
  readonly #swarms: Swarms;
  readonly #catalogue: Catalogue;
  readonly #counters = {
    connects: 0,
    announces: 0,
    scrapes: 0,
    finds: 0,
    refused: 0,
    ignored: 0,
  };

  /** An empty tracker. */
  constructor(options: TrackerCoreOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    const { maxPeersPerAnswer } = this.#limits;
    this.#peerList = { random: options.random, addressFor: options.addressFor, maxPeersPerAnswer };
    this.#ids = new ConnectionIds(options.secret);
    this.#swarms = new Swarms(this.#limits, (peer, why) => this.#onRemoved(peer, why));
    this.#catalogue = new Catalogue(this.#limits.maxNames);
  }

  /**
   * The answer to a packet, or `undefined` when it deserves none.
   *
   * @param from Where it came from; an IPv4-mapped IPv6 address counts as IPv4.
   */
  handle(
    packet: Uint8Array,
    from: { host: string; port: number },
    nowMs: number,
  ): Uint8Array | undefined {
    this.#expire(nowMs, EXPIRED_PER_PACKET);
    const request = decodeRequest(packet);
    const sender = senderOf(from);
    if (request === undefined || sender === undefined) {
      this.#counters.ignored++;
      return undefined;
    }
    if (request.type === "connect") {
      this.#counters.connects++;
      const connectionId = this.#ids.issue(sender.ip, nowMs);
      return encodeResponse({ ...request, connectionId });
    }
    if (!this.#ids.accepts(request.connectionId, sender.ip, nowMs)) {
      return this.#refuse(packet, request, "connection id unknown or expired");
    }
    switch (request.type) {
      case "announce":
        return this.#announce(packet, request, sender, nowMs);
      case "scrape":
        return this.#scrape(request, sender);
      case "find":
      case "list":
        return this.#find(request, sender);
    }
  }

  /** Forgets all peers that have fallen silent; call it now and then. Returns how many. */
  expire(nowMs: number): number {
    return this.#expire(nowMs, Infinity);
  }

  /** What it holds and has done so far. */
  stats(): TrackerStats {
    const { torrents, peers, seeders } = this.#swarms.totals;
    const names = this.#catalogue.size;
    return { torrents, peers, seeders, leechers: peers - seeders, names, ...this.#counters };
  }

  #expire(nowMs: number, most: number): number {
    return this.#swarms.expire(nowMs - 1000 * this.#options.peerTtlSeconds, most);
  }

  #announce(
    packet: Uint8Array,
    request: AnnounceRequest,
    sender: Sender,
    nowMs: number,
  ): Uint8Array {
    if (request.port === 0) return this.#refuse(packet, request, "port 0 cannot be reached");
    if (this.allow !== undefined && !this.allow.has(hex(request.infoHash))) {
      return this.#refuse(packet, request, "this tracker does not serve this torrent");
    }
    const compact = new Uint8Array(sender.ip.length + 2);
    compact.set(sender.ip);
    viewOf(compact).setUint16(sender.ip.length, request.port);
    if (request.event === "stopped") {
      this.#swarms.leave(request.infoHash, sender.family, compact);
    } else {
      const refusal = this.#store(request, sender, compact, nowMs);
      if (refusal !== undefined) return this.#refuse(packet, request, refusal);
    }
    this.#counters.announces++;
    const swarm = this.#swarms.get(request.infoHash, sender.family);
    const { seeders, leechers } = swarm?.counts() ?? { seeders: 0, leechers: 0 };
    const ageMs = swarm === undefined ? 0 : nowMs - swarm.sinceMs;
    return encodeResponse({
      type: "announce",
      transactionId: request.transactionId,
      intervalSeconds: intervalSeconds(ageMs, seeders + leechers, this.#options.intervalSeconds),
      leechers,
      seeders,
      peers: swarm === undefined
        ? new Uint8Array()
        : peersFor(swarm, request, sender, compact, this.#peerList),
    });
  }

  /** Notes the peer and what it hosts; a sentence when that cannot be. */
  #store(
    request: AnnounceRequest,
    sender: Sender,
    compact: Uint8Array,
    nowMs: number,
  ): string | undefined {
    const admission = this.#swarms.announce({
      infoHash: request.infoHash,
      family: sender.family,
      compact,
      loopback: sender.loopback,
      seeder: request.leftBytes === 0,
      completed: request.event === "completed",
    }, nowMs);
    if (admission.type === "refused") {
      if (admission.bound === "torrent") return undefined;
      return admission.bound === "address"
        ? "too many peers from your network"
        : "the tracker is full";
    }
    const { peer } = admission;
    this.#claim(peer, request.infoHash, parseUrlData(request.urlData));
    if (admission.joined) this.#emit("joined", peer);
    if (admission.completed) this.#emit("completed", peer);
    return undefined;
  }

  /** Replaces what the peer claims to host. */
  #claim(peer: Peer, infoHash: Uint8Array, file: HostedFile | undefined): void {
    const before = peer.listing;
    peer.listing = file === undefined ? undefined : this.#catalogue.hold(infoHash, file);
    if (before !== undefined) this.#catalogue.release(before);
  }

  #scrape(request: ScrapeRequest, sender: Sender): Uint8Array {
    this.#counters.scrapes++;
    const hashes = request.infoHashes.slice(0, MAX_SCRAPE_HASHES);
    const swarms = hashes.map((infoHash) => this.#swarms.counts(infoHash, sender.family));
    return encodeResponse({ type: "scrape", transactionId: request.transactionId, swarms });
  }

  #find(request: FindRequest | ListRequest, sender: Sender): Uint8Array {
    this.#counters.finds++;
    const { transactionId } = request;
    if (request.type === "list") {
      const entries = this.#catalogue.list(request.offset, MAX_ENTRIES_PER_PACKET)
        .map((listing) => this.#entryOf(listing, sender.family));
      const total = this.#catalogue.size;
      return encodeResponse({ type: "find", transactionId, total, entries: packEntries(entries) });
    }
    const entries = this.#catalogue.find(request.name)
      .map((listing) => this.#entryOf(listing, sender.family))
      .sort((a, b) => b.seeders - a.seeders || b.leechers - a.leechers);
    const total = entries.length;
    return encodeResponse({ type: "find", transactionId, total, entries: packEntries(entries) });
  }

  /** A hybrid has two swarms, with most peers in both: the bigger one counts. */
  #entryOf({ name, length, v1Hash, v2Hash }: Listing, family: AddressFamily) {
    const swarms = [v1Hash, v2Hash?.subarray(0, 20)]
      .flatMap((infoHash) => infoHash === undefined ? [] : [this.#swarms.counts(infoHash, family)]);
    return {
      ...(v1Hash && { v1Hash }),
      ...(v2Hash && { v2Hash }),
      name,
      length,
      seeders: Math.max(...swarms.map((swarm) => swarm.seeders)),
      leechers: Math.max(...swarms.map((swarm) => swarm.leechers)),
    };
  }

  /** An error packet, cut so that it is no longer than the request. */
  #refuse(packet: Uint8Array, request: TrackerRequest, message: string): Uint8Array {
    this.#counters.refused++;
    const { transactionId } = request;
    const room = packet.length - ERROR_HEADER_LENGTH;
    return encodeResponse({ type: "error", transactionId, message: message.slice(0, room) });
  }

  #onRemoved(peer: Peer, why: Removal): void {
    this.#emit(why, peer);
    if (peer.listing !== undefined) this.#catalogue.release(peer.listing);
    peer.listing = undefined;
  }

  #emit(type: SwarmEvent["type"], peer: Peer): void {
    this.#options.onEvent?.(eventOf(type, peer));
  }
}
