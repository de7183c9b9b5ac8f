/**
 * The figures of a simulation.
 *
 * @module
 */

import type { SimNode } from "../../simulation/node.ts";
import { median } from "../measure/table.ts";
import { isFreeRider, isHonest, type Simulation } from "./simulation.ts";

/** The outcome of a swarm. Times are in virtual seconds from the start. */
export interface Figures {
  readonly peers: number;
  /** Honest leechers that were not killed, and how many of them are complete. */
  readonly honest: number;
  readonly complete: number;
  readonly boundSeconds: number;
  /** When the last of them was complete; Infinity when one never was. */
  readonly makespanSeconds: number;
  readonly firstSeconds: number;
  readonly medianSeconds: number;
  readonly ratio: number;
  /** How long the late joiner took, if there was one. */
  readonly lateSeconds: number | undefined;
  /** What the seeder uploaded, in multiples of the file. */
  readonly seederCopies: number;
  /** Jain's index of the honest leechers' uploads: 1 when all uploaded the same. */
  readonly fairness: number;
  /** The least and the most that an honest leecher uploaded, in multiples of the file. */
  readonly leastSent: number;
  readonly mostSent: number;
  /** Share of the downloaded data that was of no use. */
  readonly wasted: number;
  readonly failedPieces: number;
  /** Free riders that are complete when the last honest leecher is, and their total number. */
  readonly freeRidersComplete: number;
  readonly freeRiders: number;
  readonly announces: number;
  readonly events: number;
}

/** The figures of a finished simulation. */
export function figuresOf(simulation: Simulation): Figures {
  const { scenario, leechers, seeder, tracker, network, killed } = simulation;
  const honest = leechers.filter((node) => isHonest(node));
  const staying = honest.filter((node) => !killed.has(node));
  const times = staying.flatMap(({ completeMs }) =>
    completeMs === undefined ? [] : [completeMs / 1000]
  );
  const sent = staying.map((node) => node.uploadedBytes / scenario.bytes);
  const riders = leechers.filter(isFreeRider);
  const received = sum(honest.map((node) => node.receivedBytes));
  const makespanSeconds = times.length < staying.length ? Infinity : Math.max(...times);
  return {
    peers: scenario.peers,
    honest: staying.length,
    complete: times.length,
    boundSeconds: simulation.boundSeconds,
    makespanSeconds,
    firstSeconds: Math.min(...times),
    medianSeconds: median(times),
    ratio: makespanSeconds / simulation.boundSeconds,
    lateSeconds: secondsOf(simulation.late),
    seederCopies: seeder.uploadedBytes / scenario.bytes,
    fairness: jain(sent),
    leastSent: Math.min(...sent),
    mostSent: Math.max(...sent),
    wasted: sum(honest.map((node) => node.wastedBytes)) / received,
    failedPieces: sum(leechers.map((node) => node.failedPieces)),
    freeRidersComplete: riders.filter((node) => node.isComplete).length,
    freeRiders: riders.length,
    announces: tracker.announceCount,
    events: network.clock.eventCount,
  };
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** Jain's index: 1 when all values are the same, 1/n when one has it all. */
function jain(values: number[]): number {
  const squares = sum(values.map((value) => value * value));
  return squares === 0 ? 1 : sum(values) ** 2 / (values.length * squares);
}

function secondsOf(node: SimNode | undefined): number | undefined {
  return node?.completeMs === undefined ? undefined : (node.completeMs - node.startMs) / 1000;
}

/** The figures as lines of text. */
export function describe(figures: Figures): string {
  const f = figures;
  const lines: [string, string][] = [
    ["bound", `${f.boundSeconds.toFixed(2)} s`],
    [
      "makespan",
      `${f.makespanSeconds.toFixed(2)} s, ${f.ratio.toFixed(3)} x the bound ` +
      `(first ${f.firstSeconds.toFixed(2)} s, median ${f.medianSeconds.toFixed(2)} s)`,
    ],
    ["complete", `${f.complete} of ${f.honest} honest leechers that stayed`],
    ["seeder sent", `${f.seederCopies.toFixed(3)} copies`],
    [
      "fairness",
      `Jain ${f.fairness.toFixed(3)}; a leecher sent ${f.leastSent.toFixed(2)} to ` +
      `${f.mostSent.toFixed(2)} copies`,
    ],
    ["wasted", `${(f.wasted * 100).toFixed(2)} % of what was received`],
  ];
  if (f.failedPieces > 0) lines.push(["failed pieces", `${f.failedPieces}`]);
  if (f.freeRiders > 0) {
    lines.push(["free riders", `${f.freeRidersComplete} of ${f.freeRiders} complete by then`]);
  }
  if (f.lateSeconds !== undefined) {
    lines.push(["late joiner", `took ${f.lateSeconds.toFixed(2)} s`]);
  }
  lines.push(["announces", `${f.announces}`]);
  return lines.map(([name, value]) => `${name.padEnd(14)} ${value}`).join("\n");
}
