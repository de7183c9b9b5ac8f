/**
 * Asks trackers whether others can connect to us. Shoal's tracker knows if it was started with port checks.
 * Other trackers answer with an error or not at all.
 *
 * @module
 */

import type { Reach } from "../codec/discovery/udp_tracker.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { rethrowBug } from "../runtime/operational_errors.ts";
import { type AskOptions, UdpTrackerClient } from "./tracker_client.ts";

/**
 * When to ask a tracker, counted from its first answer. Its check takes three seconds, or minutes if many
 * peers arrive at once. After the last attempt we stop, because most trackers never check.
 */
const ASKED_AFTER_SECONDS = [2, 8, 40, 240];

/** Maximum number of trackers asked; a torrent may name any number. */
const MAX_TRACKERS = 4;

const GIVE_UP_SECONDS = 4;

/** The part of {@link UdpTrackerClient} that is used here. */
interface ReachClient {
  /** See {@link UdpTrackerClient.reach}. */
  reach(port: number, options?: AskOptions): Promise<Reach>;
  /** Closes its sockets. */
  close(): Promise<void>;
}

/** What to ask, and the callback for the answer. */
interface PortCheckOptions {
  /** The TCP port that is listening. */
  readonly port: number;
  /** The address to send from, as for announces. */
  readonly localHost?: string;
  /** Called with the first answer, and again if another tracker later turns out to be able to connect. */
  readonly onAnswer: (reachable: boolean, tracker: string) => void;
  /** For tests. */
  readonly clock?: Clock;
  /** For tests: makes the client of one tracker. */
  readonly clientFor?: (url: string) => ReachClient;
}

/**
 * Asks each tracker a few times, on separate sockets, so that a tracker's reaction to an unknown request does
 * not disturb announces.
 */
export class PortCheck {
  readonly #options: PortCheckOptions;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #asked = new Map<string, Promise<void>>();
  #reachable: boolean | undefined;

  /** @param options The port to ask about, and the callback. */
  constructor(options: PortCheckOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Whether others can connect; undefined until known. One tracker that can connect is proof. */
  get reachable(): boolean | undefined {
    return this.#reachable;
  }

  /** Call when this tracker has answered an announce: schedules the question unless it was already asked. */
  ask(url: string): void {
    const isDone = this.#closing.signal.aborted || this.#reachable === true;
    if (isDone || this.#asked.has(url) || this.#asked.size >= MAX_TRACKERS) return;
    this.#asked.set(url, this.#inquire(url));
  }

  /** Stops asking. */
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

  /** The tracker's answer; `undefined` if it will never have one. */
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
