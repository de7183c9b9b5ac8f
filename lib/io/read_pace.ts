/**
 * Whether files are read at once or by another thread.
 *
 * What the system has in memory is read in a tenth of a millisecond, less than it takes to hand the read
 * to another thread and back. What it has to fetch from a disk takes a hundred times as long, and everybody
 * else must not wait for that. Which of the two it is shows when it is tried.
 *
 * @module
 */

/** A read that takes longer came from a disk, or the system was busy: either way it is no gain. */
const QUICK_MS = 1;
/** So many reads are left to another thread before the next is tried at once; twice as many each time. */
const FIRST_REST = 16;
const LONGEST_REST = 4096;

/** The choice for one set of files. Starts with other threads. */
export class ReadPace {
  #rest = FIRST_REST;
  #left = FIRST_REST;

  /** Whether the next read is to be made at once, by the thread that asks. */
  get isQuick(): boolean {
    return this.#left === 0;
  }

  /** A read made at once took so long. */
  took(ms: number): void {
    if (ms <= QUICK_MS) {
      this.#rest = FIRST_REST;
      return;
    }
    this.#left = this.#rest;
    this.#rest = Math.min(this.#rest * 2, LONGEST_REST);
  }

  /** A read was made by another thread. */
  rested(): void {
    if (this.#left > 0) this.#left--;
  }
}
