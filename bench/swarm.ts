/**
 * One file from one seeder to many leechers at once, for Shoal and libtorrent, in a network of namespaces
 * where every host's uplink is limited. Needs Linux and root.
 *
 *     deno task bench:swarm [--scenario crowd] [--size 128M] [--leechers 8] [--rate 200mbit]
 *         [--runs 1] [--only shoal] [--start waiting] [--piece-size 512K] [--trace] [--keep-going]
 *
 * Scenarios: `crowd` (all start at once), `tenfold` (half of the leechers send at a tenth of the
 * rate), `late` (one leecher joins when the others have half), `killed` (half of the leechers are
 * killed when half has arrived), `twenty` (a crowd of 20, at 50mbit: 20 programs on one small machine
 * cannot transfer more), `all`. Every copy is compared with the file.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { join } from "@std/path";
import { writePseudoRandomFile } from "../support/content.ts";
import { CONTENDERS } from "./contenders/all.ts";
import { describeMachine } from "./measure/process_stats.ts";
import { median, parseSize, printTable, sizeText } from "./measure/table.ts";
import { prepareLab, removeRun } from "./swarm/network_namespaces.ts";
import type { Scenario } from "./swarm/swarm_bound.ts";
import { type Content, SWARM_CONTENDERS, type SwarmContender } from "./swarm/swarm_contenders.ts";
import { runSwarm, type SwarmRun } from "./swarm/swarm_run.ts";

const SEED = 20_260_102;
const SCENARIOS = ["crowd", "tenfold", "late", "killed", "twenty"] as const;
type ScenarioName = typeof SCENARIOS[number];

interface Job {
  scenario: Scenario;
  bytes: number;
}

interface Options {
  jobs: Job[];
  runs: number;
  contenders: readonly SwarmContender[];
  pieceLength?: number;
  seederLast: boolean;
  keepGoing: boolean;
}

function parseOptions(args: string[]): Options {
  const flags = parseArgs(args, {
    string: ["scenario", "size", "leechers", "rate", "runs", "only", "start", "piece-size"],
    boolean: ["keep-going", "trace"],
    default: { scenario: "crowd", runs: "1", start: "ready" },
    unknown: (flag) => {
      throw new Error(`unknown argument ${flag}`);
    },
  });
  const text = (flag: string) => flags[flag]?.toString();
  const start = text("start");
  if (start !== "ready" && start !== "waiting") throw new Error("--start is ready or waiting");
  const only = text("only")?.toLowerCase();
  const contenders = SWARM_CONTENDERS.filter(({ name, optional }) =>
    only === undefined ? !optional : name.toLowerCase() === only
  );
  if (contenders.length === 0) {
    throw new Error(`--only knows ${SWARM_CONTENDERS.map(({ name }) => name).join(", ")}`);
  }
  const wanted = text("scenario")!;
  const names = SCENARIOS.filter((name) => wanted === name || wanted === "all");
  if (names.length === 0) throw new Error(`--scenario is all, ${SCENARIOS.join(", ")}`);
  const shape = {
    ...(text("rate") === undefined ? {} : { rate: parseBits(text("rate")!) }),
    seederLast: start === "waiting",
    trace: flags["trace"] === true,
    ...(text("leechers") === undefined ? {} : { leechers: count("leechers", text("leechers")!) }),
  };
  const pieces = text("piece-size");
  return {
    jobs: names.flatMap((name) => jobsOf(name, shape, text("size"))),
    runs: count("runs", text("runs")!),
    contenders,
    ...(pieces === undefined ? {} : { pieceLength: parseSize(pieces) }),
    seederLast: shape.seederLast,
    keepGoing: flags["keep-going"] === true,
  };
}

function count(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new Error(`--${flag} wants a whole number above 0`);
  }
  return value;
}

/** Parses "200mbit" into bits per second, in tc's notation. */
function parseBits(text: string): number {
  const match = /^(\d+)([kmg]?)bit$/.exec(text);
  if (match === null) throw new Error(`--rate wants a rate such as 200mbit, not ${text}`);
  return Number(match[1]) * 1000 ** ["", "k", "m", "g"].indexOf(match[2]!);
}

/** A scenario, once for each of its sizes. */
function jobsOf(
  name: ScenarioName,
  shape: { rate?: number; leechers?: number; seederLast: boolean; trace: boolean },
  size: string | undefined,
): Job[] {
  const leechers = shape.leechers ?? (name === "twenty" ? 20 : 8);
  const rate = shape.rate ?? (name === "twenty" ? 50 : 200) * 1e6;
  const rates = new Array<number>(leechers + 1).fill(rate);
  if (name === "tenfold") rates.fill(rate / 10, 1 + (leechers >> 1));
  const scenario: Scenario = {
    name,
    rates,
    seederLast: shape.seederLast,
    trace: shape.trace,
    ...(name === "late" ? { halfway: "one more joins" } : {}),
    ...(name === "killed" ? { halfway: "half are killed" } : {}),
  };
  const sizes = size === undefined ? name === "crowd" ? ["128M", "512M"] : ["128M"] : [size];
  return sizes.map((text) => ({ scenario, bytes: parseSize(text) }));
}

