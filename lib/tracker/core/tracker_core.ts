/**
 * The tracker without its socket: a packet in, a packet out.
 *
 * @module
 */

import { fromHex, hex, readUint32 } from "../../codec/bytes.ts";
import {
  AnnounceAt,
  decodeRequest,
  encodeResponse,
  type ReachRequest,
  type ScrapeRequest,
  type WhoRequest,
} from "../../codec/discovery/udp_tracker.ts";
import { Attendance } from "../roll/attendance.ts";
import { hashKeyFrom } from "../../codec/half_sip_hash.ts";
import { DEFAULT_LIMITS, type TrackerLimits } from "../tables/limits.ts";
import { type Origin, RequestOrigin } from "../tables/origin.ts";
import { indexOf, type PeerSlot, type Swarm } from "../tables/swarm.ts";
import type { Removal } from "../tables/announced.ts";
import { SwarmTable } from "../tables/swarm_table.ts";
import { AnnounceHandler, isAnnounce } from "./announce.ts";
import { Catalogue } from "./catalogue.ts";
import { ConnectionIds } from "./connection_id.ts";
import { NameFinder } from "./name_finder.ts";
import type { PortChecks } from "./port_checks.ts";
import { ResponseBuffer } from "./response_buffer.ts";
import { RollCalls } from "./roll_calls.ts";
import { eventOf, type SwarmEvent } from "./swarm_event.ts";
import type { TrackerStats } from "./tracker_stats.ts";
import { WarmUp } from "./warm_up.ts";

export type { TrackerStats } from "./tracker_stats.ts";

const UNKNOWN_ID = "connection id unknown or expired";
const ERROR_HEADER_LENGTH = 8;
const HASH_LENGTH = 20;

/** Maximum number of hashes answered in one scrape; BEP 15 says "about 74". */
const MAX_SCRAPE_HASHES = 74;

/** How many peers are checked for expiry before a packet, and the minimum time between such checks. */
const EXAMINED_PER_PACKET = 16;
const EXAMINATION_MS = 1;

/** Configuration of a tracker. */
export interface TrackerCoreOptions {
  /** Announce interval once a swarm has formed; younger swarms use a shorter one. */
  intervalSeconds: number;
  /** A peer expires after this long without an announce. */
  peerTtlSeconds: number;
  /** 32 random bytes. */
  secret: Uint8Array;
  /** Returns a number from 0 (inclusive) to 1 (exclusive). */
  random: () => number;
  /** The tracker's own address as a client at `host` would reach it, in the client's address family. */
  addressFor: (host: string) => string | undefined;
  /** When the tracker started; if absent, long ago. */
  startMs?: number;
  /** Limits that differ from the defaults. */
  limits?: Partial<TrackerLimits>;
  /** Collects the peers to dial back; if absent, no peer is dialled. */
  portChecks?: PortChecks | undefined;
  /** See {@link TrackerCore.onEvent}. */
  onEvent?: (event: SwarmEvent) => void;
}

/**
 * Answers connect, announce, scrape, find, reach and who requests (BEP 15, BEP 41). The tracker stores no state
 * for a client that has not proved its address, and never answers such a client with more bytes than it sent.
 */
export class TrackerCore {
  /** The torrents served, as 40 hex digits each; `undefined` serves all. May be replaced at any time. */
  allow: ReadonlySet<string> | undefined;
  /** All swarms. Read-only for callers. */
  readonly swarms: SwarmTable;
  /** The named torrents. Read-only for callers. */
  readonly catalogue: Catalogue;
  /** Finds torrents by name. */
  readonly finder: NameFinder;
  /** Reachability of peers, if the tracker checks it. */
  readonly portChecks: PortChecks | undefined;
  /** The machines behind the peers, and those that have left. */
  readonly attendance: Attendance;
  /** Says which machines have a torrent. */
  readonly rollCalls: RollCalls;

