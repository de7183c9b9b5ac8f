/**
 * Errors of web servers, and how long to wait for a server.
 *
 * @module
 */

import { type Clock, systemClock } from "../runtime/clock.ts";

/** How long a server may take to begin an answer, or to send the next {@link STEP_BYTES} of it. */
export const PATIENCE_MS = 15_000;
const STEP_BYTES = 16 * 1024;
/** Delay before retrying a server that lacks what it should have: its owner may add it. */
export const HOPELESS_MS = 5 * 60_000;

/** An error caused by a web server. */
export class WebSeedError extends Error {
  /** How long to leave the server alone; `undefined` means as long as any unreachable peer. */
  readonly waitMs: number | undefined;
  /** Whether waiting will hardly help, so that the user should be told. */
  readonly isHopeless: boolean;

  /** @param message Completes the sentence "the web seed …". */
  constructor(message: string, waitMs?: number, isHopeless = false) {
    super(message);
    this.waitMs = waitMs;
    this.isHopeless = isHopeless;
  }
}

/** The server answers, but lacks one file or has a different one. */
export class MissingFileError extends WebSeedError {
  /** @param message Completes the sentence "the web seed …". */
  constructor(message: string) {
    super(message, HOPELESS_MS, true);
  }
}

/** The server does not answer, or stopped in the middle. */
export class HttpTimeoutError extends WebSeedError {
  /** Retried like any temporary error. */
  constructor() {
    super("does not answer, or hardly sends anything");
  }
}

/** Aborts a request when its server keeps us waiting for too long. */
export class RetrySchedule implements Disposable {
  /** Aborted with a {@link HttpTimeoutError} when the time is used up. */
  readonly signal: AbortSignal;
  readonly #over = new AbortController();
  readonly #patienceMs: number;
  readonly #clock: Clock;
  #leftMs: number;
  #bytes = 0;

  /** @param signal Ends the request as well. */
  constructor(signal: AbortSignal, patienceMs = PATIENCE_MS, clock: Clock = systemClock) {
    this.#patienceMs = patienceMs;
    this.#clock = clock;
    this.#leftMs = patienceMs;
    this.signal = AbortSignal.any([signal, this.#over.signal]);
  }

  /** Waits for the server, up to the time left. */
  async within<T>(promise: Promise<T>): Promise<T> {
    const startMs = this.#clock.nowMs();
    const timer = setTimeout(() => this.#over.abort(new HttpTimeoutError()), this.#leftMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#leftMs = Math.max(0, this.#leftMs - (this.#clock.nowMs() - startMs));
    }
  }

  /** Counts received bytes; enough of them reset the time limit. */
  got(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < STEP_BYTES) return;
    this.#bytes = 0;
    this.#leftMs = this.#patienceMs;
  }

  /** Stops listening to the given signal. */
  [Symbol.dispose](): void {
    this.#over.abort();
  }
}
