/**
 * One swarm, from an empty lab to compared copies, and the time it took.
 *
 * @module
 */

import { join } from "@std/path";
import { sha256OfFile } from "../../support/content.ts";
import type { Program } from "../../support/process.ts";
import { processStats } from "../measure/process_stats.ts";
import { Meter } from "./lab_meter.ts";
import { Lab } from "./network_namespaces.ts";
import { boundSeconds, type Scenario } from "./swarm_bound.ts";
import {
  type Content,
  startTracker,
  type Swarm,
  type SwarmContender,
  trackerUrlOf,
} from "./swarm_contenders.ts";

/** A swarm is given up after this many times its bound, or after the time below if that is longer. */
const PATIENCE_BOUNDS = 40;
const PATIENCE_SECONDS = 120;

export interface SwarmRun {
  /** From the start of the leechers' processes, or of the seeder's if that comes last. */
  seconds: number;
  /** The same for the first leecher to complete. */
  firstSeconds: number;
  /** From the seeder's first data to the last. */
  dataSeconds: number;
  /** The least that the uplinks allow. */
  boundSeconds: number;
  /** What the seeder's interface sent, in multiples of the file. */
  copies: number;
  /** User and system time of the seeder and the leechers that were not killed. */
  cpuSeconds: number;
  /** How long the late joiner took. */
  lateSeconds?: number;
}

interface Leecher {
  program: Program;
  /** The path of its copy and when it was complete. */
  finished: Promise<{ path: string; atMs: number }>;
}

/** Runs one swarm and checks every copy. */
export async function runSwarm(
  contender: SwarmContender,
  scenario: Scenario,
  content: Content,
): Promise<SwarmRun> {
  await using lab = Lab.create(scenario.rates);
  const trackerUrl = trackerUrlOf(lab.hosts[0]!);
  const torrent = await contender.torrent(content, trackerUrl);
  const folder = join(content.scratch, "copies");
  await Deno.mkdir(folder);
  try {
    const timeoutMs = 1000 *
      Math.max(PATIENCE_SECONDS, PATIENCE_BOUNDS * boundSeconds(content.bytes, scenario, 0));
    const shared = { content, torrent, trackerUrl };
    await using swarm = new RunningSwarm(lab, contender, shared, { folder, timeoutMs });
    const { run, copies } = await race(swarm, scenario, content.bytes);
    // End the programs first: what they have not written by then does not count.
    await swarm.end();
    for (const path of copies) {
      if (await sha256OfFile(path) !== content.sha256) throw new Error(`${path} is a bad copy`);
    }
    return run;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Spreads the file once, and takes the times. */
async function race(
  swarm: RunningSwarm,
  scenario: Scenario,
  bytes: number,
): Promise<{ run: SwarmRun; copies: string[] }> {
  const all = [...swarm.lab.hosts.keys()].slice(1);
  const late = scenario.halfway === "one more joins" ? all.slice(-1) : [];
  const early = all.slice(0, all.length - late.length);
  await swarm.startTracker();
  if (!scenario.seederLast) await swarm.seed();
  const cpuBefore = await swarm.cpuSeconds();
  using meter = new Meter(swarm.lab, early, bytes, scenario.trace);
  let startMs = performance.now();
  const started = early.map((index) => swarm.leech(index));
  if (scenario.seederLast) {
    await meter.everyoneSends;
    await swarm.seed();
    startMs = performance.now();
  }
  const doomed = scenario.halfway === "half are killed" ? started.length >> 1 : 0;
  const staying = started.slice(doomed);
  // If a leecher fails first, the second promise rejects.
  await Promise.race([meter.halfway, Promise.all(staying.map(({ finished }) => finished))]);
  const halfwayMs = performance.now();
  for (const { program } of started.slice(0, doomed)) swarm.kill(program);
  staying.push(...late.map((index) => swarm.leech(index)));
  const copies = await Promise.all(staying.map(({ finished }) => finished));
  const doneMs = Math.max(...copies.map(({ atMs }) => atMs));
  startMs = Math.min(startMs, meter.firstDataMs);
  const run: SwarmRun = {
    seconds: (doneMs - startMs) / 1000,
    firstSeconds: (Math.min(...copies.map(({ atMs }) => atMs)) - startMs) / 1000,
    dataSeconds: (doneMs - meter.firstDataMs) / 1000,
    boundSeconds: boundSeconds(bytes, scenario, (halfwayMs - startMs) / 1000),
    copies: meter.seederSent() / bytes,
    cpuSeconds: await swarm.cpuSeconds() - cpuBefore,
    ...(late.length === 0 ? {} : { lateSeconds: (doneMs - halfwayMs) / 1000 }),
  };
  return { run, copies: copies.map(({ path }) => path) };
}

/** The programs of one run. They are killed at its end, because their final output does not matter. */
class RunningSwarm implements AsyncDisposable {
  readonly #contender: SwarmContender;
  readonly #swarm: Swarm;
  readonly #folder: string;
  readonly #timeoutMs: number;
  #tracker: Program | undefined;
  #peers: Program[] = [];

  constructor(
    readonly lab: Lab,
    contender: SwarmContender,
    swarm: Swarm,
    { folder, timeoutMs }: { folder: string; timeoutMs: number },
  ) {
    this.#contender = contender;
    this.#swarm = swarm;
    this.#folder = folder;
    this.#timeoutMs = timeoutMs;
  }

  async startTracker(): Promise<void> {
    this.#tracker = startTracker(this.lab.hosts[0]!);
    await this.#tracker.line(/^udp:/, { from: "stdout" });
  }

  /** Starts the seeder and returns once the tracker knows it. */
  async seed(): Promise<void> {
    const { program, ready } = this.#contender.seed(this.lab.hosts[0]!, this.#swarm);
    this.#peers.push(program);
    await ready;
  }

  /** Starts a leecher on the host of that index. */
  leech(index: number): Leecher {
    const folder = join(this.#folder, `${index}`);
    Deno.mkdirSync(folder);
    const host = this.lab.hosts[index]!;
    const { program, finished } = this.#contender.leech(host, this.#swarm, folder, this.#timeoutMs);
    this.#peers.push(program);
    const copy = finished.then((path) => ({ path, atMs: performance.now() }));
    // A killed leecher fails; the others are awaited, and their failures are noticed there.
    copy.catch(() => {});
    return { program, finished: copy };
  }

  kill(program: Program): void {
    program.kill("SIGKILL");
    this.#peers = this.#peers.filter((peer) => peer !== program);
  }

  /** User and system time of the seeder and of the leechers that have not been killed. */
  async cpuSeconds(): Promise<number> {
    const figures = await Promise.all(this.#peers.map(({ pid }) => processStats(pid)));
    return figures.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  }

  async end(): Promise<void> {
    const programs = [
      ...this.#peers.splice(0),
      ...(this.#tracker === undefined ? [] : [this.#tracker]),
    ];
    for (const program of programs) program.kill("SIGKILL");
    await Promise.all(programs.map((program) => program[Symbol.asyncDispose]()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}
