/**
 * Puts a roll-call into one sentence.
 *
 * @module
 */

import { formatHostPort } from "../codec/address.ts";
import type { MachineState, WhoEntry } from "../codec/discovery/udp_tracker.ts";
import { countedOf } from "./roll/roll_call.ts";

/** Up to this many lost machines are told with how far they were. */
const MAX_NAMED = 2;

/** What is wrong with a machine that should have the torrent. */
const WRONG: ReadonlySet<MachineState> = new Set(["lost", "missing", "slow"]);

/** What the sentence is made from: a roll-call, or what a tracker has told of one. */
export interface CalledRoll {
  /** Those that need attention first. */
  readonly machines: readonly WhoEntry[];
  /** How many recipients have everything, or had it before they left. */
  readonly complete: number;
  /** How many machines should have it: those on the list of expected ones, else all but first seeders. */
  readonly recipients: number;
  /** How many machines are on the list of expected ones; 0 without a list. */
  readonly expected: number;
  /** The size of the swarm, if the machines are a sample of it. */
  readonly sampleOf?: number;
}

/** Whether all is well: `good` when all have it, `bad` while anything is wrong. */
export type RollTone = "good" | "work" | "wait" | "bad";

/** A roll-call in one sentence, such as `4 of 6 complete, 1 downloading, 1 lost at 84 %`. */
export function rollSentence(roll: CalledRoll): string {
  const { machines, complete, recipients, expected, sampleOf } = roll;
  const counted = countedOf(machines, expected);
  const number = (state: MachineState) => counted.filter((one) => one.state === state).length;
  const parts = [
    `${complete} of ${recipients} complete`,
    sampleOf !== undefined && `a sample of ${sampleOf}`,
    told(number("downloading"), "downloading"),
    told(number("slow"), "slow"),
    told(machines.filter(({ state }) => state === "silent").length, "silent"),
    lostText(counted.filter(({ state }) => state === "lost")),
    told(number("missing"), "never seen"),
    told(machines.filter(({ isUnreachable }) => isUnreachable).length, "unreachable"),
    expected > 0 && told(machines.length - counted.length, "not on the list"),
  ];
  return parts.filter(Boolean).join(", ");
}

/** Whether all is well. */
export function rollTone({ machines, complete, recipients, expected }: CalledRoll): RollTone {
  const isWrong =
    machines.some(({ state, isUnreachable }) => isUnreachable || state === "silent") ||
    countedOf(machines, expected).some(({ state }) => WRONG.has(state));
  if (isWrong) return "bad";
  if (recipients === 0) return "wait";
  return complete >= recipients ? "good" : "work";
}

/** The machine whose download will take longest, of those whose rate is known. */
export function slowestOf(machines: readonly WhoEntry[]): WhoEntry | undefined {
  let slowest: WhoEntry | undefined;
  for (const machine of machines) {
    if (machine.state !== "downloading" && machine.state !== "slow") continue;
    if (machine.rateBytesPerSecond === undefined) continue;
    if (slowest === undefined || timeLeft(machine) > timeLeft(slowest)) slowest = machine;
  }
  return slowest;
}

/** What a machine is called: by its label, or by its address. */
export function machineName(machine: WhoEntry): string {
  return machine.label ?? machineAddress(machine) ?? "";
}

/** A machine's `host:port`, or its address alone if it was never seen; `undefined` when unknown. */
export function machineAddress({ host, port }: WhoEntry): string | undefined {
  return host === undefined || port === 0 ? host : formatHostPort(host, port);
}

/** A share as `84 %`; `100 %` only for all of it. */
export function percentText(progress: number): string {
  return `${progress >= 1 ? 100 : Math.min(99, Math.floor(100 * progress))} %`;
}

/** A machine that receives nothing will take forever. */
function timeLeft({ etaSeconds }: WhoEntry): number {
  return etaSeconds ?? Infinity;
}

function told(count: number, what: string): string {
  return count > 0 ? `${count} ${what}` : "";
}

function lostText(lost: readonly WhoEntry[]): string {
  if (lost.length === 0) return "";
  const shares = lost.flatMap(({ progress }) => progress === undefined ? [] : [progress]);
  const isNamed = lost.length <= MAX_NAMED && shares.length === lost.length;
  const where = shares.sort((a, b) => b - a).map(percentText).join(" and ");
  return `${lost.length} lost${isNamed ? ` at ${where}` : ""}`;
}
