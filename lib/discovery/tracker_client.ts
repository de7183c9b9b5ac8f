/**
 * A client of one UDP tracker, over IPv4 and IPv6 (BEP 15).
 *
 * A tracker with addresses of both families is asked over both, because it knows for each family only the
 * peers that announced over it. Of several addresses of one family, one that answers is used.
 *
 * @module
 */

import type { HostPort } from "../codec/address.ts";
import { parseTrackerUrl, type TrackerUrl } from "../codec/discovery/tracker_url.ts";
import {
  type AnnounceEvent,
  type FindResponse,
  formatUrlData,
  type HostedFile,
  peersOf,
  type Reach,
  sharesLabels,
  type SwarmCounts,
  type WhoResponse,
} from "../codec/discovery/udp_tracker.ts";
import { NetworkError } from "../errors.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { resolveHost, trackerAddresses } from "../runtime/resolve_host.ts";
import { unreachable } from "../runtime/socket_errors.ts";
import { TrackerConnection, TrackerTimeoutError } from "./tracker_connection.ts";
import { mostTelling, TrackerEndpoints } from "./tracker_endpoints.ts";

export { TrackerErrorResponse, TrackerTimeoutError } from "./tracker_connection.ts";

/** Time limit for a request before the tracker counts as silent. */
const GIVE_UP_SECONDS = 15;

/** Once one family has answered, how long to wait for the other. */
const OTHER_FAMILY_MS = 300;

/** The fields of an announce. */
export interface AnnounceParams {
  /** 20 bytes; a v2 hash truncated. */
  infoHash: Uint8Array;
  /** 20 bytes. */
  peerId: Uint8Array;
  /** The TCP port it listens on. */
  port: number;
  /** 32 random bits, the same in all announces of one run. */
  key: number;
  /** The event of the announce. */
  event: AnnounceEvent;
  /** Number of peers wanted; -1 leaves it to the tracker. */
  numWant: number;
  /** Bytes sent in this run. */
  uploadedBytes: number;
  /** Bytes received in this run. */
  downloadedBytes: number;
  /** Bytes missing; 0 for a seeder. */
  leftBytes: number;
  /** What to list in the tracker's catalogue. Trackers on public addresses are not told the label. */
  hosted?: HostedFile;
}

/** The tracker's answer to an announce. */
export interface AnnounceAnswer {
  /** Seconds until the next announce. */
  intervalSeconds: number;
  /** Number of peers that have all of the torrent. */
  seeders: number;
  /** Number of peers that are still downloading. */
  leechers: number;
  /** The peers, grouped by the tracker address that returned them. */
  peers: NamedPeers[];
}

/** The peers that one address of a tracker returned. */
export interface NamedPeers {
  /** The IP address of the tracker. */
  by: string;
  /** Their addresses, as the tracker gave them. */
  peers: HostPort[];
}

/** Limits of one request. */
export interface AskOptions {
  /** Aborting it gives up. */
  signal?: AbortSignal;
  /** Time limit in seconds; default 15. */
  giveUpSeconds?: number;
}

/** Settings of a client. */
interface UdpTrackerClientOptions {
  /** The IP address to send from. A tracker of the other family cannot be asked then. */
  localHost?: string;
  /** For tests. */
  clock?: Clock;
  /** For tests: resolves a host name to IP addresses. */
  resolve?: (host: string) => Promise<string[]>;
}

/** A client of one tracker. The owner must close it. */
export class UdpTrackerClient implements AsyncDisposable {
  readonly #tracker: TrackerUrl;
  readonly #clock: Clock;
  readonly #localHost: string | undefined;
  readonly #resolveHost: (host: string) => Promise<string[]>;
  readonly #closing = new AbortController();
  #paths: Promise<TrackerEndpoints[]> | undefined;
  #questions = 0;
  /** Addresses that did not answer when they were last asked. */
  readonly #silent = new Set<string>();
  /** Set after all addresses failed: the name is resolved again before the next request. */
  #stale = false;

