/**
 * Feeds targets with inputs in turn and judges what comes of it.
 * @module
 */

import process from "node:process";
import { Input } from "./input.ts";

/** A part of the program that a stranger's bytes reach. */
export interface Target {
  readonly name: string;
  /** It gets its turn in every so many-th round only, because its inputs cost more than others. */
  readonly every?: number;
  /**
   * Feeds it one input.
   *
   * @returns whether the input was taken; false when it was refused as such inputs are to be
   * @throws whatever a stranger must not be able to cause
   */
  run(input: Input): boolean | Promise<boolean>;
  /** Ends what the target keeps running. */
  close?(): Promise<void>;
}

/** What is demanded of each input. */
export interface Limits {
  /** Milliseconds for one input. */
  readonly slowMs: number;
  /** Resident memory of the whole process, in bytes. */
  readonly maxResident: number;
}

/** What came of one target's inputs. */
export interface Count {
  taken: number;
  refused: number;
  slowestMs: number;
}

/** An input that should not have done what it did. */
export interface Finding {
  readonly target: string;
  /** Makes the same input again. */
  readonly seed: number;
  readonly what: string;
}

/** What came of all inputs. */
export interface Report {
  readonly counts: ReadonlyMap<string, Count>;
  /** The first of each kind. */
  readonly findings: readonly Finding[];
  readonly peakResident: number;
}

/** When to stop. */
export interface Run {
  readonly seed: number;
  /** Asked after every round of all targets. */
  isOver(rounds: number): boolean;
}

/** Findings beyond that say nothing new. */
const MAX_FINDINGS = 20;
/** Memory is looked at that often: the look costs more than an input. */
const ROUNDS_BETWEEN_LOOKS = 64;
/** What was slow is fed that often again, and measured by the processor: a busy machine is no finding. */
const REPEATS_OF_SLOW = 2;

/** What inputs are measured by. */
export interface Meters {
  /** Milliseconds of the clock. */
  nowMs(): number;
  /** Milliseconds of processor time that this process has used, all threads. */
  processorMs(): number;
  /** Resident memory of this process, in bytes. */
  resident(): number;
}

/** The real ones. */
export const systemMeters: Meters = {
  nowMs: () => performance.now(),
  processorMs() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  resident: () => Deno.memoryUsage().rss,
};

/** Feeds the targets in turn until the run is over, or has found enough. */
export async function fuzz(
  targets: readonly Target[],
  run: Run,
  limits: Limits,
  meters: Meters = systemMeters,
): Promise<Report> {
  const counts = new Map(targets.map(({ name }) => [name, { taken: 0, refused: 0, slowestMs: 0 }]));
  const findings = new Map<string, Finding>();
  let peakResident = meters.resident();
  let isHeavy = false;
  for (let rounds = 0; !run.isOver(rounds) && findings.size < MAX_FINDINGS; rounds++) {
    const seed = nthSeed(run.seed, rounds);
    for (const target of targets) {
      if (rounds % (target.every ?? 1) !== 0) continue;
      const what = await feed(target, seed, counts.get(target.name)!, limits.slowMs, meters);
      const kind = `${target.name}: ${what}`;
      if (what !== undefined && !findings.has(kind)) {
        findings.set(kind, { target: target.name, seed, what });
      }
    }
    if (rounds % ROUNDS_BETWEEN_LOOKS !== 0) continue;
    peakResident = Math.max(peakResident, meters.resident());
    if (isHeavy || peakResident <= limits.maxResident) continue;
    isHeavy = true;
    const what = `the process takes ${Math.round(peakResident / 2 ** 20)} MiB`;
    findings.set("memory", { target: "all", seed, what });
  }
  return { counts, findings: [...findings.values()], peakResident };
}

/** The seed of each round. The first is the run's own, so that one input can be made again by itself. */
function nthSeed(seed: number, n: number): number {
  return (seed + Math.imul(n, 0x9e3779b1)) >>> 0;
}

/** What was wrong, in words; inputs that take too long are tried again before they count as slow. */
async function feed(
  target: Target,
  seed: number,
  count: Count,
  slowMs: number,
  meters: Meters,
): Promise<string | undefined> {
  let quickestMs = Infinity;
  for (let repeats = 0; repeats <= REPEATS_OF_SLOW && quickestMs > slowMs; repeats++) {
    const elapsedMs = () => repeats === 0 ? meters.nowMs() : meters.processorMs();
    const startMs = elapsedMs();
    try {
      const taken = await target.run(new Input(seed));
      if (repeats === 0) taken ? count.taken++ : count.refused++;
    } catch (error) {
      return describe(error);
    }
    quickestMs = Math.min(quickestMs, elapsedMs() - startMs);
  }
  count.slowestMs = Math.max(count.slowestMs, quickestMs);
  return quickestMs > slowMs ? "an input takes too long" : undefined;
}

/** The error, and the place in the library where it came up. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const place = error.stack?.split("\n").find((line) => line.includes("/lib/"))?.trim() ?? "";
  const file = /\/(lib\/[^)]*)/.exec(place)?.[1];
  return `${error.name}: ${error.message.slice(0, 120)}${file === undefined ? "" : ` (${file})`}`;
}

/** An error class, or several. */
type ErrorClass = abstract new (...args: never[]) => Error;

/**
 * Runs `work`: true when it succeeds, false when it throws one of the errors that refuse an input.
 *
 * @throws every other error
 */
export function taken(work: () => void, ...refusals: readonly ErrorClass[]): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (refusals.some((refusal) => error instanceof refusal)) return false;
    throw error;
  }
}

/** @throws Error when what has to hold for every input does not hold for this one */
export function demand(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(sentence);
}
