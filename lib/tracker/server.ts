/**
 * The tracker as its users see it: a {@link TrackerCore} on its sockets, with clock, lists and listeners.
 *
 * @module
 */

import { formatHostPort, parseHostPort } from "../codec/address.ts";
import { DEFAULT_TRACKER_PORT } from "../codec/discovery/tracker_url.ts";
import { reachableAddress } from "../discovery/advertised_address.ts";
import type { OfferHandle } from "../discovery/local/offer.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { callListener } from "../runtime/event_listeners.ts";
import { AdministratorLists, type Listed } from "./administrator_lists.ts";
import { members, sizeOf } from "./core/inspect.ts";
import { PortChecks } from "./core/port_checks.ts";
import type { SwarmEvent } from "./core/swarm_event.ts";
import { TrackerCore, type TrackerStats } from "./core/tracker_core.ts";
import { offerLocally } from "./local_offer.ts";
import {
  checkOptions,
  DEFAULT_INTERVAL_SECONDS,
  type TrackerOptions,
  type TrackerSettings,
} from "./options.ts";
import { OwnAddress } from "./own_address.ts";
import { PacketLoops } from "./packet_loops.ts";
import { PortChecker } from "./port_checker.ts";
import type { SwarmMember } from "./roll/member.ts";
import type { RollCall } from "./roll/roll_call.ts";
import { type FoundSwarms, TrackerSearches } from "./search_queue.ts";
import { TrackerSockets } from "./sockets.ts";

export type { TrackerOptions } from "./options.ts";
export type { SwarmEvent } from "./core/swarm_event.ts";
export type { TrackerLimits } from "./tables/limits.ts";
export type { FoundSwarms } from "./search_queue.ts";
export type { SwarmSummary } from "./core/search.ts";
export type { SwarmMember } from "./roll/member.ts";
export type { Machine, RollCall } from "./roll/roll_call.ts";
export type { TrackerStats } from "./core/tracker_core.ts";

const DEFAULT_MAX_PEERS = 50;

/** A peer may lose two announces before it expires. */
const TTL_INTERVALS = 2.5;

/** How often peers are expired and the administrator's lists are checked. */
const TICK_MS = 1000;

/** Peers examined without a break. Expiring all of them takes about a millisecond. */
const EXAMINED_AT_ONCE = 1000;

/** How often the machine's addresses are checked; the tracker listens on each of them. */
const FOLLOW_MS = 2000;

/** An event reported to listeners. */
export type TrackerEvent = SwarmEvent | { type: "warning"; message: string };

/** A torrent whose machines have all left. */
export interface AbandonedTorrent {
  /** 64 hex digits of its v2 hash, or 40. */
  readonly hash: string;
  /** The name that its machines used; absent when none gave one. */
  readonly name?: string;
}

/** Receives events. What it throws is contained, see `TransferListener`. */
export type TrackerListener = (event: TrackerEvent) => void;

/**
 * A UDP tracker (BEP 15, 41) that also finds torrents by name. The owner must close it.
 *
 * @example
 * ```ts
 * import { Tracker } from "@shoal/shoal";
 *
 * await using tracker = await Tracker.listen({ port: 0 });
 * console.error(`udp://127.0.0.1:${tracker.addr.port}`);
 * ```
 */
export class Tracker implements AsyncDisposable {
  /** Resolves when the tracker is closed. */
  readonly done: Promise<void>;
  readonly #core: TrackerCore;
  readonly #searches: TrackerSearches;
  readonly #sockets: TrackerSockets;
  readonly #packets: PacketLoops;
  readonly #clock: Clock;
  readonly #lists: AdministratorLists;
  readonly #portChecker: PortChecker | undefined;
  readonly #offer: OfferHandle | undefined;
  readonly #closing = new AbortController();
  readonly #listeners = new Set<TrackerListener>();
  readonly #signal: AbortSignal | undefined;
  readonly #intervalSeconds: number;
  readonly #ownAddress: OwnAddress;
  readonly #abort = () => void this.close();
  readonly #emitEvent = (event: SwarmEvent) => this.#emit(event);
  #followedMs = 0;

