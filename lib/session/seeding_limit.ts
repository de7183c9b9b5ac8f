/**
 * How long to go on seeding.
 *
 * @module
 */

/** When seeding shall end by itself: at the first of these that comes about. */
export interface SeedingLimitOptions {
  /** After so many seconds. */
  readonly seedTimeSeconds?: number;
  /** After sending so many times the file's length. */
  readonly seedRatio?: number;
  /** When so many others have all of it, or had before they left. */
  readonly untilCopies?: number;
}

/** What will end seeding by itself: the first of these that comes about. */
export interface SeedingEnd {
  /** In so many seconds. */
  readonly inSeconds?: number;
  /** At so many times the file's length sent. */
  readonly atRatio?: number;
  /** At so many others who have all of it. */
  readonly atCopies?: number;
}

/** How far seeding has come. */
interface SeedingProgress {
  /** File data sent. */
  readonly uploadedBytes: number;
  /** How many others are known to have, or to have had, all of it. */
  readonly copies: number;
}

const WATCH_MS = 500;

/** Knows when it is enough, and watches for that; begins to count when made. Close it. */
export class SeedingLimit {
  /** See {@link SeedingLimitOptions.untilCopies}. */
  readonly untilCopies: number | undefined;
  readonly #endMs: number;
  readonly #enoughBytes: number;
  readonly #ratio: number | undefined;
  readonly #timer: ReturnType<typeof setInterval>;

  /**
   * @param totalBytes the file's length
   * @param progress asked twice a second how far seeding has come
   * @param onReached called once, when it is enough
   */
  constructor(
    options: SeedingLimitOptions,
    totalBytes: number,
    progress: () => SeedingProgress,
    onReached: () => void,
  ) {
    const { seedTimeSeconds = Infinity, seedRatio, untilCopies } = options;
    this.#endMs = performance.now() + seedTimeSeconds * 1000;
    this.#enoughBytes = seedRatio === undefined ? Infinity : seedRatio * totalBytes;
    this.#ratio = seedRatio;
    this.untilCopies = untilCopies;
    this.#timer = setInterval(() => {
      if (!this.#isReached(progress())) return;
      this.close();
      onReached();
    }, WATCH_MS);
  }

  /** Watches no longer. */
  close(): void {
    clearInterval(this.#timer);
  }

  /** What will end it; `undefined` when nothing does. */
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

  /** Whether the time is over, enough was sent, or enough others have it. */
  #isReached({ uploadedBytes, copies }: SeedingProgress): boolean {
    return performance.now() >= this.#endMs || uploadedBytes >= this.#enoughBytes ||
      copies >= (this.untilCopies ?? Infinity);
  }
}
