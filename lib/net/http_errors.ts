/**
 * What web servers do wrong, and for how long they are waited for.
 *
 * @module
 */

import { type Clock, systemClock } from "../runtime/clock.ts";

/** So long a server may take to begin an answer, or to send the next {@link STEP_BYTES} of it. */
export const PATIENCE_MS = 15_000;
const STEP_BYTES = 16 * 1024;
/** A server that has not what it should is asked again after so long: somebody may put it there. */
export const HOPELESS_MS = 5 * 60_000;

/** What a web server did wrong. */
export class WebSeedError extends Error {
  /** For how long it is left alone; `undefined`: as long as any peer that cannot be reached. */
  readonly waitMs: number | undefined;
  /** Waiting will hardly help: the user should know. */
  readonly isHopeless: boolean;

  /** `message` completes the sentence "the web seed …". */
  constructor(message: string, waitMs?: number, isHopeless = false) {
    super(message);
    this.waitMs = waitMs;
    this.isHopeless = isHopeless;
  }
}

/** The server is there; of one file it says that it has none, or another one. */
export class MissingFileError extends WebSeedError {
  /** `message` completes the sentence "the web seed …". */
  constructor(message: string) {
    super(message, HOPELESS_MS, true);
  }
}

/** The server does not answer, or stopped in the middle. */
export class HttpTimeoutError extends WebSeedError {
  /** A fault that time may mend. */
  constructor() {
    super("does not answer, or hardly sends anything");
  }
}

/** Ends a request whose server lets us wait for too long. */
export class RetrySchedule implements Disposable {
  /** Aborted with a {@link HttpTimeoutError} when there is no patience left. */
  readonly signal: AbortSignal;
  readonly #over = new AbortController();
  readonly #patienceMs: number;
  readonly #clock: Clock;
  #leftMs: number;
  #bytes = 0;

  /** `signal` ends the request as well. */
  constructor(signal: AbortSignal, patienceMs = PATIENCE_MS, clock: Clock = systemClock) {
    this.#patienceMs = patienceMs;
    this.#clock = clock;
    this.#leftMs = patienceMs;
    this.signal = AbortSignal.any([signal, this.#over.signal]);
  }

  /** Waits for the server, until there is no patience left. */
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

  /** Bytes arrived; enough of them renew the patience. */
  got(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < STEP_BYTES) return;
    this.#bytes = 0;
    this.#leftMs = this.#patienceMs;
  }

  /** Lets go of the signal it listens to. */
  [Symbol.dispose](): void {
    this.#over.abort();
  }
}
