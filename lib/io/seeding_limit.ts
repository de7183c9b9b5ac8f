/**
 * How long to go on seeding.
 *
 * @module
 */

/** When seeding shall end by itself. */
export interface SeedingLimitOptions {
  /** After so many seconds. */
  readonly seedTimeSeconds?: number;
  /** After sending so many times the file's length. */
  readonly seedRatio?: number;
}

/** Knows when it is enough; begins to count when made. */
export class SeedingLimit {
  readonly #endMs: number;
  readonly #enoughBytes: number;

  /** `totalBytes` is the file's length. */
  constructor({ seedTimeSeconds, seedRatio }: SeedingLimitOptions, totalBytes: number) {
    this.#endMs = performance.now() + (seedTimeSeconds ?? Infinity) * 1000;
    this.#enoughBytes = seedRatio === undefined ? Infinity : seedRatio * totalBytes;
  }

  /** Whether the time is over or enough was sent. */
  isReached(uploadedBytes: number): boolean {
    return performance.now() >= this.#endMs || uploadedBytes >= this.#enoughBytes;
  }
}
