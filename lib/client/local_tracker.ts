/**
 * The tracker a seeder uses when none is named: one on this machine, one of the local network, or its own. The
 * process that hosts it on this machine may leave first; then another seeder here takes over. When one of the
 * local network leaves, its seeders are still found there by multicast, and use it again when it is back.
 *
 * @module
 */

import { DEFAULT_TRACKER_PORT } from "../codec/discovery/tracker_url.ts";
import { isTracker, localTracker } from "../discovery/advertised_address.ts";
import { trackersNearby } from "../discovery/local/ask.ts";
import { NetworkError } from "../errors.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { Tracker, type TrackerOptions } from "../tracker/server.ts";

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
  /** Whether to use a tracker of the local network if there is none on this machine; default false. */
  readonly asksLocally?: boolean;
  /** Called with the URL of the tracker of the local network that is used. */
  readonly onFound?: (url: string) => void;
  /** Whether a tracker of our own is not to be found by other machines; default false. */
  readonly hidden?: boolean;
  /** Called when a new, empty tracker has replaced one that is gone. */
  readonly onTakeOver: () => void;
  /** For tests. */
  readonly clock?: Clock;
  /** For tests; default 6969. */
  readonly port?: number;
}

/** A tracker on this machine or in the local network. Must be closed. */
export class LocalTracker {
  /** Its URL from this machine. */
  readonly url: string;
  readonly #options: LocalTrackerOptions;
  readonly #port: number;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #watching: Promise<void>;
  #own: Tracker | undefined;

  private constructor(
    port: number,
    own: Tracker | undefined,
    options: LocalTrackerOptions,
    elsewhere?: string,
  ) {
    this.url = elsewhere ?? localTracker(port);
    this.#port = port;
    this.#own = own;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const isOthers = own === undefined && elsewhere === undefined;
    this.#watching = isOthers ? this.#watch() : Promise.resolve();
  }

  /** Finds an existing one, or starts one. */
  static async find(options: LocalTrackerOptions): Promise<LocalTracker> {
    const { port = DEFAULT_TRACKER_PORT } = options;
    const url = localTracker(port);
    const search = new AbortController();
    const nearby = options.asksLocally ? trackersNearby({ signal: search.signal }) : [];
    const isHere = await isTracker(url);
    if (isHere) search.abort();
    const candidates = await nearby;
    if (isHere) return new LocalTracker(port, undefined, options);
    const elsewhere = await firstTracker(candidates);
    if (elsewhere !== undefined) {
      options.onFound?.(elsewhere);
      return new LocalTracker(port, undefined, options, elsewhere);
    }
    const own = await host(port, options);
    if (own !== undefined) return new LocalTracker(port, own, options);
    for (let question = 1; question <= QUESTIONS_AFTER_RACE; question++) {
      if (await isTracker(url)) return new LocalTracker(port, undefined, options);
    }
    options.onWarning(
      `port ${port} is taken by something that is no tracker, ` +
        "so this seeder's own tracker listens elsewhere and its link is needed to find the file",
    );
    const other = await Tracker.listen({ port: 0, ...ownOptions(options) });
    return new LocalTracker(other.addr.port, other, options);
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
    return await Tracker.listen({ port, ...ownOptions(options) });
  } catch (error) {
    if (error instanceof NetworkError) return undefined;
    throw error;
  }
}

/** The first of these that a tracker answers at: anybody may say that one is there. */
async function firstTracker(urls: readonly string[]): Promise<string | undefined> {
  const answers = await Promise.all(urls.map((url) => isTracker(url)));
  return urls.find((_, i) => answers[i]);
}

function ownOptions({ externalIp, hidden = false }: LocalTrackerOptions): TrackerOptions {
  return { hidden, ...(externalIp !== undefined && { externalIp }) };
}
