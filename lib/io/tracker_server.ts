/**
 * A tracker on its sockets: receives, lets the pure tracker answer, sends.
 *
 * @module
 */

import { formatHostPort, isIp, isIPv6, isLoopback, normalizeIp } from "../codec/address.ts";
import { OptionError } from "../errors.ts";
import type { TrackerLimits } from "../tracker/limits.ts";
import type { SwarmEvent } from "../tracker/swarm_event.ts";
import { AnswerBuffer } from "../tracker/answer_buffer.ts";
import { TrackerCore, type TrackerStats } from "../tracker/tracker.ts";
import { AllowFile } from "./allow_file.ts";
import { type Clock, systemClock } from "./clock.ts";
import { addressTowards, type OwnAddress, ownAddresses } from "./own_addresses.ts";
import { openSockets } from "./tracker_sockets.ts";

export type { SwarmEvent } from "../tracker/swarm_event.ts";
export type { TrackerLimits } from "../tracker/limits.ts";
export type { TrackerStats } from "../tracker/tracker.ts";

/** The port Shoal's trackers listen on by default. */
export const DEFAULT_TRACKER_PORT = 6969;

const DEFAULT_INTERVAL_SECONDS = 60;
const DEFAULT_MAX_PEERS = 50;

/** Two announces may get lost before a peer counts as gone. */
const TTL_INTERVALS = 2.5;

const LONGEST_TTL_SECONDS = 7 * 86_400;

/** Longer than any request: that is 16 bytes and 74 hashes, or an announce with a long URL. */
const RECEIVE_LENGTH = 2048;

/** How often silent peers are forgotten and the allow file is looked at. */
const TICK_MS = 1000;

/** Peers looked at without a break. To forget all of them takes about a millisecond. */
const EXAMINED_AT_ONCE = 1000;

/** How long the list of this machine's addresses is used before it is asked for again. */
const OWN_ADDRESSES_LIFE_MS = 10_000;

/** A pause after a receive that failed, so that a socket that keeps failing takes no processor. */
const RECEIVE_RETRY_MS = 100;

/** Settings of a tracker. */
export interface TrackerOptions {
  /** UDP port; default 6969, 0 takes a free one. */
  port?: number;
  /** The address to listen on; default all, IPv4 and IPv6. */
  host?: string;
  /** Seconds between the announces of a peer; default 60. Young and small swarms announce more often. */
  intervalSeconds?: number;
  /** Seconds after which a silent peer is forgotten; default 2.5 intervals, at most a week. */
  peerTtlSeconds?: number;
  /** Peers in one answer; default 50. */
  maxPeers?: number;
  /** The address of this machine to give to others for peers on it; default that of an interface. */
  externalIp?: string;
  /** A file of info-hashes in hex, one a line: only these torrents are served. Reread on change. */
  allowFile?: string;
  /** Bounds on what the tracker remembers. */
  limits?: Partial<TrackerLimits>;
  /** Aborting it closes the tracker. */
  signal?: AbortSignal;
  /** For tests. */
  clock?: Clock;
}

/** What a tracker tells those who listen. */
export type TrackerEvent = SwarmEvent | { type: "warning"; message: string };

/** Receives events. It must not throw. */
export type TrackerListener = (event: TrackerEvent) => void;

/**
 * A UDP tracker (BEP 15, 41) that also finds torrents by name. Close it.
 *
 * @example
 * ```ts
 * import { Tracker } from "./tracker_server.ts";
 *
 * await using tracker = await Tracker.listen({ port: 0 });
 * console.error(`udp://127.0.0.1:${tracker.addr.port}`);
 * ```
 */
export class Tracker implements AsyncDisposable {
  /** Resolves when the tracker is closed. */
  readonly done: Promise<void>;
  readonly #core: TrackerCore;
  readonly #sockets: Deno.DatagramConn[];
  readonly #clock: Clock;
  readonly #allowFile: AllowFile | undefined;
  readonly #closing = new AbortController();
  readonly #listeners = new Set<TrackerListener>();
  readonly #signal: AbortSignal | undefined;
  readonly #externalIp: string | undefined;
  #own: { addresses: OwnAddress[]; sinceMs: number } | undefined;
  readonly #abort = () => void this.close();
  readonly #emitEvent = (event: SwarmEvent) => this.#emit(event);
  #sendFailures = 0;