/** All runs of a job, taking turns and reversing the order each time. */
async function runJob(
  { scenario }: Job,
  content: Content,
  { contenders, runs, keepGoing }: Options,
): Promise<Map<SwarmContender, SwarmRun[]>> {
  const results = new Map<SwarmContender, SwarmRun[]>(contenders.map((one) => [one, []]));
  for (let i = 0; i < runs; i++) {
    for (const contender of i % 2 === 0 ? contenders : [...contenders].reverse()) {
      const title = `${scenario.name}, ${sizeText(content.bytes)}, ${contender.name}, run ${i + 1}`;
      try {
        const run = await runSwarm(contender, scenario, content);
        results.get(contender)!.push(run);
        console.error(`${title}: ${summary(run)}`);
      } catch (error) {
        if (!keepGoing) throw error;
        console.error(`${title} failed: ${error}`);
      }
    }
  }
  return results;
}

function summary({ firstSeconds, seconds, boundSeconds, copies }: SwarmRun): string {
  return `done after ${firstSeconds.toFixed(2)} to ${seconds.toFixed(2)} s, ` +
    `${(seconds / boundSeconds).toFixed(2)} x the bound, seeder sent ${copies.toFixed(2)} copies`;
}

const HEADINGS = [
  "program",
  "scenario",
  "leechers",
  "uplink",
  "file",
  "bound s",
  "last done s",
  "x bound",
  "from first data s",
  "x bound",
  "seeder sent",
  "CPU s",
  "remark",
];

function row(name: string, { scenario, bytes }: Job, runs: SwarmRun[]): string[] {
  const cells = [name, scenario.name, `${scenario.rates.length - 1}`];
  cells.push(`${scenario.rates[0]! / 1e6} Mbit/s`, sizeText(bytes));
  if (runs.length === 0) return [...cells, "failed"];
  const of = (figure: (run: SwarmRun) => number) => median(runs.map(figure)).toFixed(2);
  const late = runs[0]!.lateSeconds === undefined
    ? ""
    : `late one took ${of((run) => run.lateSeconds!)} s`;
  const load = median(runs.map((run) => run.cpuSeconds / run.seconds)) * 100 /
    navigator.hardwareConcurrency;
  return [
    ...cells,
    of((run) => run.boundSeconds),
    of((run) => run.seconds),
    of((run) => run.seconds / run.boundSeconds),
    of((run) => run.dataSeconds),
    of((run) => run.dataSeconds / run.boundSeconds),
    `${of((run) => run.copies)} x file`,
    `${of((run) => run.cpuSeconds)} (${load.toFixed(0)} %)`,
    late,
  ];
}

function printNotes({ seederLast, pieceLength }: Options): void {
  const start = seederLast
    ? `The leechers run and have announced before the seeder starts; "last done" counts from when the seeder
is announced, or from its first data if that comes earlier.`
    : `The seeder is announced before the leechers are started, all at once; "last done" counts from there,
so it holds the time in which their processes come up.`;
  const pieces = pieceLength === undefined ? "of the size each program chooses" : "of one size";
  console.log(`
One namespace per host, joined by a bridge; every uplink is shaped (tbf, burst 256k, latency 100ms), nothing
else is. In "tenfold" half of the leechers have a tenth of the uplink.
${start}
"From first data" counts from when the seeder's interface has sent 32 KiB. Both end when the last leecher
reports every piece verified; leechers go on seeding. The bound is the least time in which the uplinks
could carry one copy out of the seeder and one per leecher in all. It leaves headers out: full TCP
segments carry 1448 bytes in 1514, so nothing can start from zero and stay below 1.05 x the bound.
"Seeder sent" is what its interface sent, requests and headers included. CPU is user and system time of
seeder and leechers, and what share of the machine that is: near 100 % it is the limit, not the uplinks.
Files in memory, hybrid torrents (v1 for aria2) with pieces ${pieces}, a .torrent for each
leecher. All meet through Shoal's tracker on the seeder's host, without local discovery; what peers tell
each other (PEX) is on where the program has it. Each copy was compared by SHA-256.`);
}

async function versions(contenders: readonly SwarmContender[]): Promise<string> {
  const known = CONTENDERS.filter(({ name }) => contenders.some((one) => one.name === name));
  const texts = await Promise.all(known.map((one) => one.version()));
  return texts.map((text) => text === undefined ? "" : `${text}; `).join("");
}

async function main(): Promise<void> {
  const options = parseOptions(Deno.args);
  // The file and a copy for each leecher; one program's copies are removed before the next one starts.
  const needed = options.jobs.map(({ bytes, scenario }) => bytes * scenario.rates.length);
  const scratch = prepareLab(Math.max(...needed));
  try {
    const rows: string[][] = [];
    const path = join(scratch, "swarm.bin");
    let made = { bytes: -1, sha256: "" };
    for (const job of options.jobs) {
      const { bytes } = job;
      if (made.bytes !== bytes) {
        made = { bytes, sha256: await writePseudoRandomFile(path, bytes, SEED) };
      }
      const { pieceLength } = options;
      const piece = pieceLength === undefined ? {} : { pieceLength };
      const results = await runJob(job, { path, ...made, ...piece, scratch }, options);
      for (const [{ name }, runs] of results) rows.push(row(name, job, runs));
    }
    console.log(`${new Date().toISOString().slice(0, 10)}, ${await describeMachine()}`);
    console.log(`${await versions(options.contenders)}medians of ${options.runs}\n`);
    printTable(HEADINGS, rows);
    printNotes(options);
  } finally {
    removeRun(Deno.pid);
  }
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(`bench/swarm.ts: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
