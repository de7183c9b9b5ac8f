/**
 * Trackers that stand in for each other: one of them is announced to, when and which (BEP 12).
 *
 * @module
 */

import { OptionError } from "../errors.ts";
import { AnnounceTarget, type Round, type TargetSettings } from "./announce_target.ts";
import { TrackerRefusedError, TrackerSilentError } from "./tracker_client.ts";
import type { TrackerFault, TrackerStatus } from "./tracker_status.ts";

/** The first attempt gives up early, so that the user hears soon of a tracker that is not there. */
const FIRST_GIVE_UP_SECONDS = 3;
const GIVE_UP_SECONDS = 15;

const FIRST_RETRY_SECONDS = 2;
const LAST_RETRY_SECONDS = 60;
/** Where peers are wanted, silent trackers are tried again no sooner than this. */
const RETRY_GAP_SECONDS = 5;

/** Bounds for the interval a tracker asks for: neither to be made to flood it nor to fall silent. */
const MIN_INTERVAL_SECONDS = 1;
const MAX_INTERVAL_SECONDS = 3600;

/**
 * While peers are few, the second announce follows the first after this long, the third the second after
 * twice as long, and so on: who comes with a crowd was told of half of it at first.
 */
const FIRST_EARLY_SECONDS = 1;

/**
 * What is asked before its time keeps a distance to the announce before: this part of the tracker's
 * interval, within bounds. UDP trackers name no "min interval", and one that asks for an announce every
 * half an hour does not want one every second.
 */
const INTERVAL_PARTS = 12;
const MIN_GAP_SECONDS = 1;
const MAX_GAP_SECONDS = 60;

/** What a tier needs besides what its lines do. */
interface TierSettings extends TargetSettings {
  readonly onStatus: (status: TrackerStatus) => void;
  /** Whether more peers would be of use: then it is asked early. */
  readonly wantsPeers: () => boolean;
  /** A number from 0 up to 1, which shuffles the trackers and spreads retries. */
  readonly random: () => number;
}

/**
 * Announces to the first of its trackers that answers, until closed. When that one falls silent the
 * others are tried, all of them before there is a pause. One that answers moves to the front.
 */
export class AnnounceTier {
  readonly #settings: TierSettings;
  /** In the order in which they are tried, over all groups; a tracker never leaves its group. */
  readonly #groups: AnnounceTarget[][];
  readonly #lines: readonly AnnounceTarget[];
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #current: AnnounceTarget | undefined;
  #wake = new AbortController();
  #failures = 0;
  #answered = 0;
  #gapSeconds = MIN_GAP_SECONDS;
  #lastRoundMs = -Infinity;

