/**
 * Keeps one torrent announced at its trackers, from start to stop.
 *
 * @module
 */

import { type Clock, systemClock } from "../runtime/clock.ts";
import type { AnnounceClient, TargetSettings } from "./announce_target.ts";
import { AnnounceTier } from "./announce_tier.ts";
import { UdpTrackerClient } from "./tracker_client.ts";
import type { TrackerStatus } from "./tracker_status.ts";

/** What to announce and where, and callbacks. */
export interface AnnouncerOptions extends Omit<TargetSettings, "clientFor" | "clock" | "key"> {
  /**
   * URLs in tiers (BEP 12). One tracker of every tier gets announces; the others of the tier substitute for
   * it. URLs that are not those of a UDP tracker are reported through `onStatus`.
   */
  tiers: readonly (readonly string[])[];
  /**
   * Announce to only one tracker overall, using a later tier only when all earlier ones are silent (BEP 12,
   * BEP 27).
   */
  oneAtATime?: boolean;
  /** Whether more peers would be useful, in which case announces are early. Default: no. */
  wantsPeers?: () => boolean;
  /** Called with the result of a round of announces at one tracker. */
  onStatus?: (status: TrackerStatus) => void;
  /** The address to announce from. */
  localHost?: string;
  /** Default: the system's. */
  clock?: Clock;
  /** Makes the client of one tracker. Default: one with sockets of its own. */
  clientFor?: (url: string) => AnnounceClient;
  /**
   * Whether many torrents announce from here: then the second announce comes early by a random part of the
   * interval, so that the announces of all do not come at the same time. Default: no.
   */
  spreads?: () => boolean;
  /** For tests: a number from 0 (inclusive) to 1 (exclusive) that shuffles tiers and spreads retries. */
  random?: () => number;
}

/** Time limit for the final announces to all trackers together, including pending events. */
const STOP_MS = 2000;
const STOP_AFTER_COMPLETED_MS = 5000;

/**
 * Announces `started`, then repeats at each tracker's interval. Announces `completed` once when told so, and
 * `stopped` when closed. A tracker that fails is retried after 2, 4, 8 … 60 seconds (BEP 3, BEP 15).
 */
export class Announcer implements AsyncDisposable {
  readonly #tiers: readonly AnnounceTier[];
  readonly #clock: Clock;
  #completed = false;
  #closing: Promise<void> | undefined;

  /** Starts announcing at once. */
  constructor(options: AnnouncerOptions) {
    const clock = options.clock ?? systemClock;
    const { localHost } = options;
    const clientFor = options.clientFor ??
      ((url) =>
        new UdpTrackerClient(url, localHost === undefined ? { clock } : { clock, localHost }));
    const key = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const settings = {
      onStatus: () => {},
      wantsPeers: () => false,
      spreads: () => false,
      random: Math.random,
      ...options,
      clock,
      key,
      clientFor,
    };
    this.#clock = clock;
    const tiers = withoutRepeats(options.tiers);
    const groups = options.oneAtATime && tiers.length > 0 ? [tiers] : tiers.map((tier) => [tier]);
    this.#tiers = groups.map((group) => new AnnounceTier(group, settings));
  }

  /** Asks for peers soon, keeping a distance of a part of the tracker's interval from the last announce. */
  announceNow(): void {
    for (const tier of this.#tiers) tier.announceNow();
  }

  /** Call when our address has changed: every tracker is resolved again and soon receives the new address. */
  addressChanged(): void {
    for (const tier of this.#tiers) tier.renew();
  }

  /** Announces that the download is complete. Only the first call has an effect. */
  completed(): void {
    if (this.#completed) return;
    this.#completed = true;
    for (const tier of this.#tiers) tier.completed();
  }

  /**
   * Announces `stopped` to the trackers that may know us, after any `completed` they have not received. Takes
   * at most two seconds, or five if `completed` was announced in this run.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Same as {@link Announcer.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const stopped = new AbortController();
    const late = new AbortController();
    const limitMs = this.#completed ? STOP_AFTER_COMPLETED_MS : STOP_MS;
    const limit = this.#clock.sleep(limitMs, stopped.signal).then(() => late.abort());
    await Promise.all(this.#tiers.map((tier) => tier.close(late.signal)));
    stopped.abort();
    await limit;
  }
}

/** The same tiers, with each tracker only at its first position. */
export function withoutRepeats(tiers: readonly (readonly string[])[]): string[][] {
  const seen = new Set<string>();
  return tiers.map((tier) =>
    tier.filter((url) => {
      const isNew = !seen.has(url);
      seen.add(url);
      return isNew;
    })
  ).filter((tier) => tier.length > 0);
}
