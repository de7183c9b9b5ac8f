/**
 * Decides which peers to unchoke. As long as the slots suffice, every interested peer gets one. Beyond that
 * the fastest peers get them, and one more rotates so that newcomers can prove themselves. However many
 * connections a host or a network has, it leaves slots for others.
 *
 * @module
 */

import { Census, DialQuotas } from "../peers/network_usage.ts";

/**
 * How often the slots are reassigned, in milliseconds. Free slots are filled sooner. The classic ten seconds
 * are too long: on a fast network a file is complete by then, and a newcomer never had its turn.
 */
export const RECHOKE_INTERVAL_MS = 1000;

/** A peer below this fraction of the average rate per slot makes no real use of its slot. */
const LEAST_PARTS = 16;

/** What the choker knows of a connection. */
export interface Candidate {
  /** Number of the connection. */
  readonly id: number;
  /** The peer's IP address. */
  readonly host: string;
  /** The peer is interested. */
  readonly interested: boolean;
  /** The peer has a slot now. */
  readonly unchoked: boolean;
  /** Bytes per second: received from the peer while we download, sent to it once we only seed. */
  readonly rate: number;
  /** When it last got a slot. */
  readonly unchokedMs: number;
}

/** The connections that are to be unchoked from now on. */
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
 * Sorts by rate, and peers of the same rate by how long they have waited. A negligible rate counts as zero,
 * or else peers that take a byte now and then would keep their slots.
 */
function inOrder(interested: readonly Candidate[], slots: number): Candidate[] {
  const total = interested.reduce((sum, { rate }) => sum + rate, 0);
  const least = total / slots / LEAST_PARTS;
  const rateOf = ({ rate }: Candidate) => rate < least ? 0 : rate;
  return [...interested].sort((a, b) => rateOf(b) - rateOf(a) || a.unchokedMs - b.unchokedMs);
}

/**
 * Picks the first `count`, limiting each host and network to its quota while others wait. Remaining slots go
 * to any candidate.
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

/** The candidates whose host, and then whose network, has the fewest slots. */
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

/** How long a number of slots is tried before its rate is judged: the window of the rate meter. */
const TRIAL_MS = 4000;
/** Factor by which more slots must raise the rate to be kept. */
const WORTHWHILE = 1.1;
/** The pause after a trial that did not raise the rate. */
const PAUSE_MS = 40_000;

/** The number of upload slots, which adapts to what the line can carry. */
export class UploadSlots {
  /** Number of peers to serve at once. */
  count: number;
  readonly #least: number;
  /** The slot count and rate before the current trial. */
  #before: { count: number; rate: number } | undefined;
  #decideMs: number | undefined;

  /** Starts with `least` slots and never goes below. */
  constructor(least: number) {
    this.#least = least;
    this.count = least;
  }

  /**
   * Adjusts the number of slots.
   *
   * @param isContested more peers are interested than there are slots
   * @param rate bytes per second sent to all peers together
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
