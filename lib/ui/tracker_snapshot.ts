/**
 * A tracker as a page sees it.
 *
 * @module
 */

import { VERSION } from "../runtime/version.ts";
import type { SwarmMember, SwarmSummary, TrackerStats } from "../tracker/server.ts";
import { clientName } from "../codec/wire/peer_id.ts";
import type { MemberRow, MemberState, TrackerSnapshot } from "./snapshot.ts";
import { clipped, count } from "./text.ts";

/** Rows that are sent; the rest is counted. */
export const MAX_SWARMS = 200;
const MAX_MEMBERS = 500;

/** Who is silent for so many intervals has missed an announce. Shortly after two it is forgotten. */
const SILENT_INTERVALS = 1.5;
/** Who has been here for less than this has had no chance yet. */
const PROBATION_SECONDS = 30;
/** Who has less than this part of what is to be expected lags behind. */
const LAGGING = 0.5;

/** The order in which members are listed: those first whom somebody has to look after. */
const ORDER: readonly MemberState[] = ["silent", "slow", "downloading", "complete"];

/** What is counted. */
export type TrackerFigures = Omit<TrackerStats, "names" | "ignored">;

/** Some of the swarms, the biggest of them. */
export interface Found {
  readonly total: number;
  readonly swarms: readonly SwarmSummary[];
}

/** What a snapshot is made of. */
export interface TrackerInput {
  readonly url: string;
  readonly elapsedSeconds: number;
  readonly stats: TrackerFigures;
  /** In the last second. */
  readonly answersPerSecond: number;
  /** What was found. */
  readonly found: Found;
  /** The swarm that was asked for. */
  readonly selected?: {
    readonly hash: string;
    readonly members: readonly SwarmMember[];
    /** How many there are, where the members are a sample. */
    readonly size?: number;
  };
  /** Between the announces of a peer. */
  readonly intervalSeconds: number;
}

/** The snapshot of this moment. */
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
 * Who is there, who lags behind, and who does not answer.
 *
 * @param size how many there are, where the members are a sample
 */
export function summary(
  members: readonly SwarmMember[],
  intervalSeconds: number,
  size: number = members.length,
): { rollCall: string; peers: MemberRow[] } {
  const norm = normOf(members);
  const byState = new Map<MemberState, SwarmMember[]>(ORDER.map((state) => [state, []]));
  for (const member of members) {
    byState.get(stateOf(member, norm, intervalSeconds))!.push(member);
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

/** What is to be expected: what all have on average, of who has been here as long as any downloader. */
function normOf(members: readonly SwarmMember[]): { progress: number; sinceSeconds: number } {
  const known = members.flatMap(({ progress }) => progress === undefined ? [] : [progress]);
  let longest = 0;
  for (const { seeder, sinceSeconds } of members) {
    if (!seeder) longest = Math.max(longest, sinceSeconds);
  }
  return { progress: mean(known), sinceSeconds: longest };
}

function stateOf(
  member: SwarmMember,
  norm: { progress: number; sinceSeconds: number },
  intervalSeconds: number,
): MemberState {
  const { seeder, progress, lastSeenSeconds, sinceSeconds, stillSeconds } = member;
  if (lastSeenSeconds > SILENT_INTERVALS * intervalSeconds) return "silent";
  if (seeder) return "complete";
  if (sinceSeconds < PROBATION_SECONDS) return "downloading";
  const expected = norm.progress * sinceSeconds / norm.sinceSeconds; // less of who came later
  const lags = progress !== undefined && progress < LAGGING * expected;
  return lags || stillSeconds >= PROBATION_SECONDS ? "slow" : "downloading";
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
