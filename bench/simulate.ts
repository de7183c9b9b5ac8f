/**
 * Simulates a swarm of many peers on a virtual clock. It runs the same state machine of `lib/peer` as the
 * programs, on a simulated network. `--help` lists the parameters.
 *
 *     deno task simulate [--peers 100] [--size 64M] [--up 5M] [--seed 1] ...
 *
 * @module
 */

import { ShoalError } from "../lib/errors.ts";
import { printTable } from "./measure/table.ts";
import { helpText, parseRequest } from "./simulator/options.ts";
import { describe, type Figures, figuresOf } from "./simulator/report.ts";
import { type Scenario, Simulation } from "./simulator/simulation.ts";
import { trace } from "./simulator/trace.ts";

const SCALES = [10, 30, 100, 300, 1000, 3000];
const HEADINGS = [
  "peers",
  "bound s",
  "makespan s",
  "x bound",
  "median s",
  "seeder sent",
  "fairness",
  "wasted",
  "wall s",
];

/** The figures, and the seconds the simulation took. */
interface Run {
  readonly figures: Figures;
  readonly wallSeconds: number;
}

function simulate(scenario: Scenario, isTraced = false): Run {
  const startMs = performance.now();
  const simulation = new Simulation(scenario);
  if (isTraced) trace(simulation, console.log);
  simulation.run();
  return { figures: figuresOf(simulation), wallSeconds: (performance.now() - startMs) / 1000 };
}

function row({ figures, wallSeconds }: Run): string[] {
  return [
    `${figures.peers}`,
    figures.boundSeconds.toFixed(2),
    figures.makespanSeconds.toFixed(2),
    figures.ratio.toFixed(3),
    figures.medianSeconds.toFixed(2),
    `${figures.seederCopies.toFixed(2)} x file`,
    figures.fairness.toFixed(3),
    `${(figures.wasted * 100).toFixed(2)} %`,
    wallSeconds.toFixed(0),
  ];
}

function scale(scenario: Scenario): void {
  const rows: string[][] = [];
  for (const peers of SCALES) {
    rows.push(row(simulate({ ...scenario, peers })));
    console.error(rows.at(-1)!.join("  "));
  }
  printTable(HEADINGS, rows);
}

function main(): void {
  const { scenario, switches } = parseRequest(Deno.args);
  if (switches.has("help")) return console.log(helpText());
  if (switches.has("scaling")) return scale(scenario);
  const { figures, wallSeconds } = simulate(scenario, switches.has("trace"));
  if (switches.has("json")) return console.log(JSON.stringify({ ...figures, wallSeconds }));
  console.log(describe(figures));
  const rate = Math.round(figures.events / wallSeconds);
  console.log(`simulated in   ${wallSeconds.toFixed(1)} s, ${rate} events/s`);
}

if (import.meta.main) {
  try {
    main();
  } catch (error) {
    if (!(error instanceof ShoalError)) throw error;
    console.error(`bench/simulate.ts: ${error.message}`);
    Deno.exit(error.exitCode);
  }
}
