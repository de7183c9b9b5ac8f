/**
 * Watches a download for stalls: when to report them and when to give up.
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
  /** When the download is not complete after this many seconds. */
  readonly timeoutSeconds?: number;
  /** When no data has arrived for this many seconds. */
  readonly stallTimeoutSeconds?: number;
}

/** How late a block may be under the user's own limit before the download is called slow. */
const LATE_MS = 5000;

/** Watches one download. */
export class StallMonitor {
  /** Why no data moves; `undefined` while data moves. */
  waiting: StallReason | undefined;
  readonly #options: StallOptions;
  readonly #startedMs = performance.now();
  #movedMs = performance.now();
  #movedBytes = 0;
  /** Since when hardly any data has arrived; `undefined` while enough does. */
  #slowSinceMs: number | undefined;

  /** Starts waiting now. */
  constructor(options: StallOptions) {
    this.#options = options;
  }

  /** How long it has waited, in seconds. */
  get seconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  /** Restarts the wait: local work is running, so no data needs to arrive meanwhile. */
  reset(): void {
    this.#movedMs = performance.now();
    this.waiting = undefined;
  }

  /**
   * Checks whether data moves. Returns the reason if it does not and the reason is new.
   *
   * @param downloadLimit bytes per second; a download at this limit is not slow
   */
  check(
    swarm: Swarm,
    trackers: TrackerSummary,
    downloadLimit = Infinity,
    nowMs = performance.now(),
  ): StallReason | undefined {
    if (swarm.downloadedBytes !== this.#movedBytes) {
      this.#movedBytes = swarm.downloadedBytes;
      this.#movedMs = nowMs;
    }
    const before = this.waiting;
    const reason = stallReason(swarm, trackers, nowMs, downloadLimit);
    const isHeldBack = reason?.code === "slow" && this.#isHeldBack(downloadLimit, nowMs);
    const found = isHeldBack ? undefined : reason;
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

  /** Whether the user's limit is so low that a block may take as long as this pause. */
  #isHeldBack(downloadLimit: number, nowMs: number): boolean {
    this.#slowSinceMs ??= nowMs;
    const quietMs = nowMs - Math.max(this.#movedMs, this.#slowSinceMs);
    const blockMs = 1000 * BLOCK_LENGTH / downloadLimit;
    return blockMs > 0 && quietMs < 2 * blockMs + LATE_MS;
  }
}