  /** Called for each change in a swarm. May be replaced at any time. */
  onEvent: ((event: SwarmEvent) => void) | undefined;

  readonly #ttlMs: number;
  readonly #ids: ConnectionIds;
  readonly #announces: AnnounceHandler;
  readonly #sender = new RequestOrigin();
  readonly #warmUp: WarmUp;
  #nextExpiryMs = 0;
  #nowMs = 0;
  readonly #counters = {
    connects: 0,
    announces: 0,
    scrapes: 0,
    finds: 0,
    reaches: 0,
    whos: 0,
    refused: 0,
    ignored: 0,
  };

  /** @param options How the tracker is configured. */
  constructor(options: TrackerCoreOptions) {
    const { random, addressFor, intervalSeconds, secret, portChecks } = options;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.onEvent = options.onEvent;
    this.portChecks = portChecks;
    this.#ttlMs = 1000 * options.peerTtlSeconds;
    this.#warmUp = new WarmUp(options.startMs ?? -Infinity, intervalSeconds);
    this.#ids = new ConnectionIds(secret);
    const hashKey = hashKeyFrom(secret);
    this.swarms = new SwarmTable({
      limits,
      hashKey,
      random,
      onRemoval: (swarm, slot, why) => this.#onRemoval(swarm, slot, why),
    });
    this.catalogue = new Catalogue(limits.maxNames, hashKey);
    this.finder = new NameFinder(this, this.#warmUp);
    this.attendance = new Attendance({
      ...limits,
      hashKey,
      isNamed: ({ infoHash }) => this.catalogue.isNamed(fromHex(infoHash)),
    });
    this.rollCalls = new RollCalls(this, { intervalSeconds, addressFor });
    this.#announces = new AnnounceHandler({
      swarms: this.swarms,
      catalogue: this.catalogue,
      attendance: this.attendance,
      hashKey,
      random,
      addressFor,
      intervalSeconds,
      maxPeersPerAnswer: limits.maxPeersPerAnswer,
      onReturn: () => this.#warmUp.cameBack(),
      onChange: (type, swarm, slot) => this.#emit(type, swarm, slot),
      onStored: portChecks &&
        ((from, joined, nowMs) => portChecks.announced(from, joined, nowMs)),
    });
  }

  /**
   * The answer to a packet, or `undefined` if none is due.
   *
   * @param from Where it came from; an IPv4-mapped IPv6 address counts as IPv4.
   * @param into A buffer the answer may be written to; it is valid until the next answer is written there.
   */
  handle(
    packet: Uint8Array,
    from: Origin,
    nowMs: number,
    into: ResponseBuffer,
  ): Uint8Array | undefined {
    this.#expireSome(nowMs);
    this.#nowMs = nowMs;
    const sender = this.#sender;
    const isReadable = sender.read(from);
    if (isReadable && isAnnounce(packet)) return this.#announce(packet, nowMs, into);
    const request = decodeRequest(packet);
    if (!isReadable || request === undefined || request.type === "announce") {
      this.#counters.ignored++;
      return undefined;
    }
    if (request.type === "connect") {
      this.#counters.connects++;
      return encodeResponse({ ...request, connectionId: this.#ids.issue(sender.ip, nowMs) });
    }
    if (!this.#ids.accepts(packet, sender.ip, nowMs)) return this.#refuse(packet, UNKNOWN_ID);
    if (request.type === "scrape") return this.#scrape(request);
    if (request.type === "who") return this.#who(packet, request, nowMs);
    if (request.type === "reach") return this.#reach(request);
    this.#counters.finds++;
    return encodeResponse(this.finder.answer(request, sender.family, nowMs));
  }

  /**
   * Removes expired peers. Checks at most `most` peers per call and resumes there the next time; call it
   * periodically. Returns the number removed.
   */
  expire(nowMs: number, most = Infinity): number {
    this.#nowMs = nowMs;
    return this.swarms.expire(nowMs, this.#ttlMs, most);
  }

  /** The number of {@link TrackerCore.expire} steps that cover every peer. */
  get expirySteps(): number {
    return this.swarms.expirySteps;
  }

  /** Current contents and counters. */
  stats(): TrackerStats {
    const { torrents, seeders, leechers } = this.swarms.totals;
    const names = this.catalogue.size;
    return { torrents, peers: seeders + leechers, seeders, leechers, names, ...this.#counters };
  }

  #expireSome(nowMs: number): void {
    if (nowMs < this.#nextExpiryMs) return;
    this.#nextExpiryMs = nowMs + EXAMINATION_MS;
    this.expire(nowMs, EXAMINED_PER_PACKET);
  }

  #announce(packet: Uint8Array, nowMs: number, into: ResponseBuffer): Uint8Array {
    const sender = this.#sender;
    if (!this.#ids.accepts(packet, sender.ip, nowMs)) return this.#refuse(packet, UNKNOWN_ID);
    if (this.allow !== undefined && !this.allow.has(hex(infoHashOf(packet)))) {
      return this.#refuse(packet, "this tracker does not serve this torrent");
    }
    const answer = this.#announces.answer(packet, sender, nowMs, into);
    if (typeof answer === "string") return this.#refuse(packet, answer);
    this.#counters.announces++;
    return answer;
  }

  #scrape(request: ScrapeRequest): Uint8Array {
    this.#counters.scrapes++;
    const { family } = this.#sender;
    const hashes = request.infoHashes.slice(0, MAX_SCRAPE_HASHES);
    const swarms = hashes.map((infoHash) => this.swarms.counts(infoHash, family));
    return encodeResponse({ type: "scrape", transactionId: request.transactionId, swarms });
  }

  /** Reports only on the requester's own address, and only if a peer announced that port from there. */
  #reach({ transactionId, port }: ReachRequest): Uint8Array {
    this.#counters.reaches++;
    const sender = this.#sender;
    sender.setPort(port);
    const reach = this.portChecks?.reachOf(sender.words, 0, sender.addressWords) ?? "unknown";
    return encodeResponse({ type: "reach", transactionId, reach });
  }

  #who(packet: Uint8Array, request: WhoRequest, nowMs: number): Uint8Array {
    const answer = this.rollCalls.answer(request, this.#sender, nowMs);
    if (typeof answer === "string") return this.#refuse(packet, answer);
    this.#counters.whos++;
    return encodeResponse(answer);
  }

  /** An error packet, truncated so that it is no longer than the request. */
  #refuse(packet: Uint8Array, message: string): Uint8Array {
    this.#counters.refused++;
    const transactionId = readUint32(packet, 12);
    const room = packet.length - ERROR_HEADER_LENGTH;
    return encodeResponse({ type: "error", transactionId, message: message.slice(0, room) });
  }

  #onRemoval(swarm: Swarm, slot: PeerSlot, why: Removal): void {
    this.#emit(why, swarm, slot);
    const listing = swarm.listingOf(slot);
    this.attendance.removed(swarm, slot, why, this.catalogue.numbered(listing), this.#nowMs);
    if (listing === 0) return;
    const { words, stride } = swarm.rosterOf(slot);
    this.catalogue.release(listing, { words, at: indexOf(slot) * stride, stride });
  }

  #emit(type: SwarmEvent["type"], swarm: Swarm, slot: PeerSlot): void {
    if (this.onEvent === undefined) return;
    const name = this.catalogue.numbered(swarm.listingOf(slot))?.name;
    this.onEvent(eventOf(type, swarm, slot, name, this.attendance.labelOf(swarm, slot)));
  }
}

function infoHashOf(announce: Uint8Array): Uint8Array {
  return announce.subarray(AnnounceAt.infoHash, AnnounceAt.infoHash + HASH_LENGTH);
}
