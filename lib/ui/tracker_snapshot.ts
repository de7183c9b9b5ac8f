/**
 * Makes the snapshot of a tracker.
 *
 * @module
 */

import { clientName } from "../codec/wire/peer_id.ts";
import { VERSION } from "../runtime/version.ts";
import { callRoll, type Machine, type RollCall } from "../tracker/roll/roll_call.ts";
import {
  machineAddress,
  machineName,
  rollSentence,
  rollTone,
  slowestOf,
} from "../tracker/roll_sentence.ts";
import type { SwarmMember, SwarmSummary, TrackerStats } from "../tracker/server.ts";
import type { MemberRow, SlowestMember, TrackerSnapshot } from "./snapshot.ts";
import { clipped, count } from "./text.ts";

/** The most rows to send. The rest is only counted. */
export const MAX_SWARMS = 200;
const MAX_MEMBERS = 500;

/** The counters that the page shows. */
export type TrackerFigures = Omit<TrackerStats, "names" | "ignored" | "whos">;

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
    /** The name that its machines use, or used before they left. */
    readonly name?: string | undefined;
    readonly roll: RollCall;
  };
}

/** Makes the snapshot. */
export function trackerSnapshot(input: TrackerInput): TrackerSnapshot {
  const { url, elapsedSeconds, stats, answersPerSecond, found, selected } = input;
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
    ...(selected && { selected: selectedSwarm(selected) }),
  };
}

function selectedSwarm({ hash, name, roll }: NonNullable<TrackerInput["selected"]>) {
  const slowest = slowestOf(roll.machines);
  return {
    hash,
    ...(name !== undefined && { name: clipped(name) }),
    ...rollView(roll),
    tone: rollTone(roll),
    complete: roll.complete,
    recipients: roll.recipients,
    expected: roll.expected,
    ...(slowest && { slowest: slowestMember(slowest) }),
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
  const roll = callRoll({ members, departures: [], expected: [], intervalSeconds, nowMs: 0 });
  return rollView(size > members.length ? { ...roll, sampleOf: size } : roll);
}

function rollView(roll: RollCall): { rollCall: string; peers: MemberRow[] } {
  return {
    rollCall: rollSentence(roll),
    peers: roll.machines.slice(0, MAX_MEMBERS).map(memberRow),
  };
}

function memberRow(machine: Machine): MemberRow {
  const { label, progress, state, agent, reachable, sinceSeconds } = machine;
  const { isSource, isPartial, isUnlisted, rateBytesPerSecond, etaSeconds } = machine;
  const client = agent === undefined ? undefined : clientName(agent);
  // A machine that has left was last seen when it left.
  const lastSeen = state === "missing" ? undefined : machine.lastSeenSeconds ?? sinceSeconds;
  return {
    address: machineAddress(machine) ?? "",
    ...(label !== undefined && { label }),
    ...(progress !== undefined && { progress }),
    ...(lastSeen !== undefined && { lastSeenSeconds: Math.floor(lastSeen) }),
    ...(client !== undefined && { client }),
    state,
    ...(reachable !== undefined && { reachable: reachable ? "yes" : "no" }),
    ...(rateBytesPerSecond !== undefined && { downRate: Math.round(rateBytesPerSecond) }),
    ...(etaSeconds !== undefined && { etaSeconds: Math.ceil(etaSeconds) }),
    ...(isSource && { isSource }),
    ...(isPartial && { isPartial }),
    ...(isUnlisted && { isUnlisted }),
  };
}

function slowestMember(machine: Machine): SlowestMember {
  const { rateBytesPerSecond = 0, etaSeconds } = machine;
  return {
    name: machineName(machine),
    downRate: Math.round(rateBytesPerSecond),
    ...(etaSeconds !== undefined && { etaSeconds: Math.ceil(etaSeconds) }),
  };
}
