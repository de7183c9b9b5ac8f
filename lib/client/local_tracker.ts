/**
 * The local tracker a seeder uses when none is named: an existing one, or its own. The process that hosts
 * it may leave first; then another seeder on this machine takes over.
 *
 * @module
 */

import { DEFAULT_TRACKER_PORT } from "../codec/discovery/tracker_url.ts";
import { isTracker, localTracker } from "../discovery/advertised_address.ts";
import { NetworkError } from "../errors.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { Tracker } from "../tracker/server.ts";

/** How often to check that another process's tracker is still there; varied to be sooner at times. */
const WATCH_MS = 3000;
const WATCH_SPREAD_MS = 1000;
/** Unanswered checks in a row that mean it is gone. A tracker that merely restarts keeps its port. */
const SILENT_TIMES = 2;
/** When seeders start together, one gets the port; it answers within this many checks. */
const QUESTIONS_AFTER_RACE = 2;

/** The options of a local tracker. */
interface LocalTrackerOptions {
  /** The address to give other machines for peers on this machine. */
  readonly externalIp: string | undefined;
  /** Called with a warning for the user. */
  readonly onWarning: (message: string) => void;
  /** Called when a new, empty tracker has replaced one that is gone. */
  readonly onTakeOver: () => void;
  /** For tests. */
  readonly clock?: Clock;
  /** For tests; default 6969. */
  readonly port?: number;
}

/** A tracker on this machine. Must be closed. */
export class LocalTracker {
  /** Its URL from this machine. */
  readonly url: string;
  readonly #options: LocalTrackerOptions;
  readonly #port: number;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #watching: Promise<void>;
  #own: Tracker | undefined;

  private constructor(port: number, own: Tracker | undefined, options: LocalTrackerOptions) {
    this.url = localTracker(port);
    this.#port = port;
    this.#own = own;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#watching = own === undefined ? this.#watch() : Promise.resolve();
  }

  /** Finds an existing one, or starts one. */
  static async find(options: LocalTrackerOptions): Promise<LocalTracker> {
    const { port = DEFAULT_TRACKER_PORT } = options;
    const url = localTracker(port);
    if (await isTracker(url)) return new LocalTracker(port, undefined, options);
    const own = await host(port, options);
    if (own !== undefined) return new LocalTracker(port, own, options);
    for (let question = 1; question <= QUESTIONS_AFTER_RACE; question++) {
      if (await isTracker(url)) return new LocalTracker(port, undefined, options);
    }
    options.onWarning(
      `port ${port} is taken by something that is no tracker, ` +
        "so this seeder's own tracker listens elsewhere and its link is needed to find the file",
    );
    const elsewhere = await Tracker.listen({ port: 0, ...externalIpOf(options) });
    return new LocalTracker(elsewhere.addr.port, elsewhere, options);
  }

  /** Whether this program hosts it now. */
  get isOwn(): boolean {
    return this.#own !== undefined;
  }

  /** Stops it if it is our own. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#watching;
    await this.#own?.close();
  }

  /** Checks whether the tracker is still there, until it is our own. */
  async #watch(): Promise<void> {
    const { signal } = this.#closing;
    let silent = 0;
    while (!signal.aborted) {
      await this.#clock.sleep(WATCH_MS - WATCH_SPREAD_MS * Math.random(), signal);
      if (signal.aborted) return;
      silent = await isTracker(this.url, signal) ? 0 : silent + 1;
      if (silent < SILENT_TIMES || signal.aborted) continue;
      silent = 0;
      this.#own = await host(this.#port, this.#options);
      if (this.#own === undefined) continue; // another process was faster
      this.#options.onWarning(
        "the tracker on this machine is gone; this seeder hosts one in its place, which finds others " +
          "again as they announce themselves",
      );
      this.#options.onTakeOver();
      return;
    }
  }
}

/** Starts our own tracker at this port; `undefined` when the port is taken. */
async function host(port: number, options: LocalTrackerOptions): Promise<Tracker | undefined> {
  try {
    return await Tracker.listen({ port, ...externalIpOf(options) });
  } catch (error) {
    if (error instanceof NetworkError) return undefined;
    throw error;
  }
}

function externalIpOf({ externalIp }: LocalTrackerOptions): { externalIp?: string } {
  return externalIp === undefined ? {} : { externalIp };
}
