/**
 * Makes the snapshot of a tracker.
 *
 * @module
 */

import { clientName } from "../codec/wire/peer_id.ts";
import { VERSION } from "../runtime/version.ts";
import type { SwarmMember, SwarmSummary, TrackerStats } from "../tracker/server.ts";
import type { MemberRow, MemberState, TrackerSnapshot } from "./snapshot.ts";
import { clipped, count } from "./text.ts";

/** The most rows to send. The rest is only counted. */
export const MAX_SWARMS = 200;
const MAX_MEMBERS = 500;

/** A peer that is silent for this many intervals has missed an announce. After two it is removed. */
const SILENT_INTERVALS = 1.5;
/** A peer that has been here for less than this cannot be called slow. */
const PROBATION_SECONDS = 30;
/** A peer with less than this share of the expected progress is slow. */
const SLOW_SHARE = 0.5;

/** The order of the members: those first that need attention. */
const ORDER: readonly MemberState[] = ["silent", "slow", "downloading", "complete"];

/** The counters that the page shows. */
export type TrackerFigures = Omit<TrackerStats, "names" | "ignored">;

/** The result of a search: the number of matches, and the biggest of them. */
export interface Found {
  readonly total: number;
  readonly swarms: readonly SwarmSummary[];
}

/** What a snapshot is made from. */
export interface TrackerInput {
  readonly url: string;
  readonly elapsedSeconds: number;
  readonly stats: TrackerFigures;
  /** Measured over the last second. */
  readonly answersPerSecond: number;
  readonly found: Found;
  /** The swarm that was asked for. */
  readonly selected?: {
    readonly hash: string;
    readonly members: readonly SwarmMember[];
    /** The size of the swarm, when the members are a sample. */
    readonly size?: number;
  };
  /** The announce interval. */
  readonly intervalSeconds: number;
}

/** Makes the snapshot. */
export function trackerSnapshot(input: TrackerInput): TrackerSnapshot {
  const { url, elapsedSeconds, stats, answersPerSecond, found, selected, intervalSeconds } = input;
  const { announces, refused } = stats;
  const { torrents: swarms, seeders, leechers } = stats;
  const isUsed = seeders + leechers > 0;
  return {
    program: "tracker",
    version: VERSION,
    sentence: isUsed
      ? `answering ${count(seeders + leechers, "peer")} in ${count(swarms, "swarm")}`
      : "waiting for the first peer",
    tone: isUsed ? "good" : "wait",
    url,
    elapsedSeconds,
    counters: { swarms, seeders, leechers, announces, answersPerSecond, errors: refused },
    total: found.total,
    swarms: found.swarms.map((swarm) => ({
      ...swarm,
      ...(swarm.name !== undefined && { name: clipped(swarm.name) }),
    })),
    ...(selected && {
      selected: {
        hash: selected.hash,
        ...summary(selected.members, intervalSeconds, selected.size),
      },
    }),
  };
}

/**
 * Counts the members by state and lists them.
 *
 * @param size the size of the swarm, when the members are a sample
 */
export function summary(
  members: readonly SwarmMember[],
  intervalSeconds: number,
  size: number = members.length,
): { rollCall: string; peers: MemberRow[] } {
  const average = averageOf(members);
  const byState = new Map<MemberState, SwarmMember[]>(ORDER.map((state) => [state, []]));
  for (const member of members) {
    byState.get(stateOf(member, average, intervalSeconds))!.push(member);
  }
  const peers = [...byState].flatMap(([state, them]) => them.map((member) => ({ state, member })));
  const [silent, slow, downloading, complete] = [...byState.values()].map(({ length }) => length);
  const unreachable = members.filter(({ reachable }) => reachable === false).length;
  const parts = [
    `${complete} of ${members.length} complete`,
    size > members.length && `a sample of ${size}`,
    downloading && `${downloading} downloading`,
    slow && `${slow} slow`,
    silent && `${silent} silent`,
    unreachable && `${unreachable} unreachable`,
  ];
  return {
    rollCall: parts.filter(Boolean).join(", "),
    peers: peers.slice(0, MAX_MEMBERS).map(({ state, member }) => memberRow(state, member)),
  };
}

/** The average progress, and the longest time that any downloader has been here. */
function averageOf(members: readonly SwarmMember[]): { progress: number; sinceSeconds: number } {
  const known = members.flatMap(({ progress }) => progress === undefined ? [] : [progress]);
  let longest = 0;
  for (const { seeder, sinceSeconds } of members) {
    if (!seeder) longest = Math.max(longest, sinceSeconds);
  }
  return { progress: mean(known), sinceSeconds: longest };
}

function stateOf(
  member: SwarmMember,
  average: { progress: number; sinceSeconds: number },
  intervalSeconds: number,
): MemberState {
  const { seeder, progress, lastSeenSeconds, sinceSeconds, stillSeconds } = member;
  if (lastSeenSeconds > SILENT_INTERVALS * intervalSeconds) return "silent";
  if (seeder) return "complete";
  if (sinceSeconds < PROBATION_SECONDS) return "downloading";
  // A peer that came later has had less time.
  const expected = average.progress * sinceSeconds / average.sinceSeconds;
  const isBehind = progress !== undefined && progress < SLOW_SHARE * expected;
  return isBehind || stillSeconds >= PROBATION_SECONDS ? "slow" : "downloading";
}

function memberRow(
  state: MemberState,
  { address, progress, lastSeenSeconds, agent, reachable }: SwarmMember,
): MemberRow {
  const client = clientName(agent);
  return {
    address,
    ...(progress !== undefined && { progress }),
    lastSeenSeconds: Math.floor(lastSeenSeconds),
    ...(client !== undefined && { client }),
    state,
    ...(reachable !== undefined && { reachable: reachable ? "yes" : "no" }),
  };
}

function mean(numbers: readonly number[]): number {
  return numbers.length === 0 ? 0 : numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
}
