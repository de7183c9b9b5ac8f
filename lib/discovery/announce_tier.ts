/**
 * A tier of trackers that substitute for each other (BEP 12). Decides which one to announce to, and when.
 *
 * @module
 */

import { OptionError } from "../errors.ts";
import { AnnounceTarget, type Round, type TargetSettings } from "./announce_target.ts";
import { TrackerErrorResponse, TrackerTimeoutError } from "./tracker_client.ts";
import type { TrackerFault, TrackerStatus } from "./tracker_status.ts";

/** The first attempt gives up early, so that the user soon hears of a tracker that does not answer. */
const FIRST_GIVE_UP_SECONDS = 3;
const GIVE_UP_SECONDS = 15;

const FIRST_RETRY_SECONDS = 2;
const LAST_RETRY_SECONDS = 60;
/** Minimum delay before silent trackers are retried when peers are wanted. */
const RETRY_GAP_SECONDS = 5;

/** Limits for the interval a tracker asks for, so that it can neither make us flood it nor keep us silent. */
const MIN_INTERVAL_SECONDS = 1;
const MAX_INTERVAL_SECONDS = 3600;

/**
 * While peers are few, the second announce follows the first after this time, the third the second after
 * twice as long, and so on. A peer that joins with a crowd sees only half of it at first.
 */
const FIRST_EARLY_SECONDS = 1;

/**
 * Early announces keep a minimum distance from the previous one: the tracker's interval divided by this,
 * clamped. UDP trackers send no "min interval", and one that asks for an announce every half hour does not
 * want one every second.
 */
const INTERVAL_PARTS = 12;
const MIN_GAP_SECONDS = 1;
const MAX_GAP_SECONDS = 60;

/** What a tier needs in addition to its targets. */
interface TierSettings extends TargetSettings {
  readonly onStatus: (status: TrackerStatus) => void;
  /** Whether more peers would be useful, in which case announces are early. */
  readonly wantsPeers: () => boolean;
  /** Whether the announces of many torrents are to be spread over the interval. */
  readonly spreads: () => boolean;
  /** A number from 0 (inclusive) to 1 (exclusive) that shuffles the trackers and spreads announces. */
  readonly random: () => number;
}

/**
 * Announces to the first of its trackers that answers, until closed. When that one stops answering, all
 * others are tried without a pause. A tracker that answers moves to the front.
 */
export class AnnounceTier {
  readonly #settings: TierSettings;
  /** In the order of attempts, over all groups; a tracker never leaves its group. */
  readonly #groups: AnnounceTarget[][];
  readonly #lines: readonly AnnounceTarget[];
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #current: AnnounceTarget | undefined;
  #wake = new AbortController();
  #failures = 0;
  #answered = 0;
  #isSpread = false;
  #gapSeconds = MIN_GAP_SECONDS;
  #lastRoundMs = -Infinity;

  /**
   * Starts at once.
   *
   * @param groups URLs; each group is shuffled, and groups are tried in order
   */
  constructor(groups: readonly (readonly string[])[], settings: TierSettings) {
    this.#settings = settings;
    this.#groups = groups.map((urls) =>
      shuffled(urls, settings.random).map((url) => new AnnounceTarget(url, settings))
    );
    this.#lines = this.#groups.flat();
    this.#running = this.#run();
  }

  /** Ends the current wait, if any; the minimum distance between announces still applies. */
  announceNow(): void {
    this.#wake.abort();
  }

  /** Call when our address has changed: announces soon, from a new socket. */
  renew(): void {
    for (const line of this.#lines) line.renew();
    this.#wake.abort();
  }

  /** Announces `completed` now, or as soon as the tracker answers. */
  completed(): void {
    for (const line of this.#lines) line.completed();
    this.#wake.abort();
  }

  /** Sends `stopped` to each tracker that may know us. `late` cuts this short. */
  async close(late: AbortSignal): Promise<void> {
    this.#closing.abort();
    await this.#running;
    await Promise.all(this.#lines.map((line) => line.close(late)));
  }

  async #run(): Promise<void> {
    // Runs in a later task, so that the creator of the announcer holds it before the first callback.
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

  /** Tries the trackers in order until one answers. `undefined` if there is none to ask, now or ever. */
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

  /**
   * One round at one tracker. `undefined` if the URL is invalid, which is reported; it is never tried again.
   */
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
      nextInSeconds: Math.min(this.#spread(intervalSeconds), retrySeconds, this.#earlySeconds()),
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

  /** Seconds until an early announce; `Infinity` if no peers are wanted. */
  #earlySeconds(): number {
    const early = FIRST_EARLY_SECONDS * 2 ** Math.min(this.#answered++, 12);
    return this.#settings.wantsPeers() ? Math.max(early, this.#gapSeconds) : Infinity;
  }

  /**
   * Waits. `announceNow` and `completed` end the wait early, but `announceNow` keeps the minimum distance.
   */
  async #pause(ms: number): Promise<void> {
    const { clock } = this.#settings;
    const closing = this.#closing.signal;
    await clock.sleep(ms, AbortSignal.any([closing, this.#wake.signal]));
    if (this.#hasNews()) return;
    const gapSeconds = this.#failures > 0 ? RETRY_GAP_SECONDS : this.#gapSeconds;
    const earliestMs = this.#lastRoundMs + Math.min(ms, 1000 * gapSeconds);
    await clock.sleep(earliestMs - clock.nowMs(), closing);
  }

  /** Whether an event is pending at a tracker that answers. */
  #hasNews(): boolean {
    return this.#failures === 0 && this.#current?.hasNews === true;
  }

  /** The first interval is cut short by up to a half; the next ones keep the distance. */
  #spread(intervalSeconds: number): number {
    if (this.#isSpread || !this.#settings.spreads()) return intervalSeconds;
    this.#isSpread = true;
    return intervalSeconds * (1 - this.#settings.random() / 2);
  }

  #retrySeconds(): number {
    const seconds = FIRST_RETRY_SECONDS * 2 ** Math.min(this.#failures - 1, 10);
    // Spread by a fifth either way, so that a tracker that comes back does not get all retries at once.
    const spread = 0.8 + 0.4 * this.#settings.random();
    return Math.max(1, Math.round(Math.min(seconds, LAST_RETRY_SECONDS) * spread));
  }
}

function faultOf(line: AnnounceTarget, { fault }: Round): TrackerFault {
  const reason = fault?.reason;
  if (!(reason instanceof Error)) return silenceOf(line);
  const code = reason instanceof TrackerErrorResponse
    ? "tracker-refuses"
    : reason instanceof TrackerTimeoutError
    ? "tracker-silent"
    : "tracker-fails";
  return { code, sentence: reason.message };
}

function silenceOf({ url }: AnnounceTarget): TrackerFault {
  return { code: "tracker-silent", sentence: `tracker ${url} does not answer` };
}

/** Fisher-Yates shuffle: all orders are equally likely. */
function shuffled(urls: readonly string[], random: () => number): string[] {
  const order = [...urls];
  for (let i = order.length - 1; i > 0; i--) {
    const k = Math.floor(random() * (i + 1));
    [order[i], order[k]] = [order[k]!, order[i]!];
  }
  return order;
}
