/**
 * A tracker over IPv4 and IPv6.
 *
 * A tracker with addresses of both families is asked over both, because it knows for each family only the
 * peers that announced over it. Of several addresses of one family, one that answers is used.
 *
 * @module
 */

import type { TrackerUrl } from "../codec/discovery/tracker_url.ts";
import { NetworkError } from "../errors.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { resolveHost, trackerAddresses } from "../runtime/resolve_host.ts";
import { unreachable } from "../runtime/socket_errors.ts";
import { TrackerConnection, TrackerTimeoutError } from "./tracker_connection.ts";
import { mostTelling, TrackerEndpoints } from "./tracker_endpoints.ts";

/** Time limit for a request before the tracker counts as silent. */
const GIVE_UP_SECONDS = 15;

/** Once one family has answered, how long to wait for the other. */
const OTHER_FAMILY_MS = 300;

/** Limits of one request. */
export interface AskOptions {
  /** Aborting it gives up. */
  signal?: AbortSignal;
  /** Time limit in seconds; default 15. */
  giveUpSeconds?: number;
}

/** How a tracker is reached. */
export interface TrackerFamiliesOptions {
  /** The IP address to send from. A tracker of the other family cannot be asked then. */
  localHost?: string;
  /** For tests. */
  clock?: Clock;
  /** For tests: resolves a host name to IP addresses. */
  resolve?: (host: string) => Promise<string[]>;
}

/** The families over which one tracker is reached. The owner must close them. */
export class TrackerFamilies {
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

  /** Sends nothing yet. */
  constructor(tracker: TrackerUrl, options: TrackerFamiliesOptions) {
    this.#tracker = tracker;
    this.#clock = options.clock ?? systemClock;
    this.#resolveHost = options.resolve ?? resolveHost;
    this.#localHost = options.localHost === "::" ? undefined : options.localHost;
  }

  /** Asks over all families at once; returns at least one answer. */
  async ask<T>(
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

  /** Closes the sockets; pending requests reject. */
  async close(): Promise<void> {
    this.#closing.abort(new NetworkError(`the client of tracker ${this.#tracker.url} is closed`));
    await this.#closePaths();
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
    const tracker = `tracker ${this.#tracker.url}`;
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
