/**
 * How long to wait for a download, and what to say meanwhile.
 *
 * @module
 */

import type { TrackerSummary } from "../discovery/tracker_status.ts";
import { DownloadTimeoutError } from "../errors.ts";
import type { Swarm } from "../peer/swarm.ts";
import { BLOCK_LENGTH } from "../store/layout.ts";
import { type StallReason, stallReason } from "./stall_reason.ts";

/** When to give up. */
export interface StallOptions {
  /** When it is not complete after so many seconds. */
  readonly timeoutSeconds?: number;
  /** When nothing has come for so many seconds. */
  readonly stallTimeoutSeconds?: number;
  /** Bytes per second; less than this allows is not slow. Default unlimited. */
  readonly downloadLimit?: number;
}

/** A block that the user's own limit lets through may be late by so much before it is called slow. */
const LATE_MS = 5000;

/** Watches one download. */
export class StallMonitor {
  /** Why nothing moves; undefined while something does. */
  waiting: StallReason | undefined;
  readonly #options: StallOptions;
  readonly #startedMs = performance.now();
  #movedMs = performance.now();
  #movedBytes = 0;
  /** Since when hardly anything comes; undefined while enough does. */
  #slowSinceMs: number | undefined;

  /** Begins to wait now. */
  constructor(options: StallOptions) {
    this.#options = options;
  }

  /** For how long it has waited, in seconds. */
  get seconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  /** Work is done on what is here: nothing needs to come meanwhile. */
  reset(): void {
    this.#movedMs = performance.now();
    this.waiting = undefined;
  }

  /** Looks whether anything moves. Returns why not, when that is news. */
  check(
    swarm: Swarm,
    trackers: TrackerSummary,
    nowMs = performance.now(),
  ): StallReason | undefined {
    if (swarm.downloadedBytes !== this.#movedBytes) {
      this.#movedBytes = swarm.downloadedBytes;
      this.#movedMs = nowMs;
    }
    const before = this.waiting;
    const { downloadLimit } = this.#options;
    const reason = stallReason(swarm, trackers, nowMs, downloadLimit || Infinity);
    const found = reason?.code === "slow" && this.#isHeldBack(nowMs) ? undefined : reason;
    if (reason?.code !== "slow") this.#slowSinceMs = undefined;
    this.waiting = found;
    const isKnown = found?.code === before?.code && found?.about === before?.about;
    return isKnown ? undefined : found;
  }

  /** The error to give up with, once it is time. */
  timeoutError(): DownloadTimeoutError | undefined {
    const { timeoutSeconds, stallTimeoutSeconds } = this.#options;
    if (timeoutSeconds !== undefined && this.seconds > timeoutSeconds) {
      return new DownloadTimeoutError(`not complete after ${timeoutSeconds} s`, this.waiting);
    }
    const stalledSeconds = (performance.now() - this.#movedMs) / 1000;
    if (stallTimeoutSeconds !== undefined && stalledSeconds > stallTimeoutSeconds) {
      return new DownloadTimeoutError(`nothing came for ${stallTimeoutSeconds} s`, this.waiting);
    }
    return undefined;
  }

  /** Whether so low a limit was asked for that a block may take as long as there has been none. */
  #isHeldBack(nowMs: number): boolean {
    this.#slowSinceMs ??= nowMs;
    const quietMs = nowMs - Math.max(this.#movedMs, this.#slowSinceMs);
    const blockMs = 1000 * BLOCK_LENGTH / (this.#options.downloadLimit || Infinity);
    return blockMs > 0 && quietMs < 2 * blockMs + LATE_MS;
  }
}