  /**
   * Creates a client for `udp://host:port[/path]`. Sends nothing yet.
   *
   * @throws {OptionError} if the URL is not that of a UDP tracker.
   */
  constructor(url: string, options: UdpTrackerClientOptions = {}) {
    this.#tracker = parseTrackerUrl(url);
    this.#clock = options.clock ?? systemClock;
    this.#resolveHost = options.resolve ?? resolveHost;
    this.#localHost = options.localHost === "::" ? undefined : options.localHost;
  }

  /** The tracker's URL as given. */
  get url(): string {
    return this.#tracker.url;
  }

  /**
   * Announces a peer and returns others.
   *
   * @throws {TrackerTimeoutError}, {TrackerErrorResponse} or another {NetworkError}; the signal's reason when
   * it aborts. The other requests throw the same.
   */
  async announce(params: AnnounceParams, options: AskOptions = {}): Promise<AnnounceAnswer> {
    const { hosted, ...fields } = params;
    const answers = await this.#ask(options, async (path, giveUpMs, signal) => {
      const told = sharesLabels(path.host) ? hosted : withoutLabel(hosted);
      const urlData = formatUrlData(this.#tracker.path, told);
      const question = { type: "announce", ...fields, urlData } as const;
      const answer = await path.ask(question, giveUpMs, signal);
      return { ...answer, peers: { by: path.host, peers: peersOf(answer.peers, path.family) } };
    });
    return {
      intervalSeconds: Math.min(...answers.map((answer) => answer.intervalSeconds)),
      seeders: Math.max(...answers.map((answer) => answer.seeders)),
      leechers: Math.max(...answers.map((answer) => answer.leechers)),
      peers: answers.map((answer) => answer.peers),
    };
  }

  /** The counts of swarms, in the order of `infoHashes` (20 bytes each, at most 70). */
  async scrape(infoHashes: Uint8Array[], options: AskOptions = {}): Promise<SwarmCounts[]> {
    const answers = await this.#ask(options, async (path, giveUpMs, signal) => {
      const answer = await path.ask({ type: "scrape", infoHashes }, giveUpMs, signal);
      if (answer.swarms.length < infoHashes.length) {
        throw new NetworkError(`tracker ${this.url} answers a scrape with too few swarms`);
      }
      return answer.swarms;
    });
    return infoHashes.map((_, i) => ({
      seeders: Math.max(...answers.map((swarms) => swarms[i]!.seeders)),
      completed: Math.max(...answers.map((swarms) => swarms[i]!.completed)),
      leechers: Math.max(...answers.map((swarms) => swarms[i]!.leechers)),
    }));
  }

  /** The tracker's entries for `name` (not empty): one answer for each family it was asked over. */
  find(name: string, options: AskOptions = {}): Promise<FindResponse[]> {
    return this.#find({ type: "find", name }, options);
  }

  /** One packet of the tracker's catalogue, starting at entry index `offset`. */
  list(offset: number, options: AskOptions = {}): Promise<FindResponse[]> {
    return this.#find({ type: "list", offset }, options);
  }

  /**
   * Whether the tracker could connect to our TCP port. Over two families the better answer counts;
   * `unreachable` is only returned once both say so.
   */
  async reach(port: number, options: AskOptions = {}): Promise<Reach> {
    const answers = await this.#ask(options, async (path, giveUpMs, signal) => {
      const { reach } = await path.ask({ type: "reach", port }, giveUpMs, signal);
      return reach;
    });
    const order = ["reachable", "unknown", "unreachable"] as const;
    return order.find((reach) => answers.includes(reach))!;
  }

  /**
   * One packet of the roll-call of a torrent, starting at machine index `offset`: one answer for each family
   * it was asked over.
   *
   * @param infoHash 20 bytes; a v2 hash truncated
   */
  who(infoHash: Uint8Array, offset: number, options: AskOptions = {}): Promise<WhoResponse[]> {
    const question = { type: "who", infoHash, offset } as const;
    return this.#ask(options, (path, giveUpMs, signal) => path.ask(question, giveUpMs, signal));
  }

  /** Closes the sockets; pending requests reject. */
  async close(): Promise<void> {
    this.#closing.abort(new NetworkError(`the client of tracker ${this.url} is closed`));
    await this.#closePaths();
  }

  /** Same as {@link UdpTrackerClient.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #find(
    question: { type: "find"; name: string } | { type: "list"; offset: number },
    options: AskOptions,
  ): Promise<FindResponse[]> {
    return this.#ask(options, (path, giveUpMs, signal) => path.ask(question, giveUpMs, signal));
  }

  /** Asks over all families at once; returns at least one answer. */
  async #ask<T>(
    options: AskOptions,
    ask: (path: TrackerEndpoints, giveUpMs: number, signal: AbortSignal) => Promise<T>,
  ): Promise<T[]> {
    const giveUpMs = 1000 * (options.giveUpSeconds ?? GIVE_UP_SECONDS);
    const enough = new AbortController();
    const signals = [this.#closing.signal, ...(options.signal ? [options.signal] : [])];
    const given = AbortSignal.any(signals);
    given.throwIfAborted();
    this.#questions++;
    try {
      const paths = await this.#openPaths(giveUpMs, given);
      const signal = AbortSignal.any([given, enough.signal]);
      const answers: T[] = [];
      const faults: unknown[] = [];
      const first = Promise.withResolvers<void>();
      const all = Promise.all(paths.map(async (path) => {
        try {
          answers.push(await ask(path, giveUpMs, signal));
          first.resolve();
        } catch (error) {
          faults.push(error);
        }
      }));
      await Promise.race([all, first.promise]);
      if (answers.length > 0 && answers.length + faults.length < paths.length) {
        const finished = new AbortController();
        all.then(() => finished.abort());
        await this.#clock.sleep(OTHER_FAMILY_MS, finished.signal);
        enough.abort();
      }
      await all;
      if (answers.length > 0) return answers;
      given.throwIfAborted();
      this.#stale = true;
      throw mostTelling(faults);
    } finally {
      this.#questions--;
    }
  }

  async #openPaths(giveUpMs: number, signal: AbortSignal): Promise<TrackerEndpoints[]> {
    if (this.#stale && this.#questions === 1) await this.#closePaths();
    this.#stale = false;
    const opening = this.#paths ??= this.#resolve(giveUpMs);
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(signal.reason);
    signal.addEventListener("abort", abort);
    try {
      return await Promise.race([opening, aborted.promise]);
    } catch (error) {
      if (this.#paths === opening && !signal.aborted) this.#paths = undefined;
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Resolves the tracker's name and opens a path for each of its families. */
  async #resolve(giveUpMs: number): Promise<TrackerEndpoints[]> {
    const found = await trackerAddresses(this.#tracker, {
      resolve: this.#resolveHost,
      localHost: this.#localHost,
      clock: this.#clock,
      giveUpMs,
      signal: this.#closing.signal,
    });
    this.#closing.signal.throwIfAborted();
    const paths: TrackerEndpoints[] = [];
    let fault: unknown;
    const { url, port } = this.#tracker;
    for (const { family, hosts } of found) {
      try {
        paths.push(
          new TrackerEndpoints({
            family,
            hosts,
            silent: this.#silent,
            clock: this.#clock,
            open: (host) => new TrackerConnection(url, host, port, this.#clock, this.#localHost),
          }),
        );
      } catch (error) {
        fault = error;
      }
    }
    if (paths.length > 0) return paths;
    const tracker = `tracker ${this.url}`;
    const sentence = fault instanceof Error
      ? unreachable(tracker, fault)
      : `${tracker} cannot be reached: it has no address that ${this.#localHost} can send to`;
    throw new TrackerTimeoutError(sentence, false, fault);
  }

  async #closePaths(): Promise<void> {
    const opening = this.#paths;
    this.#paths = undefined;
    const paths = await opening?.catch(() => []) ?? [];
    await Promise.all(paths.map((path) => path.close()));
  }
}

function withoutLabel(hosted: HostedFile | undefined): HostedFile | undefined {
  if (hosted?.label === undefined) return hosted;
  const { label: _, ...rest } = hosted;
  return rest;
}
