/**
 * The line to one tracker: what it is told next, and when.
 *
 * @module
 */

import type { AnnounceEvent } from "../codec/udp_tracker.ts";
import { OptionError } from "../errors.ts";
import type {
  AnnounceClient,
  AnnouncedSwarm,
  AnnouncerOptions,
  TrackerStatus,
} from "./announcer.ts";
import type { Clock } from "./clock.ts";
import type { AnnounceAnswer } from "./udp_tracker_client.ts";

/** The first attempt gives up early, so that the user hears soon of a tracker that is not there. */
const FIRST_GIVE_UP_SECONDS = 3;
const GIVE_UP_SECONDS = 15;
const STOP_GIVE_UP_SECONDS = 1;

const FIRST_RETRY_SECONDS = 2;
const LAST_RETRY_SECONDS = 60;

/** Bounds for the interval a tracker asks for: neither to be made to flood it nor to fall silent. */
const MIN_INTERVAL_SECONDS = 1;
const MAX_INTERVAL_SECONDS = 3600;

/** Announces made because peers are wanted keep this distance from the one before. */
const MIN_GAP_MS = 5000;

/** What all lines of an announcer share. */
export interface LineSettings extends AnnouncerOptions {
  clock: Clock;
  key: number;
  onStatus: (status: TrackerStatus) => void;
  clientFor: (url: string) => AnnounceClient;
  random: () => number;
}

/** One swarm on this line, and the events its tracker has not heard of yet. */
interface Announced {
  swarm: AnnouncedSwarm;
  events: AnnounceEvent[];
  /** The tracker knows us in this swarm. */
  known: boolean;
}

/** Announces to one tracker until closed. */
export class TrackerLine {
  readonly #url: string;
  readonly #settings: LineSettings;
  readonly #swarms: Announced[];
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #client: AnnounceClient | undefined;
  #wake = new AbortController();
  #failures = 0;
  #lastRoundMs = -Infinity;

  /** Starts at once. */
  constructor(url: string, settings: LineSettings) {
    this.#url = url;
    this.#settings = settings;
    this.#swarms = settings.swarms.map((swarm) => ({ swarm, events: ["started"], known: false }));
    this.#running = this.#run();
  }

  /** Ends the current wait, if there is one. */
  announceNow(): void {
    this.#wake.abort();
  }

