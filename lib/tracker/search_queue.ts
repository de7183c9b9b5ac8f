/**
 * Runs searches among the swarms of a tracker in small steps, so that announces do not wait for them however
 * much is stored and however many clients search.
 *
 * @module
 */

import { type Clock, systemClock } from "../runtime/clock.ts";
import { type Inspected, Search, type SwarmSummary } from "./core/search.ts";

/**
 * Time that all unfinished searches together may take, if each is asked for once a second. A lone search gets
 * all of it.
 */
const SLICE_MS = 8;
/** Minimum time for one search per call, so that each makes progress. */
const LEAST_SLICE_MS = 1;
/** Number of entries examined between two looks at the clock. */
const STEPS_AT_ONCE = 500;
/** How long a result is reused for the same query. */
const LIFE_MS = 900;
/** A search that has not been asked for in this time is dropped. */
const FORGOTTEN_MS = 20_000;
/** More than the number of open tabs to expect; beyond it, the search least recently asked for is dropped. */
const MAX_SEARCHES = 64;

/** The result of a search. */
export interface FoundSwarms {
  /** Number of matches. */
  readonly total: number;
  /** The biggest matches. */
  readonly swarms: SwarmSummary[];
}

interface Running {
  /** Absent while the last result is fresh enough. */
  search: Search | undefined;
  /** The result of the last search that ran to its end. */
  whole: FoundSwarms | undefined;
  wholeMs: number;
  askedMs: number;
}

/** Keeps searches that clients repeat. */
export class TrackerSearches {
  readonly #surveyed: Inspected;
  readonly #clock: Pick<Clock, "nowMs">;
  /** In the order in which they were last asked for. */
  readonly #running = new Map<string, Running>();

  /** @param surveyed What is searched. */
  constructor(surveyed: Inspected, clock: Pick<Clock, "nowMs"> = systemClock) {
    this.#surveyed = surveyed;
    this.#clock = clock;
  }

  /**
   * The result known so far, biggest first. A small tracker is searched completely in one call. For a huge
   * one, the first answers cover a part, and later ones are the result of the last complete search.
   */
  find(search: string, most: number): FoundSwarms {
    const startMs = this.#clock.nowMs();
    const running = this.#asked(`${most} ${search}`, startMs);
    if (running.search === undefined) {
      if (running.whole !== undefined && startMs - running.wholeMs < LIFE_MS) return running.whole;
      running.search = new Search(this.#surveyed, search, most);
    }
    const endMs = startMs + this.#sliceMs();
    let isWhole: boolean;
    do isWhole = running.search.step(STEPS_AT_ONCE); while (
      !isWhole && this.#clock.nowMs() < endMs
    );
    if (!isWhole) return running.whole ?? running.search.result();
    running.whole = running.search.result();
    running.wholeMs = this.#clock.nowMs();
    running.search = undefined;
    return running.whole;
  }

  #asked(key: string, nowMs: number): Running {
    const running = this.#running.get(key) ??
      { search: undefined, whole: undefined, wholeMs: 0, askedMs: nowMs };
    running.askedMs = nowMs;
    this.#running.delete(key);
    this.#running.set(key, running);
    for (const [other, { askedMs }] of this.#running) {
      if (this.#running.size <= MAX_SEARCHES && nowMs - askedMs < FORGOTTEN_MS) break;
      this.#running.delete(other);
    }
    return running;
  }

  #sliceMs(): number {
    let unfinished = 0;
    for (const { search } of this.#running.values()) if (search !== undefined) unfinished++;
    return Math.max(LEAST_SLICE_MS, SLICE_MS / Math.max(1, unfinished));
  }
}
