/**
 * Asking trackers whether others can connect to us. Shoal's do know, where they were started so that
 * they try it; others answer with an error or not at all.
 *
 * @module
 */

import type { Reach } from "../codec/discovery/udp_tracker.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { rethrowBug } from "../runtime/operational_errors.ts";
import { type AskOptions, UdpTrackerClient } from "./tracker_client.ts";

/**
 * When a tracker is asked after its first answer: time for it to have tried, which takes it three
 * seconds, or minutes when many have come at once. Then no more: most do not try at all.
 */
const ASKED_AFTER_SECONDS = [2, 8, 40, 240];

/** Trackers that are asked; a torrent may name any number of them. */
const MAX_TRACKERS = 4;

const GIVE_UP_SECONDS = 4;

/** The part of a {@link UdpTrackerClient} that is used here. */
interface ReachClient {
  /** See {@link UdpTrackerClient.reach}. */
  reach(port: number, options?: AskOptions): Promise<Reach>;
  /** Closes its sockets. */
  close(): Promise<void>;
}

/** What is asked, and who hears of the answer. */
interface PortCheckOptions {
  /** The TCP port that is listening. */
  readonly port: number;
  /** The address to ask from, as for announces. */
  readonly localHost?: string;
  /** Called when it is known, and once more when a tracker that comes later can connect after all. */
  readonly onAnswer: (reachable: boolean, tracker: string) => void;
  /** For tests. */
  readonly clock?: Clock;
  /** For tests: makes the client of one tracker. */
  readonly clientFor?: (url: string) => ReachClient;
}

/**
 * Asks each tracker a few times, on sockets of its own: what a tracker makes of a question it does not
 * know is not to disturb announces.
 */
export class PortCheck {
  readonly #options: PortCheckOptions;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #asked = new Map<string, Promise<void>>();
  #reachable: boolean | undefined;

  /** Nobody is asked yet. */
  constructor(options: PortCheckOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Whether others can connect, when that is known. One tracker that can is proof. */
  get reachable(): boolean | undefined {
    return this.#reachable;
  }

  /** This tracker has answered an announce: it will be asked, if that has not been done. */
  ask(url: string): void {
    const isDone = this.#closing.signal.aborted || this.#reachable === true;
    if (isDone || this.#asked.has(url) || this.#asked.size >= MAX_TRACKERS) return;
    this.#asked.set(url, this.#inquire(url));
  }

  /** Gives up. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#asked.values());
  }

  async #inquire(url: string): Promise<void> {
    const { signal } = this.#closing;
    let passed = 0;
    for (const seconds of ASKED_AFTER_SECONDS) {
      await this.#clock.sleep(1000 * (seconds - passed), signal);
      passed = seconds;
      if (signal.aborted) return;
      const reach = await this.#question(url);
      if (reach === "unknown") continue;
      if (reach !== undefined) this.#learn(reach === "reachable", url);
      return;
    }
  }

  /** Its answer; `undefined` when it has none, and will not have one. */
  async #question(url: string): Promise<Reach | undefined> {
    const { port, clientFor = (tracker) => this.#clientFor(tracker) } = this.#options;
    const client = clientFor(url);
    try {
      const { signal } = this.#closing;
      return await client.reach(port, { signal, giveUpSeconds: GIVE_UP_SECONDS });
    } catch (error) {
      rethrowBug(error);
      return undefined;
    } finally {
      await client.close();
    }
  }

  #clientFor(url: string): ReachClient {
    const { localHost } = this.#options;
    const clock = this.#clock;
    return new UdpTrackerClient(url, localHost === undefined ? { clock } : { clock, localHost });
  }

  #learn(reachable: boolean, url: string): void {
    if (this.#closing.signal.aborted) return;
    if (this.#reachable === reachable || this.#reachable === true) return;
    this.#reachable = reachable;
    this.#options.onAnswer(reachable, url);
  }
}