  private constructor(
    options: TrackerSettings,
    sockets: TrackerSockets,
    lists: AdministratorLists,
    listed: Listed,
  ) {
    const intervalSeconds = options.intervalSeconds ?? DEFAULT_INTERVAL_SECONDS;
    this.#clock = options.clock ?? systemClock;
    this.#intervalSeconds = intervalSeconds;
    this.#ownAddress = new OwnAddress(options, this.#clock);
    this.#sockets = sockets;
    this.#lists = lists;
    const portChecks = options.checkPorts
      ? new PortChecks(crypto.getRandomValues(new Uint32Array(2)))
      : undefined;
    this.#portChecker = portChecks && new PortChecker(portChecks, this.#clock);
    this.#core = new TrackerCore({
      intervalSeconds,
      peerTtlSeconds: options.peerTtlSeconds ?? TTL_INTERVALS * intervalSeconds,
      startMs: this.#clock.nowMs(),
      secret: crypto.getRandomValues(new Uint8Array(32)),
      random: Math.random,
      addressFor: (host) => this.#ownAddress.towards(host),
      limits: { maxPeersPerAnswer: options.maxPeers ?? DEFAULT_MAX_PEERS, ...options.limits },
      portChecks,
    });
    this.#core.allow = listed.allow;
    this.#core.rollCalls.expected = listed.rollCalls.expected;
    this.#searches = new TrackerSearches(this.#core, this.#clock);
    this.#signal = options.signal;
    this.#signal?.addEventListener("abort", this.#abort);
    this.#packets = new PacketLoops(
      this.#core,
      sockets,
      this.#clock,
      (message) => this.#warn(message),
    );
    this.#offer = options.hidden ? undefined : offerLocally(this.#core, sockets.addr);
    this.done = this.#tick().then(() => this.#packets.done);
  }

  /**
   * Starts a tracker.
   *
   * @throws {NetworkError} if the port is taken; {OptionError} if a setting is invalid, this machine does not
   * have the address, or a list cannot be read or is malformed; the signal's reason if it has aborted.
   */
  static async listen(options: TrackerOptions = {}): Promise<Tracker> {
    checkOptions(options);
    const lists = new AdministratorLists(options);
    const listed: Listed = { allow: undefined, rollCalls: { expected: [] } };
    await lists.read(listed);
    options.signal?.throwIfAborted();
    const sockets = TrackerSockets.open(options.port ?? DEFAULT_TRACKER_PORT, options.host);
    return new Tracker(options, sockets, lists, listed);
  }

  /** The address it listens on; `::` means every address, including IPv4. */
  get addr(): { host: string; port: number } {
    return this.#sockets.addr;
  }

  /** Current contents and counters. */
  stats(): TrackerStats & { sendFailures: number } {
    return { ...this.#core.stats(), sendFailures: this.#packets.sendFailures };
  }

  /** Announce interval in seconds, once a swarm has formed. */
  get intervalSeconds(): number {
    return this.#intervalSeconds;
  }

  /** The URL under which other machines reach this tracker, as far as it knows. */
  get url(): string {
    const { host, port } = this.addr;
    return `udp://${formatHostPort(this.#ownAddress.given ?? reachableAddress(host), port)}`;
  }

  /**
   * Up to `most` swarms whose name contains `search` or whose hash starts with it, biggest first. On a huge
   * tracker the first answers cover only a part, because the search runs in small steps.
   */
  survey(search: string, most: number): FoundSwarms {
    return this.#searches.find(search, most);
  }

  /**
   * Which machines have a torrent, get it, had it or should have it; nobody for an unknown one.
   *
   * @param hash 40 or 64 hex digits
   */
  rollCall(hash: string): RollCall {
    return this.#core.rollCalls.of(hash.toLowerCase(), this.#clock.nowMs());
  }

  /** Torrents whose machines have all left within a day, the latest first. */
  abandoned(): AbandonedTorrent[] {
    return this.#core.rollCalls.abandoned(this.#clock.nowMs())
      .map(({ torrent, name }) => ({ hash: torrent, ...(name !== undefined && { name }) }));
  }

  /**
   * Forgets the machines of a torrent that have left, or only the one that was at `address`.
   *
   * @param hash 40 or 64 hex digits
   * @param address `host:port`
   * @returns how many were forgotten
   */
  dismiss(hash: string, address?: string): number {
    const one = address === undefined ? undefined : parseHostPort(address);
    if (address !== undefined && one === undefined) return 0;
    return this.#core.rollCalls.dismiss(hash.toLowerCase(), one);
  }

  /**
   * All members of a swarm, or a sample of a huge one.
   *
   * @param hash 40 or 64 hex digits
   */
  members(hash: string): SwarmMember[] {
    return members(this.#core, hash, this.#clock.nowMs());
  }

  /**
   * The number of peers in a swarm.
   *
   * @param hash 40 or 64 hex digits
   */
  swarmSize(hash: string): number {
    return sizeOf(this.#core, hash);
  }

  /** Calls `listener` on changes in swarms and on warnings; the returned function removes it. */
  on(listener: TrackerListener): () => void {
    this.#listeners.add(listener);
    this.#core.onEvent = this.#emitEvent;
    return () => {
      this.#listeners.delete(listener);
      // Without listeners no event needs to be built.
      if (this.#listeners.size === 0) this.#core.onEvent = undefined;
    };
  }

  /** Stops answering and frees the port. */
  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort();
      this.#signal?.removeEventListener("abort", this.#abort);
      this.#packets.close();
    }
    await Promise.all([this.done, this.#portChecker?.close(), this.#offer?.close()]);
  }

  /** Same as {@link Tracker.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #tick(): Promise<void> {
    const closing = this.#closing.signal;
    while (!closing.aborted) {
      await this.#clock.sleep(TICK_MS, closing);
      if (closing.aborted) return;
      await this.#expire();
      this.#followAddresses();
      await this.#lists.refresh(this.#core, (message) => this.#warn(message));
    }
  }

  #followAddresses(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#followedMs < FOLLOW_MS || this.#closing.signal.aborted) return;
    this.#followedMs = nowMs;
    this.#packets.followAddresses();
  }

  /** Expires peers in small steps, so that answers are not delayed. */
  async #expire(): Promise<void> {
    for (let left = this.#core.expirySteps; left > 0; left -= EXAMINED_AT_ONCE) {
      this.#core.expire(this.#clock.nowMs(), EXAMINED_AT_ONCE);
      if (left > EXAMINED_AT_ONCE) await this.#clock.sleep(0, this.#closing.signal);
    }
  }

  #warn(message: string): void {
    this.#emit({ type: "warning", message });
  }

  #emit(event: TrackerEvent): void {
    for (const listener of this.#listeners) callListener(listener, event);
  }
}
