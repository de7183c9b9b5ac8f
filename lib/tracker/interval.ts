/**
 * How soon a peer is to announce again: soon while its swarm forms, rarely once it has formed.
 *
 * @module
 */

/** What a swarm's newest peers are told, and those of any swarm at least. */
const FIRST_SECONDS = 5;
/** A swarm as old as this many intervals has that interval: 10 s after a minute, 60 s after six. */
const AGE_PARTS = 6;
/** Beyond this size a swarm's interval grows with it, so that a crowd does not flood the tracker. */
const SMALL_SWARM = 50;

/**
 * Seconds until the next announce, from 5 up to `longestSeconds`. A young, small swarm announces often:
 * its peers come in a crowd and do not know each other yet, and a tracker that was started again knows
 * nobody. It is never longer than what peers are remembered by, so that nobody is forgotten by mistake.
 *
 * @param ageMs since the swarm's first peer came
 * @param peers how many it has
 */
export function intervalSeconds(ageMs: number, peers: number, longestSeconds: number): number {
  const byAge = Math.max(FIRST_SECONDS, ageMs / 1000 / AGE_PARTS);
  const bySize = Math.max(1, peers / SMALL_SWARM);
  return Math.min(longestSeconds, Math.round(byAge * bySize));
}
