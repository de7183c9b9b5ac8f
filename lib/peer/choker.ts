/**
 * Whom to serve: everybody who is interested, up to a number of slots; beyond that the peers that
 * move data fastest, and one more by turns so that newcomers get to show what they can.
 *
 * @module
 */

/**
 * How often the slots are dealt anew, in milliseconds. A free slot is given away before that. The
 * classic ten seconds are long: on a fast network a file is through by then, and a newcomer has not
 * had its turn.
 */
export const RECHOKE_INTERVAL_MS = 1000;

/** What the choker looks at. */
export interface Candidate {
  /** Number of the connection. */
  readonly id: number;
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
  const byRate = [...interested].sort((a, b) => b.rate - a.rate || a.unchokedMs - b.unchokedMs);
  const chosen = new Set(byRate.slice(0, slots - 1).map((candidate) => candidate.id));
  const waiting = interested.filter((candidate) =>
    !chosen.has(candidate.id) && !candidate.unchoked
  );
  const pool = waiting.length > 0 ? waiting : byRate.slice(slots - 1);
  chosen.add(pool[Math.floor(random() * pool.length)]!.id);
  return chosen;
}