  private constructor(
    options: TrackerOptions,
    sockets: Deno.DatagramConn[],
    allowFile: AllowFile | undefined,
    allow: ReadonlySet<string> | undefined,
  ) {
    const intervalSeconds = options.intervalSeconds ?? DEFAULT_INTERVAL_SECONDS;
    this.#clock = options.clock ?? systemClock;
    this.#externalIp = options.externalIp ?? specific(options.host);
    this.#sockets = sockets;
    this.#allowFile = allowFile;
    this.#core = new TrackerCore({
      intervalSeconds,
      peerTtlSeconds: options.peerTtlSeconds ?? TTL_INTERVALS * intervalSeconds,
      secret: crypto.getRandomValues(new Uint8Array(32)),
      random: Math.random,
      addressFor: (host) => this.#addressFor(host),
      limits: { maxPeersPerAnswer: options.maxPeers ?? DEFAULT_MAX_PEERS, ...options.limits },
    });
    this.#core.allow = allow;
    this.#signal = options.signal;
    this.#signal?.addEventListener("abort", this.#abort);
    const loops = sockets.map((socket) => this.#receive(socket));
    this.done = Promise.all([...loops, this.#tick()]).then(() => {});
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
    const sockets = openSockets(options.port ?? DEFAULT_TRACKER_PORT, options.host);
    return new Tracker(options, sockets, allowFile, allow);
  }

  /** Where it listens; `::` means every address, also those of IPv4. */
  get addr(): { host: string; port: number } {
    const { hostname, port } = this.#sockets[0]!.addr as Deno.NetAddr;
    return { host: hostname, port };
  }

  /** What it holds and has done so far. */
  stats(): TrackerStats & { sendFailures: number } {
    return { ...this.#core.stats(), sendFailures: this.#sendFailures };
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
      for (const socket of this.#sockets) socket.close();
    }
    await this.done;
  }

  /** Same as {@link Tracker.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** One packet at a time: what the answers cannot keep up with waits in the system's bounded buffer. */
  async #receive(socket: Deno.DatagramConn): Promise<void> {
    const buffer = new Uint8Array(RECEIVE_LENGTH);
    const into = new AnswerBuffer();
    while (!this.#closing.signal.aborted) {
      try {
        const [packet, from] = await socket.receive(buffer);
        const answer = this.#answer(packet, from as Deno.NetAddr, into);
        if (answer === undefined) continue;
        try {
          // Waited for, as the next answer takes the same room. It has nearly always gone already.
          await socket.send(answer, from);
        } catch {
          this.#sendFailures++;
        }
      } catch {
        // Some systems report here that a packet sent earlier was refused. That is no reason to stop.
        await this.#clock.sleep(RECEIVE_RETRY_MS, this.#closing.signal);
      }
    }
  }

  #answer(packet: Uint8Array, from: Deno.NetAddr, into: AnswerBuffer): Uint8Array | undefined {
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
      await this.#expire();
      try {
        this.#core.allow = await this.#allowFile?.readIfChanged() ?? this.#core.allow;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#emit({ type: "warning", message: `${reason}; the list from before stays in force` });
      }
    }
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
    for (const listener of this.#listeners) listener(event);
  }
}

/** The address to listen on, if it is one that others can use. */
function specific(host: string | undefined): string | undefined {
  return host === undefined || host === "::" || host === "0.0.0.0" || isLoopback(host)
    ? undefined
    : host;
}

function checkOptions(options: TrackerOptions): void {
  const { externalIp, host, port = 0, intervalSeconds, peerTtlSeconds, maxPeers } = options;
  if (externalIp !== undefined && !isIp(externalIp)) {
    throw new OptionError(`the external address "${externalIp}" is not an IP address`);
  }
  if (host !== undefined && !isIp(host)) {
    throw new OptionError(`a tracker listens on an IP address, which "${host}" is not`);
  }
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new OptionError(`a port is a number from 1 to 65535, which ${port} is not`);
  }
  const interval = intervalSeconds ?? DEFAULT_INTERVAL_SECONDS;
  if (!Number.isInteger(interval) || interval < 1 || interval > 86_400) {
    throw new OptionError("the interval is a whole number of seconds from 1 to 86400");
  }
  if (peerTtlSeconds !== undefined && !(peerTtlSeconds >= interval)) {
    throw new OptionError("peers must be remembered for one interval at least");
  }
  if (peerTtlSeconds !== undefined && peerTtlSeconds > LONGEST_TTL_SECONDS) {
    throw new OptionError("peers can be remembered for a week at most");
  }
  if (maxPeers !== undefined && !(Number.isInteger(maxPeers) && maxPeers >= 0)) {
    throw new OptionError("the number of peers in an answer is a whole number");
  }
}
