/**
 * A tracker on its sockets: receives, lets the pure tracker answer, sends.
 *
 * @module
 */

import { formatHostPort, isIPv6, isLoopback, normalizeIp } from "../codec/address.ts";
import { DEFAULT_TRACKER_PORT } from "../codec/discovery/tracker_url.ts";
import { reachableAddress } from "../discovery/advertised_address.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { callListener } from "../runtime/event_listeners.ts";
import {
  addressTowards,
  type InterfaceNetwork,
  ownAddresses,
} from "../runtime/network_interfaces.ts";
import { AllowFile } from "./allow_file.ts";
import { members, sizeOf, type SwarmMember } from "./core/inspect.ts";
import { PortChecks } from "./core/port_checks.ts";
import { ResponseBuffer } from "./core/response_buffer.ts";
import type { SwarmEvent } from "./core/swarm_event.ts";
import { TrackerCore, type TrackerStats } from "./core/tracker_core.ts";
import {
  checkOptions,
  DEFAULT_INTERVAL_SECONDS,
  type TrackerOptions,
  type TrackerSettings,
} from "./options.ts";
import { PortChecker } from "./port_checker.ts";
import { type FoundSwarms, TrackerSearches } from "./search_queue.ts";
import { TrackerSockets } from "./sockets.ts";

export type { TrackerOptions } from "./options.ts";
export type { SwarmEvent } from "./core/swarm_event.ts";
export type { TrackerLimits } from "./tables/limits.ts";
export type { FoundSwarms } from "./search_queue.ts";
export type { SwarmSummary } from "./core/search.ts";
export type { SwarmMember } from "./core/inspect.ts";
export type { TrackerStats } from "./core/tracker_core.ts";

const DEFAULT_MAX_PEERS = 50;

/** Two announces may get lost before a peer counts as gone. */
const TTL_INTERVALS = 2.5;

/** Longer than any request: that is 16 bytes and 74 hashes, or an announce with a long URL. */
const RECEIVE_LENGTH = 2048;

/** How often silent peers are forgotten and the allow file is looked at. */
const TICK_MS = 1000;

/** Peers looked at without a break. To forget all of them takes about a millisecond. */
const EXAMINED_AT_ONCE = 1000;

/** How long the list of this machine's addresses is used before it is asked for again. */
const OWN_ADDRESSES_LIFE_MS = 10_000;

/** How often it looks which addresses this machine has: it listens on each of them. */
const FOLLOW_MS = 2000;

/** A pause after a receive that failed, so that a socket that keeps failing takes no processor. */
const RECEIVE_RETRY_MS = 100;

/** What a tracker tells those who listen. */
export type TrackerEvent = SwarmEvent | { type: "warning"; message: string };

/** Receives events. What it throws stops nothing, see `TransferListener`. */
export type TrackerListener = (event: TrackerEvent) => void;

