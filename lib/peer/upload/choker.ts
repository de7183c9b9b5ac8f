/**
 * Whom to serve: everybody who is interested, up to a number of slots; beyond that the peers that
 * move data fastest, and one more by turns so that newcomers get to show what they can. However many
 * connections a host or a network has, it leaves slots for others.
 *
 * @module
 */

import { Census, DialQuotas } from "../peers/network_usage.ts";

/**
 * How often the slots are dealt anew, in milliseconds. A free slot is given away before that. The
 * classic ten seconds are long: on a fast network a file is through by then, and a newcomer has not
 * had its turn.
 */
export const RECHOKE_INTERVAL_MS = 1000;

/** Who moves less than this part of what a slot moves on average makes no use of it. */
const LEAST_PARTS = 16;

/** What the choker looks at. */
export interface Candidate {
  /** Number of the connection. */
  readonly id: number;
  /** Its IP address. */
  readonly host: string;
  /** It wants something from us. */
  readonly interested: boolean;
  /** It has a slot now. */
  readonly unchoked: boolean;
  /** Bytes per second: what it gives us while we download, what it takes while we only serve. */
  readonly rate: number;
  /** When it last got a slot. */
  readonly unchokedMs: number;
}

/** The connections that shall have a slot from now on. */
export function chooseUnchoked(
  candidates: readonly Candidate[],
  slots: number,
  random: () => number,
): Set<number> {
  const interested = candidates.filter((candidate) => candidate.interested);
  if (interested.length <= slots) return new Set(interested.map((candidate) => candidate.id));
  if (slots <= 0) return new Set();
  const byRate = inOrder(interested, slots);
  const portions = new DialQuotas(slots);
  const regular = withinPortions(byRate, slots - 1, portions);
  const chosen = new Set(regular.map((candidate) => candidate.id));
  const others = byRate.filter((candidate) => !chosen.has(candidate.id));
  const waiting = others.filter((candidate) => !candidate.unchoked);
  const pool = ofFewest(waiting.length > 0 ? waiting : others, regular);
  chosen.add(pool[Math.floor(random() * pool.length)]!.id);
  return chosen;
}

/**
 * The fastest first, those who have waited longest before others that are as fast. Who moves next to
 * nothing is no better than who waits: else a few that take a byte now and then would keep their slots.
 */
function inOrder(interested: readonly Candidate[], slots: number): Candidate[] {
  const total = interested.reduce((sum, { rate }) => sum + rate, 0);
  const least = total / slots / LEAST_PARTS;
  const rateOf = ({ rate }: Candidate) => rate < least ? 0 : rate;
  return [...interested].sort((a, b) => rateOf(b) - rateOf(a) || a.unchokedMs - b.unchokedMs);
}

/**
 * The first `count`, but of no host and no network more than its portion while others wait; what those
 * leave is for anybody.
 */
function withinPortions(
  ordered: readonly Candidate[],
  count: number,
  portions: DialQuotas,
): Candidate[] {
  const surplus: Candidate[] = [];
  const chosen: Candidate[] = [];
  for (const candidate of ordered) {
    if (chosen.length === count) return chosen;
    (portions.take(candidate.host) ? chosen : surplus).push(candidate);
  }
  return [...chosen, ...surplus.slice(0, count - chosen.length)];
}

/** Those whose host, and then whose network, has the fewest slots already: newcomers of them try next. */
function ofFewest(pool: readonly Candidate[], chosen: readonly Candidate[]): readonly Candidate[] {
  const census = new Census(chosen, ({ host }) => host);
  let fewest = pool;
  for (const kind of ["host", "network"] as const) {
    const counts = fewest.map(({ host }) => census.at(host)[kind]);
    const least = Math.min(...counts);
    fewest = fewest.filter((_, i) => counts[i] === least);
  }
  return fewest;
}

/** So long a number of slots is tried before its speed is known: as long as rates are measured. */
const TRIAL_MS = 4000;
/** What more slots must bring to be kept. */
const WORTHWHILE = 1.1;
/** After a trial that brought nothing, the next one comes so much later. */
const PAUSE_MS = 40_000;

/** The number of upload slots, which follows what the line can carry. */
export class UploadSlots {
  /** Peers to serve at once. */
  count: number;
  readonly #least: number;
  /** The number before the trial that is under way, and what it brought. */
  #before: { count: number; rate: number } | undefined;
  #decideMs: number | undefined;

  /** Begins with `least`, and never has fewer. */
  constructor(least: number) {
    this.#least = least;
    this.count = least;
  }

  /**
   * Time passed.
   *
   * @param isContested somebody waits for a slot
   * @param rate bytes per second that all peers together get now
   */
  look(isContested: boolean, rate: number, nowMs: number): void {
    if (this.#least === 0) return;
    if (!isContested) {
      this.#decideMs = undefined;
      this.#before = undefined;
      return;
    }
    this.#decideMs ??= nowMs + TRIAL_MS;
    if (nowMs < this.#decideMs) return;
    const { count } = this;
    if (this.#before !== undefined && rate < this.#before.rate * WORTHWHILE) {
      this.count = this.#before.count;
      this.#before = undefined;
      this.#decideMs = nowMs + PAUSE_MS;
    } else {
      this.#before = { count, rate };
      this.count = count * 2;
      this.#decideMs = nowMs + TRIAL_MS;
    }
  }
}
