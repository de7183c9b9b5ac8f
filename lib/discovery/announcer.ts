/**
 * Keeps one torrent announced on its trackers, from start to stop.
 *
 * @module
 */

import { type Clock, systemClock } from "../runtime/clock.ts";
import type { AnnounceClient, TargetSettings } from "./announce_target.ts";
import { AnnounceTier } from "./announce_tier.ts";
import { UdpTrackerClient } from "./tracker_client.ts";
import type { TrackerStatus } from "./tracker_status.ts";

/** What is announced where, and who hears of it. */
export interface AnnouncerOptions extends Omit<TargetSettings, "clientFor" | "clock" | "key"> {
  /**
   * URLs in tiers (BEP 12): every tier is announced to, at one of its trackers; the others stand in for
   * it. One that is not of a UDP tracker is reported through `onStatus`.
   */
  tiers: readonly (readonly string[])[];
  /** Announce to one tracker in all, to those of a tier when all before are silent (BEP 12, BEP 27). */
  oneAtATime?: boolean;
  /** Whether more peers would be of use: then trackers are asked early. Default: no. */
  wantsPeers?: () => boolean;
  /** How a round of announces at one tracker went. */
  onStatus?: (status: TrackerStatus) => void;
  /** The address to announce from. */
  localHost?: string;
  /** For tests. */
  clock?: Clock;
  /** For tests: makes the client of one tracker. */
  clientFor?: (url: string) => AnnounceClient;
  /** For tests: a number from 0 up to 1, which shuffles tiers and spreads retries. */
  random?: () => number;
}

/** How long saying goodbye may take: to all trackers together, with what they have not heard yet. */
const STOP_MS = 2000;
const STOP_AFTER_COMPLETED_MS = 5000;

/**
 * Announces `started`, then at each tracker's interval, `completed` once when told so, and `stopped`
 * when closed. A tracker that fails is tried again after 2, 4, 8 … 60 seconds (BEP 3, BEP 15).
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

  /** Asks again soon, since peers are wanted: a part of the tracker's interval after the last time. */
  announceNow(): void {
    for (const tier of this.#tiers) tier.announceNow();
  }

  /** Our address has changed: every tracker is looked up anew, and soon told the new one. */
  addressChanged(): void {
    for (const tier of this.#tiers) tier.renew();
  }

  /** Tells the trackers that the download is complete. Only the first call counts. */
  completed(): void {
    if (this.#completed) return;
    this.#completed = true;
    for (const tier of this.#tiers) tier.completed();
  }

  /**
   * Tells the trackers that have heard of us that we leave, and first that the download is complete where
   * they have not heard that. Takes two seconds at most, five when there may be that to tell.
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

/** The same tiers, with each tracker only where it stands first. */
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
