/**
 * The trackers of a client: one set of sockets for each, however many torrents announce there.
 *
 * @module
 */

import { type Clock, systemClock } from "../runtime/clock.ts";
import { Slots } from "../runtime/slots.ts";
import type { AnnounceClient } from "./announce_target.ts";
import {
  type AnnounceAnswer,
  type AnnounceParams,
  type AskOptions,
  TrackerTimeoutError,
  UdpTrackerClient,
} from "./tracker_client.ts";

/**
 * Announces under way at one tracker. The others wait their turn: a thousand packets at once overflow the
 * buffers on the way, and each lost one would be repeated.
 */
const MAX_IN_FLIGHT = 64;

/** How the clients of a pool are made. */
interface TrackerPoolOptions {
  /** The address to announce from. */
  readonly localHost?: string | undefined;
  readonly clock?: Clock;
  /** For tests: makes the client of one tracker. */
  readonly clientFor?: (url: string) => AnnounceClient;
}

/** Shares the clients of trackers. Each user closes its own; the last one closes the sockets. */
export class TrackerPool {
  readonly #clientFor: (url: string) => AnnounceClient;
  readonly #trackers = new Map<string, SharedTracker>();

  /** Opens nothing yet. */
  constructor({ localHost, clock = systemClock, clientFor }: TrackerPoolOptions = {}) {
    const options = localHost === undefined ? { clock } : { clock, localHost };
    this.#clientFor = clientFor ?? ((url) => new UdpTrackerClient(url, options));
  }

  /**
   * A client of this tracker, for one user.
   *
   * @throws {OptionError} if the URL is not that of a UDP tracker
   */
  clientFor(url: string): AnnounceClient {
    let tracker = this.#trackers.get(url);
    if (tracker === undefined) {
      tracker = new SharedTracker(this.#clientFor(url));
      this.#trackers.set(url, tracker);
    }
    return new PooledClient(tracker, () => {
      if (this.#trackers.get(url) === tracker) this.#trackers.delete(url);
    });
  }

  /**
   * Call when this machine's address has changed: clients asked for from now on have new sockets. Those in
   * use keep the old ones.
   */
  renew(): void {
    this.#trackers.clear();
  }
}

/** One tracker, and the announces that wait for it. */
class SharedTracker {
  readonly #client: AnnounceClient;
  readonly #slots = new Slots(MAX_IN_FLIGHT);
  users = 0;

  constructor(client: AnnounceClient) {
    this.#client = client;
  }

  announce(params: AnnounceParams, options: AskOptions): Promise<AnnounceAnswer> {
    return this.#slots.run(async () => {
      try {
        return await this.#client.announce(params, options);
      } catch (error) {
        // A tracker that is silent for one is silent for those who wait: each tries again in its own time.
        if (error instanceof TrackerTimeoutError) this.#slots.refuseWaiting(error);
        throw error;
      }
    }, options.signal);
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

/** One user's part of a shared tracker. */
class PooledClient implements AnnounceClient {
  readonly #tracker: SharedTracker;
  readonly #onLast: () => void;
  #isClosed = false;

  constructor(tracker: SharedTracker, onLast: () => void) {
    this.#tracker = tracker;
    this.#onLast = onLast;
    tracker.users++;
  }

  announce(params: AnnounceParams, options: AskOptions = {}): Promise<AnnounceAnswer> {
    return this.#tracker.announce(params, options);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (--this.#tracker.users > 0) return;
    this.#onLast();
    await this.#tracker.close();
  }
}
