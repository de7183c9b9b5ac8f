/**
 * Waits until all machines have a torrent that its tracker expects to have it.
 *
 * @module
 */

import type { WhoResponse } from "../codec/discovery/udp_tracker.ts";
import {
  TrackerErrorResponse,
  TrackerTimeoutError,
  UdpTrackerClient,
} from "../discovery/tracker_client.ts";
import { NetworkError } from "../errors.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";

/** How often the trackers are asked. */
const ASK_MS = 3000;
const GIVE_UP_SECONDS = 5;
/** The page of a roll-call that has no machines in it, but the counts of all. */
const NO_PAGE = 0xffff_ffff;

/** What to wait for, and callbacks. */
interface ExpectedCopiesOptions {
  /** The URLs of its trackers. */
  readonly trackers: readonly string[];
  /** 20 bytes; a v2 hash truncated. */
  readonly infoHash: Uint8Array;
  /** Called once, if no tracker that answers has a list of expected machines. */
  readonly onWarning: (message: string) => void;
  /** Called once, when all of them have it. */
  readonly onReached: () => void;
  /** For tests. */
  readonly clock?: Clock;
}

/** Asks the trackers now and then. Must be closed. */
export class ExpectedCopies {
  /** How many expected machines have everything, and how many are expected; `undefined` until known. */
  counts: { readonly complete: number; readonly recipients: number } | undefined;
  readonly #options: ExpectedCopiesOptions;
  readonly #clock: Clock;
  readonly #clients: readonly UdpTrackerClient[];
  readonly #closing = new AbortController();
  readonly #watching: Promise<void>;
  #hasWarned = false;

  /** Starts asking at once. */
  constructor(options: ExpectedCopiesOptions) {
    this.#options = options;
    const clock = this.#clock = options.clock ?? systemClock;
    this.#clients = options.trackers.map((url) => new UdpTrackerClient(url, { clock }));
    this.#watching = this.#watch();
  }

  /** Stops asking. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const asked = await Promise.all(this.#clients.map((client) => this.#ask(client)));
      if (signal.aborted) return;
      const answers = asked.flatMap((answer) => answer ?? []);
      const [list] = answers.filter(({ expected }) => expected > 0);
      if (list !== undefined) this.counts = list;
      else if (asked.length === 0 || asked.some((answer) => answer !== undefined)) this.#warn();
      if (list !== undefined && list.complete >= list.recipients) {
        return this.#options.onReached();
      }
      await this.#clock.sleep(ASK_MS, signal);
    }
  }

  /** The answers of one tracker: none if it cannot tell, `undefined` if it is silent. */
  async #ask(client: UdpTrackerClient): Promise<WhoResponse[] | undefined> {
    const { signal } = this.#closing;
    try {
      return await client.who(this.#options.infoHash, NO_PAGE, {
        signal,
        giveUpSeconds: GIVE_UP_SECONDS,
      });
    } catch (error) {
      const isOther = error instanceof TrackerTimeoutError && error.connected;
      if (isOther || error instanceof TrackerErrorResponse) return [];
      if (error instanceof NetworkError || signal.aborted) return undefined;
      throw error;
    }
  }

  #warn(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const where = this.#options.trackers.length === 1
      ? `the tracker ${this.#options.trackers[0]} has`
      : "no tracker of this torrent has";
    const none = this.#options.trackers.length === 1 ? "no list" : "a list";
    this.#options.onWarning(
      `${where} ${none} of expected machines, so nobody knows when all have the file`,
    );
  }
}
