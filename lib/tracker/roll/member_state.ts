/**
 * How a member of a swarm stands, compared with the others.
 *
 * @module
 */

import type { MachineState } from "../../codec/discovery/udp_tracker.ts";
import type { SwarmMember } from "./member.ts";

/** A peer that is silent for this many intervals has missed an announce. After two and a half it expires. */
const SILENT_INTERVALS = 1.5;
/** A peer that has been here for less than this cannot be called slow. */
const PROBATION_SECONDS = 30;
/** A peer with less than this share of the expected progress is slow. */
const SLOW_SHARE = 0.5;

/** The average progress, and the longest time that any downloader has been here. */
export interface Average {
  readonly progress: number;
  readonly sinceSeconds: number;
}

/** The average of all members. */
export function averageOf(members: readonly SwarmMember[]): Average {
  let sum = 0, known = 0, longest = 0;
  for (const { seeder, progress, sinceSeconds } of members) {
    if (progress !== undefined) {
      sum += progress;
      known++;
    }
    if (!seeder) longest = Math.max(longest, sinceSeconds);
  }
  return { progress: known === 0 ? 0 : sum / known, sinceSeconds: longest };
}

/** The state of a member. */
export function stateOf(
  member: SwarmMember,
  average: Average,
  intervalSeconds: number,
): MachineState {
  const { progress, lastSeenSeconds, sinceSeconds, stillSeconds } = member;
  if (lastSeenSeconds > SILENT_INTERVALS * intervalSeconds) return "silent";
  if (hasAll(member)) return "complete";
  if (sinceSeconds < PROBATION_SECONDS) return "downloading";
  // A peer that came later has had less time.
  const expected = average.progress * sinceSeconds / average.sinceSeconds;
  const isBehind = progress !== undefined && progress < SLOW_SHARE * expected;
  return isBehind || stillSeconds >= PROBATION_SECONDS ? "slow" : "downloading";
}

/** Whether a member has all that it wants. */
export function hasAll({ seeder, isPartial, progress }: SwarmMember): boolean {
  return seeder || isPartial === true && progress === 1;
}
