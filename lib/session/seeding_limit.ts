/**
 * The limits that end seeding.
 *
 * @module
 */

import type { Ticker, Ticking } from "./ticker.ts";

/** When to stop seeding: at the first limit reached. */
export interface SeedingLimitOptions {
  /** After this many seconds. */
  readonly seedTimeSeconds?: number;
  /** After uploading this many times the file's length. */
  readonly seedRatio?: number;
  /** When this many other peers have the whole torrent, or had it before they left. */
  readonly untilCopies?: number;
}

/** What will end seeding: the first limit to be reached. */
export interface SeedingEnd {
  /** Seconds left. */
  readonly inSeconds?: number;
  /** The share ratio at which it ends. */
  readonly atRatio?: number;
  /** The number of other complete peers at which it ends. */
  readonly atCopies?: number;
}

/** The progress towards the limits. */
interface SeedingProgress {
  /** File data sent. */
  readonly uploadedBytes: number;
  /** How many other peers are known to have, or to have had, the whole torrent. */
  readonly copies: number;
}

/** Watches for the limits, counting from its creation. Must be closed. */
export class SeedingLimit implements Ticking {
  /** It may have to end the seeding at any tick. */
  readonly isBusy = true;
  /** See {@link SeedingLimitOptions.untilCopies}. */
  readonly untilCopies: number | undefined;
  readonly #endMs: number;
  readonly #enoughBytes: number;
  readonly #ratio: number | undefined;
  readonly #progress: () => SeedingProgress;
  readonly #onReached: () => void;
  readonly #ticker: Ticker;

  /**
   * @param totalBytes the file's length
   * @param progress called at every tick for the progress of seeding
   * @param onReached called once, when a limit is reached
   * @param ticker lends its timer, if there is a limit
   */
  constructor(
    options: SeedingLimitOptions,
    totalBytes: number,
    progress: () => SeedingProgress,
    onReached: () => void,
    ticker: Ticker,
  ) {
    const { seedTimeSeconds = Infinity, seedRatio, untilCopies } = options;
    this.#endMs = performance.now() + seedTimeSeconds * 1000;
    this.#enoughBytes = seedRatio === undefined ? Infinity : seedRatio * totalBytes;
    this.#ratio = seedRatio;
    this.untilCopies = untilCopies;
    this.#progress = progress;
    this.#onReached = onReached;
    this.#ticker = ticker;
    if (this.end !== undefined) ticker.add(this);
  }

  /** See {@link Ticking.tick}. */
  tick(nowMs: number): void {
    if (!this.#isReached(this.#progress(), nowMs)) return;
    this.close();
    this.#onReached();
  }

  /** Stops watching. */
  close(): void {
    this.#ticker.remove(this);
  }

  /** What will end seeding; `undefined` without a limit. */
  get end(): SeedingEnd | undefined {
    const { untilCopies } = this;
    const inSeconds = Math.max(0, this.#endMs - performance.now()) / 1000;
    const end = {
      ...(inSeconds < Infinity && { inSeconds }),
      ...(this.#ratio !== undefined && { atRatio: this.#ratio }),
      ...(untilCopies !== undefined && { atCopies: untilCopies }),
    };
    return Object.keys(end).length > 0 ? end : undefined;
  }

  /** Whether any limit is reached. */
  #isReached({ uploadedBytes, copies }: SeedingProgress, nowMs: number): boolean {
    return nowMs >= this.#endMs || uploadedBytes >= this.#enoughBytes ||
      copies >= (this.untilCopies ?? Infinity);
  }
}
