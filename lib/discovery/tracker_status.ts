/**
 * How things stand with each tracker of a torrent.
 *
 * @module
 */

/** How things stand with one tracker. */
export interface TrackerStanding {
  /** The tracker, as it was given. */
  readonly url: string;
  /** Whether it answered last time; absent while it has neither answered nor failed to. */
  readonly ok?: boolean;
  /** When not ok: one sentence for the user, with what happens next. */
  readonly error?: string;
  /** When not ok: what is wrong, by a stable name and without what happens next. */
  readonly fault?: TrackerFault;
  /** Peers with all of the torrent. */
  readonly seeders?: number;
  /** Peers that are still downloading. */
  readonly leechers?: number;
  /** When it is asked again; absent when never, or when another one stands in for it. */
  readonly nextInSeconds?: number;
}

/** The last word of a tracker. */
interface Heard {
  readonly status: Omit<TrackerStatus, "nextInSeconds">;
  /** When it is asked again, if ever. */
  readonly nextMs: number | undefined;
}

/** Remembers the last word of every tracker. */
export class TrackerStatusTable {
  readonly #expected = new Set<string>();
  readonly #heard = new Map<string, Heard>();
  #mostSeeders = 0;

  /** These are named to the user: each is there to be seen, whether it answers or not. */
  expect(urls: Iterable<string>): void {
    for (const url of urls) this.#expected.add(url);
  }

  /** A round of announces at one tracker is over. */
  heard(status: Heard["status"], nextInSeconds: number | undefined, nowMs: number): void {
    const nextMs = nextInSeconds === undefined ? undefined : nowMs + 1000 * nextInSeconds;
    this.#heard.set(status.url, { status, nextMs });
    this.#mostSeeders = Math.max(this.#mostSeeders, status.seeders ?? 0);
  }

  /** The most seeders that any tracker has ever counted. */
  get mostSeeders(): number {
    return this.#mostSeeders;
  }

  /** How things stand now. One that nobody named is seen only once it has answered. */
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

/** How a tracker fails, by a stable name: no answer, a refusal, or anything else. */
export type TrackerFailure = "tracker-silent" | "tracker-refuses" | "tracker-fails";

/** What there is to expect of the trackers. */
export type TrackerSummary =
  /** There is none. */
  | { readonly state: "none" }
  /** None was named, but the local network is asked. */
  | { readonly state: "local" }
  /** None has answered or failed to yet. */
  | { readonly state: "asking" }
  /** None helps. This one says most; when it is asked again, if ever. */
  | ({ readonly state: "failing"; readonly nextInSeconds?: number } & TrackerFault)
  /** At least one answers; how many besides us they know, as far as the best of them tells. */
  | { readonly state: "answering"; readonly others: number };

/** Of several failures the first of these says most. */
const MOST_TELLING: readonly TrackerFailure[] = [
  "tracker-refuses",
  "tracker-fails",
  "tracker-silent",
];

/** What to expect of trackers that stand like this. */
export function summarize(standings: readonly TrackerStanding[]): TrackerSummary {
  const answering = standings.filter(({ ok }) => ok === true);
  if (answering.length > 0) {
    // We are one of the leechers ourselves.
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

/** When something is tried again, in words. */
export function inSeconds(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole > 0 ? `next try in ${whole} s` : "trying again";
}

/** What is wrong with a tracker. */
export interface TrackerFault {
  /** What kind of fault. */
  readonly code: TrackerFailure;
  /** One sentence for the user, without what happens next. */
  readonly sentence: string;
}

/** How things stand with one tracker after a round of announces. */
export interface TrackerStatus {
  /** The tracker, as it was given. */
  url: string;
  /** It answered, in at least one swarm. */
  ok: boolean;
  /** When not ok: one sentence for the user, with what happens next. */
  error?: string;
  /** When not ok: the same without what happens next. */
  fault?: TrackerFault;
  /** Peers with all of the torrent. */
  seeders?: number;
  /** Peers that are still downloading. */
  leechers?: number;
  /** How many addresses of peers it gave. */
  peers?: number;
  /** What the tracker asks for, within Shoal's bounds. */
  intervalSeconds?: number;
  /** When it is asked again; absent when never. */
  nextInSeconds?: number;
}