  /**
   * Starts at once.
   *
   * @param groups URLs; those of a group are shuffled, those of the next group come after them
   */
  constructor(groups: readonly (readonly string[])[], settings: TierSettings) {
    this.#settings = settings;
    this.#groups = groups.map((urls) =>
      shuffled(urls, settings.random).map((url) => new AnnounceTarget(url, settings))
    );
    this.#lines = this.#groups.flat();
    this.#running = this.#run();
  }

  /** Ends the current wait, if there is one. */
  announceNow(): void {
    this.#wake.abort();
  }

  /** Our address has changed: announces soon, from a new socket. */
  renew(): void {
    for (const line of this.#lines) line.renew();
    this.#wake.abort();
  }

  /** Tells the tracker, now or as soon as it answers. */
  completed(): void {
    for (const line of this.#lines) line.completed();
    this.#wake.abort();
  }

  /** Says goodbye to those that have heard of us. `late` cuts it short. */
  async close(late: AbortSignal): Promise<void> {
    this.#closing.abort();
    await this.#running;
    await Promise.all(this.#lines.map((line) => line.close(late)));
  }

  async #run(): Promise<void> {
    // A task of its own, so that whoever made the announcer has it in hand when it first hears of it.
    await Promise.resolve();
    while (!this.#closing.signal.aborted) {
      this.#wake = new AbortController();
      this.#lastRoundMs = this.#settings.clock.nowMs();
      const status = await this.#round();
      if (status === undefined || this.#closing.signal.aborted) return;
      if (this.#hasNews()) continue;
      this.#settings.onStatus(status);
      await this.#pause(1000 * status.nextInSeconds);
    }
  }

  /** Asks one after the other until one answers. `undefined` when there is none to ask, now or ever. */
  async #round(): Promise<TrackerStatus & { nextInSeconds: number } | undefined> {
    const queue = this.#groups.flat();
    for (const [i, line] of queue.entries()) {
      const round = await this.#ask(line);
      if (this.#closing.signal.aborted) return undefined;
      if (round !== undefined && round.answers.length > 0) return this.#succeeded(line, round);
      const next = queue[i + 1];
      if (round === undefined) continue;
      const fault = faultOf(line, round);
      if (next === undefined) return this.#failed(line, fault);
      const error = `${fault.sentence}, trying ${next.url} instead`;
      this.#settings.onStatus({ url: line.url, ok: false, error, fault });
    }
    const last = this.#groups.flat().at(-1);
    return last && this.#failed(last, silenceOf(last));
  }

  /** One round at one tracker; `undefined` when it is none, which is told and never tried again. */
  async #ask(line: AnnounceTarget): Promise<Round | undefined> {
    const giveUpSeconds = Math.min(
      GIVE_UP_SECONDS,
      FIRST_GIVE_UP_SECONDS * 2 ** Math.min(this.#failures, 10),
    );
    try {
      return await line.round(this.#closing.signal, giveUpSeconds);
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      for (const group of this.#groups) {
        if (group.includes(line)) group.splice(group.indexOf(line), 1);
      }
      const fault = { code: "tracker-fails", sentence: error.message } as const;
      this.#settings.onStatus({ url: line.url, ok: false, error: error.message, fault });
      return undefined;
    }
  }

  #succeeded(line: AnnounceTarget, { answers, fault }: Round) {
    this.#moveToFront(line);
    this.#current = line;
    this.#failures = fault === undefined ? 0 : this.#failures + 1;
    const asked = Math.min(...answers.map((answer) => answer.intervalSeconds));
    const intervalSeconds = Math.min(Math.max(asked, MIN_INTERVAL_SECONDS), MAX_INTERVAL_SECONDS);
    const gap = intervalSeconds / INTERVAL_PARTS;
    this.#gapSeconds = Math.min(Math.max(gap, MIN_GAP_SECONDS), MAX_GAP_SECONDS);
    const retrySeconds = fault === undefined ? Infinity : this.#retrySeconds();
    return {
      url: line.url,
      ok: true,
      seeders: Math.max(...answers.map((answer) => answer.seeders)),
      leechers: Math.max(...answers.map((answer) => answer.leechers)),
      peers: answers.flatMap((answer) => answer.peers)
        .reduce((sum, named) => sum + named.peers.length, 0),
      intervalSeconds,
      nextInSeconds: Math.min(intervalSeconds, retrySeconds, this.#earlySeconds()),
    };
  }

  #failed({ url }: AnnounceTarget, fault: TrackerFault) {
    this.#failures++;
    const nextInSeconds = this.#retrySeconds();
    const error = `${fault.sentence}, next try in ${nextInSeconds} s`;
    return { url, ok: false, error, fault, nextInSeconds };
  }

  #moveToFront(line: AnnounceTarget): void {
    const group = this.#groups.find((lines) => lines.includes(line))!;
    group.splice(group.indexOf(line), 1);
    group.unshift(line);
  }

  /** When to ask again if peers are few. */
  #earlySeconds(): number {
    const early = FIRST_EARLY_SECONDS * 2 ** Math.min(this.#answered++, 12);
    return this.#settings.wantsPeers() ? Math.max(early, this.#gapSeconds) : Infinity;
  }

  /** Waits; `announceNow` and `completed` end it early, the former not too early. */
  async #pause(ms: number): Promise<void> {
    const { clock } = this.#settings;
    const closing = this.#closing.signal;
    await clock.sleep(ms, AbortSignal.any([closing, this.#wake.signal]));
    if (this.#hasNews()) return;
    const gapSeconds = this.#failures > 0 ? RETRY_GAP_SECONDS : this.#gapSeconds;
    const earliestMs = this.#lastRoundMs + Math.min(ms, 1000 * gapSeconds);
    await clock.sleep(earliestMs - clock.nowMs(), closing);
  }

  /** Whether an event is waiting for a tracker that answers. */
  #hasNews(): boolean {
    return this.#failures === 0 && this.#current?.hasNews === true;
  }

  #retrySeconds(): number {
    const seconds = FIRST_RETRY_SECONDS * 2 ** Math.min(this.#failures - 1, 10);
    // Spread by a fifth either way: a tracker that comes back is not met by everyone at once.
    const spread = 0.8 + 0.4 * this.#settings.random();
    return Math.max(1, Math.round(Math.min(seconds, LAST_RETRY_SECONDS) * spread));
  }
}

function faultOf(line: AnnounceTarget, { fault }: Round): TrackerFault {
  const reason = fault?.reason;
  if (!(reason instanceof Error)) return silenceOf(line);
  const code = reason instanceof TrackerRefusedError
    ? "tracker-refuses"
    : reason instanceof TrackerSilentError
    ? "tracker-silent"
    : "tracker-fails";
  return { code, sentence: reason.message };
}

function silenceOf({ url }: AnnounceTarget): TrackerFault {
  return { code: "tracker-silent", sentence: `tracker ${url} does not answer` };
}

/** In random order, all orders equally likely. */
function shuffled(urls: readonly string[], random: () => number): string[] {
  const order = [...urls];
  for (let i = order.length - 1; i > 0; i--) {
    const k = Math.floor(random() * (i + 1));
    [order[i], order[k]] = [order[k]!, order[i]!];
  }
  return order;
}
