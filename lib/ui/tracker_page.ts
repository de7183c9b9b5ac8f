/**
 * The page of a tracker, from before it listens.
 *
 * @module
 */

import type { AbandonedTorrent, FoundSwarms, Tracker } from "../tracker/server.ts";
import type { PageSource, PageView, Query, TrackerSnapshot } from "./snapshot.ts";
import { MAX_SWARMS, type TrackerFigures, trackerSnapshot } from "./tracker_snapshot.ts";

const SAMPLE_MS = 1000;

const NO_FIGURES: TrackerFigures = {
  torrents: 0,
  peers: 0,
  seeders: 0,
  leechers: 0,
  connects: 0,
  announces: 0,
  scrapes: 0,
  finds: 0,
  reaches: 0,
  refused: 0,
};

/** The page of a tracker. */
export class TrackerPage implements PageSource {
  readonly #startMs = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;
  #tracker: Tracker | undefined;
  #url = "";
  #answers = 0;
  #answersPerSecond = 0;
  #sampledMs = performance.now();

  constructor() {
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  /** Shows this tracker from now on. */
  show(tracker: Tracker): void {
    this.#tracker = tracker;
    this.#url = tracker.url;
    this.#answers = this.#answered();
  }

  view(): PageView {
    return { snapshot: (query) => this.#snapshot(query), map: () => undefined };
  }

  dismiss(swarm: string, address: string | undefined): number {
    return this.#tracker?.dismiss(swarm, address) ?? 0;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #snapshot({ search, swarm }: Query): TrackerSnapshot {
    const tracker = this.#tracker;
    const isAsked = tracker !== undefined && swarm !== undefined;
    const stats = tracker?.stats() ?? NO_FIGURES;
    const found = tracker === undefined
      ? { total: 0, swarms: [] }
      : withAbandoned(tracker.survey(search, MAX_SWARMS), tracker.abandoned(), search);
    return trackerSnapshot({
      url: this.#url,
      elapsedSeconds: Math.floor((performance.now() - this.#startMs) / 1000),
      stats,
      answersPerSecond: this.#answersPerSecond,
      found,
      ...(isAsked && {
        selected: {
          hash: swarm,
          name: found.swarms.find(({ hash }) => hash === swarm)?.name,
          roll: tracker.rollCall(swarm),
        },
      }),
    });
  }

  #answered(): number {
    const stats = this.#tracker?.stats();
    if (stats === undefined) return 0;
    const { connects, announces, scrapes, finds, reaches, whos, refused } = stats;
    return connects + announces + scrapes + finds + reaches + whos + refused;
  }

  #sample(): void {
    const answers = this.#answered();
    const nowMs = performance.now();
    const seconds = (nowMs - this.#sampledMs) / 1000;
    this.#answersPerSecond = Math.round((answers - this.#answers) / seconds);
    this.#answers = answers;
    this.#sampledMs = nowMs;
  }
}

/** Torrents whose machines have all left follow those that have any, as far as there is room. */
function withAbandoned(
  { total, swarms }: FoundSwarms,
  abandoned: readonly AbandonedTorrent[],
  search: string,
): FoundSwarms {
  const wanted = search.normalize("NFC").toLowerCase();
  const more = abandoned.filter(({ name, hash }) =>
    name?.toLowerCase().includes(wanted) || hash.startsWith(wanted)
  ).map((torrent) => ({ ...torrent, seeders: 0, leechers: 0, completed: 0 }));
  return {
    total: total + more.length,
    swarms: [...swarms, ...more].slice(0, MAX_SWARMS),
  };
}