  /** Queues the event; it is sent until the tracker has answered it once. */
  completed(): void {
    for (const swarm of this.#swarms) swarm.events.push("completed");
    this.#wake.abort();
  }

  /** Says goodbye, one try, and closes the client. `late` cuts it short. */
  async close(late: AbortSignal): Promise<void> {
    this.#closing.abort();
    await this.#running;
    const client = this.#client;
    if (client === undefined) return;
    const known = this.#swarms.filter((swarm) => swarm.known);
    const options = { signal: late, giveUpSeconds: STOP_GIVE_UP_SECONDS };
    await Promise.allSettled(
      known.map(({ swarm }) => client.announce(this.#params(swarm, "stopped"), options)),
    );
    await client.close();
  }

  async #run(): Promise<void> {
    // A task of its own, so that whoever made the announcer has it in hand when it first hears of it.
    await Promise.resolve();
    try {
      this.#client = this.#settings.clientFor(this.#url);
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      return this.#settings.onStatus({ url: this.#url, ok: false, error: error.message });
    }
    while (!this.#closing.signal.aborted) {
      this.#wake = new AbortController();
      this.#lastRoundMs = this.#settings.clock.nowMs();
      const status = await this.#round(this.#client);
      if (this.#closing.signal.aborted) return;
      if (this.#hasNews()) continue;
      this.#settings.onStatus(status);
      await this.#pause(1000 * (status.nextInSeconds ?? 0));
    }
  }

  /** Announces every swarm once. */
  async #round(client: AnnounceClient): Promise<TrackerStatus> {
    const giveUpSeconds = Math.min(
      GIVE_UP_SECONDS,
      FIRST_GIVE_UP_SECONDS * 2 ** Math.min(this.#failures, 10),
    );
    const options = { signal: this.#closing.signal, giveUpSeconds };
    const outcomes = await Promise.allSettled(
      this.#swarms.map((announced) => this.#announce(client, announced, options)),
    );
    const answers = outcomes.flatMap((outcome) =>
      outcome.status === "fulfilled" ? [outcome.value] : []
    );
    const fault = outcomes.find((outcome) => outcome.status === "rejected");
    this.#failures = fault === undefined ? 0 : this.#failures + 1;
    const retrySeconds = fault === undefined ? Infinity : this.#retrySeconds();
    return answers.length === 0
      ? failed(this.#url, fault?.reason, retrySeconds)
      : succeeded(this.#url, answers, retrySeconds);
  }

  async #announce(
    client: AnnounceClient,
    announced: Announced,
    options: { signal: AbortSignal; giveUpSeconds: number },
  ): Promise<AnnounceAnswer> {
    const { swarm, events } = announced;
    const event = events[0] ?? "none";
    const answer = await client.announce(this.#params(swarm, event), options);
    if (event !== "none") events.shift();
    announced.known = true;
    if (answer.peers.length > 0 && !this.#closing.signal.aborted) {
      this.#settings.onPeers(answer.peers, swarm.v2, this.#url);
    }
    return answer;
  }

  #params(swarm: AnnouncedSwarm, event: AnnounceEvent) {
    const { peerId, port, key, progress, hosted, numWant } = this.#settings;
    const file = hosted?.();
    return {
      infoHash: swarm.infoHash,
      peerId,
      port,
      key,
      event,
      numWant: event === "stopped" ? 0 : numWant?.() ?? -1,
      ...progress(),
      ...(file && { hosted: file }),
    };
  }

  /** Waits; `announceNow` and `completed` end it early, the former not too early. */
  async #pause(ms: number): Promise<void> {
    const { clock } = this.#settings;
    const closing = this.#closing.signal;
    await clock.sleep(ms, AbortSignal.any([closing, this.#wake.signal]));
    if (this.#hasNews()) return;
    const earliestMs = this.#lastRoundMs + Math.min(ms, MIN_GAP_MS);
    await clock.sleep(earliestMs - clock.nowMs(), closing);
  }

  /** Whether an event is waiting for a tracker that answers. */
  #hasNews(): boolean {
    return this.#failures === 0 && this.#swarms.some((announced) => announced.events.length > 0);
  }

  #retrySeconds(): number {
    const seconds = FIRST_RETRY_SECONDS * 2 ** Math.min(this.#failures - 1, 10);
    // Spread by a fifth either way: a tracker that comes back is not met by everyone at once.
    const spread = 0.8 + 0.4 * this.#settings.random();
    return Math.max(1, Math.round(Math.min(seconds, LAST_RETRY_SECONDS) * spread));
  }
}

function succeeded(url: string, answers: AnnounceAnswer[], retrySeconds: number): TrackerStatus {
  const asked = Math.min(...answers.map((answer) => answer.intervalSeconds));
  const intervalSeconds = Math.min(Math.max(asked, MIN_INTERVAL_SECONDS), MAX_INTERVAL_SECONDS);
  return {
    url,
    ok: true,
    seeders: Math.max(...answers.map((answer) => answer.seeders)),
    leechers: Math.max(...answers.map((answer) => answer.leechers)),
    peers: answers.reduce((sum, answer) => sum + answer.peers.length, 0),
    intervalSeconds,
    nextInSeconds: Math.min(intervalSeconds, retrySeconds),
  };
}

function failed(url: string, fault: unknown, nextInSeconds: number): TrackerStatus {
  const what = fault instanceof Error ? fault.message : `tracker ${url} does not answer`;
  const error = `${what}, next try in ${nextInSeconds} s`;
  return { url, ok: false, error, nextInSeconds };
}
