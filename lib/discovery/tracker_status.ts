/**
 * The state of each tracker of a torrent.
 *
 * @module
 */

/** The state of one tracker. */
export interface TrackerStanding {
  /** The tracker's URL as given. */
  readonly url: string;
  /** Whether it answered last time; absent until it has answered or failed. */
  readonly ok?: boolean;
  /** If not ok: one sentence for the user, including what happens next. */
  readonly error?: string;
  /** If not ok: the fault with a stable code, without what happens next. */
  readonly fault?: TrackerFault;
  /** Number of peers that have all of the torrent. */
  readonly seeders?: number;
  /** Number of peers that are still downloading. */
  readonly leechers?: number;
  /** When it is asked again; absent if never, or if another tracker substitutes for it. */
  readonly nextInSeconds?: number;
}

/** The last result from a tracker. */
interface Heard {
  readonly status: Omit<TrackerStatus, "nextInSeconds">;
  /** When it is asked again, if ever. */
  readonly nextMs: number | undefined;
}

/** Keeps the last result of every tracker. */
export class TrackerStatusTable {
  readonly #expected = new Set<string>();
  readonly #heard = new Map<string, Heard>();
  #mostSeeders = 0;

  /** Adds trackers that the user knows of: they are listed whether they answer or not. */
  expect(urls: Iterable<string>): void {
    for (const url of urls) this.#expected.add(url);
  }

  /** Records the result of a round of announces at one tracker. */
  heard(status: Heard["status"], nextInSeconds: number | undefined, nowMs: number): void {
    const nextMs = nextInSeconds === undefined ? undefined : nowMs + 1000 * nextInSeconds;
    this.#heard.set(status.url, { status, nextMs });
    this.#mostSeeders = Math.max(this.#mostSeeders, status.seeders ?? 0);
  }

  /** The highest seeder count that any tracker has ever reported. */
  get mostSeeders(): number {
    return this.#mostSeeders;
  }

  /** The current state of each tracker. A tracker that was not named is listed only while it answers. */
  standings(nowMs: number): TrackerStanding[] {
    const answering = [...this.#heard].filter(([, { status }]) => status.ok).map(([url]) => url);
    return [...this.#expected.union(new Set(answering))].map((url) => {
      const heard = this.#heard.get(url);
      if (heard === undefined) return { url };
      const { ok, error, fault, seeders, leechers } = heard.status;
      const { nextMs } = heard;
      return {
        url,
        ok,
        ...(error !== undefined && { error }),
        ...(fault !== undefined && { fault }),
        ...(seeders !== undefined && { seeders }),
        ...(leechers !== undefined && { leechers }),
        ...(nextMs !== undefined && {
          nextInSeconds: Math.max(0, Math.ceil((nextMs - nowMs) / 1000)),
        }),
      };
    });
  }
}

/** How a tracker fails, as a stable code: no answer, a refusal, or anything else. */
export type TrackerFailure = "tracker-silent" | "tracker-refuses" | "tracker-fails";

/** The combined state of all trackers. */
export type TrackerSummary =
  /** There are no trackers. */
  | { readonly state: "none" }
  /** No tracker was given, but peers are sought on the local network. */
  | { readonly state: "local" }
  /** No tracker has answered or failed yet. */
  | { readonly state: "asking" }
  /** No tracker works. Holds the most informative fault, and when that tracker is asked again, if ever. */
  | ({ readonly state: "failing"; readonly nextInSeconds?: number } & TrackerFault)
  /** At least one answers. Holds the highest number of other peers that any of them reports. */
  | { readonly state: "answering"; readonly others: number };

/** Failure codes, most informative first. */
const MOST_TELLING: readonly TrackerFailure[] = [
  "tracker-refuses",
  "tracker-fails",
  "tracker-silent",
];

/** Summarizes the states of all trackers. */
export function summarize(standings: readonly TrackerStanding[]): TrackerSummary {
  const answering = standings.filter(({ ok }) => ok === true);
  if (answering.length > 0) {
    // We count as one of the leechers ourselves.
    const others = answering.map(({ seeders = 0, leechers = 0 }) =>
      seeders + Math.max(0, leechers - 1)
    );
    return { state: "answering", others: Math.max(...others) };
  }
  for (const code of MOST_TELLING) {
    const failing = standings.find(({ fault }) => fault?.code === code);
    if (failing?.fault === undefined) continue;
    const { fault, nextInSeconds } = failing;
    return { state: "failing", ...fault, ...(nextInSeconds !== undefined && { nextInSeconds }) };
  }
  return { state: "asking" };
}

/** When something is retried, in words. */
export function inSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole > 0 ? `next try in ${whole} s` : "trying again";
}

/** What is wrong with a tracker. */
export interface TrackerFault {
  /** The kind of fault. */
  readonly code: TrackerFailure;
  /** One sentence for the user, without what happens next. */
  readonly sentence: string;
}

/** The result of a round of announces at one tracker. */
export interface TrackerStatus {
  /** The tracker's URL as given. */
  url: string;
  /** Whether it answered in at least one swarm. */
  ok: boolean;
  /** If not ok: one sentence for the user, including what happens next. */
  error?: string;
  /** If not ok: the same without what happens next. */
  fault?: TrackerFault;
  /** Number of peers that have all of the torrent. */
  seeders?: number;
  /** Number of peers that are still downloading. */
  leechers?: number;
  /** Number of peer addresses it returned. */
  peers?: number;
  /** The tracker's announce interval, within Shoal's limits. */
  intervalSeconds?: number;
  /** When it is asked again; absent if never. */
  nextInSeconds?: number;
}
