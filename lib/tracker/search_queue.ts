/**
 * Searches among the swarms of a tracker, each a little at a time: announces do not wait for them,
 * whatever is stored and however many look.
 *
 * @module
 */

import { type Clock, systemClock } from "../runtime/clock.ts";
import { type Inspected, Search, type SwarmSummary } from "./core/search.ts";

/** What all searches together may take of a second, while many are under way: one has it for itself. */
const SLICE_MS = 8;
/** But each gets on. */
const LEAST_SLICE_MS = 1;
/** Entries looked at before the clock is asked again. */
const STEPS_AT_ONCE = 500;
/** A result stands for so long: within it nobody who asks the same needs another. */
const LIFE_MS = 900;
/** Who has not asked for so long has gone. */
const FORGOTTEN_MS = 20_000;
/** More searches than there are tabs; the one that was asked for longest ago makes room. */
const MAX_SEARCHES = 64;

/** What a search found. */
export interface FoundSwarms {
  /** How many match. */
  readonly total: number;
  /** The biggest of them. */
  readonly swarms: SwarmSummary[];
}

interface Running {
  /** Absent while the last result is new enough. */
  search: Search | undefined;
  /** Of the last search that saw everything. */
  whole: FoundSwarms | undefined;
  wholeMs: number;
  askedMs: number;
}

/** The searches that are asked for again and again. */
export class TrackerSearches {
  readonly #surveyed: Inspected;
  readonly #clock: Pick<Clock, "nowMs">;
  /** In the order in which they were last asked for. */
  readonly #running = new Map<string, Running>();

  /**
   * @param surveyed What is searched.
   */
  constructor(surveyed: Inspected, clock: Pick<Clock, "nowMs"> = systemClock) {
    this.#surveyed = surveyed;
    this.#clock = clock;
  }

  /**
   * What is known by now, the biggest first. On a small tracker that is everything at once. On a huge one
   * the first answers are of a part, and later ones of the last time that everything was seen.
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