/**
 * A UDP tracker (BEP 15, 41) that also finds torrents by name. Close it.
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
  readonly #loops = new Set<Promise<void>>();
  readonly #clock: Clock;
  readonly #allowFile: AllowFile | undefined;
  readonly #portChecker: PortChecker | undefined;
  readonly #closing = new AbortController();
  readonly #listeners = new Set<TrackerListener>();
  readonly #signal: AbortSignal | undefined;
  readonly #intervalSeconds: number;
  readonly #externalIp: string | undefined;
  #own: { addresses: InterfaceNetwork[]; sinceMs: number } | undefined;
  readonly #abort = () => void this.close();
  readonly #emitEvent = (event: SwarmEvent) => this.#emit(event);
  #sendFailures = 0;
  #followedMs = 0;

  private constructor(
    options: TrackerSettings,
    sockets: TrackerSockets,
    allowFile: AllowFile | undefined,
    allow: ReadonlySet<string> | undefined,
  ) {
    const intervalSeconds = options.intervalSeconds ?? DEFAULT_INTERVAL_SECONDS;
    this.#clock = options.clock ?? systemClock;
    this.#intervalSeconds = intervalSeconds;
    this.#externalIp = options.externalIp ?? specific(options.host);
    this.#sockets = sockets;
    this.#allowFile = allowFile;
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
      addressFor: (host) => this.#addressFor(host),
      limits: { maxPeersPerAnswer: options.maxPeers ?? DEFAULT_MAX_PEERS, ...options.limits },
      portChecks,
    });
    this.#core.allow = allow;
    this.#searches = new TrackerSearches(this.#core, this.#clock);
    this.#signal = options.signal;
    this.#signal?.addEventListener("abort", this.#abort);
    for (const socket of sockets.values()) this.#listen(socket);
    this.done = this.#tick().then(() => Promise.all(this.#loops)).then(() => {});
  }

  /**
   * Starts a tracker.
   *
   * @throws {NetworkError} when the port is taken; {OptionError} when a setting makes no sense, this
   * machine lacks the address, or the allow file cannot be read; the signal's reason when it has aborted.
   */
  static async listen(options: TrackerOptions = {}): Promise<Tracker> {
    checkOptions(options);
    const allowFile = options.allowFile === undefined
      ? undefined
      : new AllowFile(options.allowFile);
    const allow = await allowFile?.readIfChanged();
    options.signal?.throwIfAborted();
    const sockets = TrackerSockets.open(options.port ?? DEFAULT_TRACKER_PORT, options.host);
    return new Tracker(options, sockets, allowFile, allow);
  }

  /** Where it listens; `::` means every address, also those of IPv4. */
  get addr(): { host: string; port: number } {
    return this.#sockets.addr;
  }

  /** What it holds and has done so far. */
  stats(): TrackerStats & { sendFailures: number } {
    return { ...this.#core.stats(), sendFailures: this.#sendFailures };
  }

  /** Seconds between the announces of a peer, once its swarm has formed. */
  get intervalSeconds(): number {
    return this.#intervalSeconds;
  }

  /** The URL under which other machines reach it, as far as it knows. */
  get url(): string {
    const { host, port } = this.addr;
    return `udp://${formatHostPort(this.#externalIp ?? reachableAddress(host), port)}`;
  }

  /**
   * The swarms whose name contains `search`, or whose hash begins with it, biggest first; `most` of them.
   * On a huge tracker the first answers are of a part, until it has been searched a little at a time.
   */
  survey(search: string, most: number): FoundSwarms {
    return this.#searches.find(search, most);
  }

  /**
   * Everybody in a swarm; of a huge one, a sample.
   *
   * @param hash 40 or 64 hex digits
   */
  members(hash: string): SwarmMember[] {
    return members(this.#core, hash, this.#clock.nowMs());
  }

  /**
   * How many are in a swarm.
   *
   * @param hash 40 or 64 hex digits
   */
  swarmSize(hash: string): number {
    return sizeOf(this.#core, hash);
  }

  /** Calls `listener` on changes in swarms and on warnings; the returned function ends that. */
  on(listener: TrackerListener): () => void {
    this.#listeners.add(listener);
    this.#core.onEvent = this.#emitEvent;
    return () => {
      this.#listeners.delete(listener);
      // Where nobody listens no event needs to be put together.
      if (this.#listeners.size === 0) this.#core.onEvent = undefined;
    };
  }

  /** Stops answering and frees the port. */
  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort();
      this.#signal?.removeEventListener("abort", this.#abort);
      this.#sockets.close();
    }
    await Promise.all([this.done, this.#portChecker?.close()]);
  }

  /** Same as {@link Tracker.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #listen(socket: Deno.DatagramConn): void {
    const loop = this.#receive(socket).finally(() => this.#loops.delete(loop));
    this.#loops.add(loop);
  }

  /** One packet at a time: what the answers cannot keep up with waits in the system's bounded buffer. */
  async #receive(socket: Deno.DatagramConn): Promise<void> {
    const buffer = new Uint8Array(RECEIVE_LENGTH);
    const into = new ResponseBuffer();
    const closing = this.#closing.signal;
    while (!closing.aborted) {
      let packet: Uint8Array, from: Deno.Addr;
      try {
        [packet, from] = await socket.receive(buffer);
      } catch {
        if (!this.#sockets.includes(socket)) return; // its address is gone
        // Some systems report here that a packet sent earlier was refused. That is no reason to stop.
        await this.#clock.sleep(RECEIVE_RETRY_MS, closing);
        continue;
      }
      const answer = this.#answer(packet, from as Deno.NetAddr, into);
      if (answer === undefined) continue;
      try {
        // Waited for, as the next answer takes the same room. It has nearly always gone already.
        await socket.send(answer, from);
      } catch {
        this.#sendFailures++;
      }
    }
  }

  #answer(packet: Uint8Array, from: Deno.NetAddr, into: ResponseBuffer): Uint8Array | undefined {
    try {
      return this.#core.handle(packet, from, this.#clock.nowMs(), into);
    } catch (error) {
      const where = formatHostPort(normalizeIp(from.hostname), from.port);
      this.#emit({ type: "warning", message: `A packet from ${where} met a fault: ${error}` });
      return undefined;
    }
  }

  async #tick(): Promise<void> {
    const closing = this.#closing.signal;
    while (!closing.aborted) {
      await this.#clock.sleep(TICK_MS, closing);
      if (closing.aborted) return;
      await this.#expire();
      this.#followAddresses();
      try {
        this.#core.allow = await this.#allowFile?.readIfChanged() ?? this.#core.allow;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#emit({ type: "warning", message: `${reason}; the list from before stays in force` });
      }
    }
  }

  #followAddresses(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#followedMs < FOLLOW_MS || this.#closing.signal.aborted) return;
    this.#followedMs = nowMs;
    for (const socket of this.#sockets.refresh()) this.#listen(socket);
  }

  /** Forgets silent peers, some at a time, so that nobody has to wait for an answer meanwhile. */
  async #expire(): Promise<void> {
    for (let left = this.#core.expirySteps; left > 0; left -= EXAMINED_AT_ONCE) {
      this.#core.expire(this.#clock.nowMs(), EXAMINED_AT_ONCE);
      if (left > EXAMINED_AT_ONCE) await this.#clock.sleep(0, this.#closing.signal);
    }
  }

  /** This machine's address as a peer at `host` reaches it. */
  #addressFor(host: string): string | undefined {
    const given = this.#externalIp;
    if (given !== undefined && isIPv6(given) === isIPv6(host)) return given;
    const nowMs = this.#clock.nowMs();
    if (this.#own === undefined || nowMs - this.#own.sinceMs > OWN_ADDRESSES_LIFE_MS) {
      this.#own = { addresses: ownAddresses(), sinceMs: nowMs };
    }
    return addressTowards(host, this.#own.addresses);
  }

  #emit(event: TrackerEvent): void {
    for (const listener of this.#listeners) callListener(listener, event);
  }
}

/** The address to listen on, if it is one that others can use. */
function specific(host: string | undefined): string | undefined {
  return host === undefined || host === "::" || host === "0.0.0.0" || isLoopback(host)
    ? undefined
    : host;
}
