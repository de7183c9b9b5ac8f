/**
 * The table of trackers: Shoal's beside opentracker, with a million peers in a thousand swarms.
 *
 *     deno run -A bench/machine/tracker.ts [--runs 5]
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { freePort, Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { processStats } from "../measure/process_stats.ts";
import { type Entry, medianOf, medianRatio, type Results, runRounds } from "../measure/rounds.ts";
import { printTable } from "../measure/table.ts";
import { printTargets } from "../measure/targets.ts";
import { type Crowd, infoHashesOf, type LoadResult, TrackerLoad } from "./tracker_load.ts";

const [SHOAL, OPENTRACKER] = ["Shoal", "opentracker"] as const;

/** 8,000 peers per address. */
const CROWD: Crowd = { peers: 1_000_000, swarms: 1000, addresses: 125 };
/** Announces of a complete crowd. */
const ANNOUNCES = 500_000;
/** Announces, each of another peer, before the measurement. */
const WARM_UP = 20_000;
/** Announces per turn; in between, this process can handle signals. */
const AT_ONCE = 20_000;

/** A tracker's performance and cost. */
export interface TrackerRun {
  /** First announces of new peers. */
  joinsPerSecond: number;
  /** Announces of known peers. */
  announcesPerSecond: number;
  /** The tracker's CPU time per announce. */
  announceSeconds: number;
  /** The tracker's CPU load, as a share of one core; below nine tenths something else was the limit. */
  load: number;
  /** Growth of its resident memory per peer. */
  bytesPerPeer: number;
  residentBytes: number;
  peersPerAnswer: number;
  lost: number;
}

/** A tracker that is running on 127.0.0.1. */
interface RunningTracker {
  port: number;
  program: Program;
}

/** Measures and prints the table. */
export async function benchTracker(
  runs: number,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  const entries: Entry<TrackerRun>[] = [
    { label: SHOAL, measure: () => measure(startShoal, CROWD, ANNOUNCES) },
  ];
  const version = await opentrackerVersion();
  if (version !== undefined) {
    entries.push({
      label: OPENTRACKER,
      measure: () => measure(startOpentracker, CROWD, ANNOUNCES),
    });
  }
  const turns = { rounds: runs, keepGoing: false, signal };
  const results = await runRounds(entries, turns, (run) => {
    return `${run.announcesPerSecond.toFixed(0)} announces/s at ${cost(run.announceSeconds)} µs`;
  });
  console.log("\n## Trackers, a million peers in a thousand swarms\n");
  console.log(`${version ?? "left out: opentracker (install the package opentracker)"}\n`);
  printTable(HEADINGS, entries.map(({ label }) => row(label, results)));
  printTargets([
    {
      what: "announces per CPU second, beside opentracker",
      bound: { least: 0.6 },
      figure: medianRatio(results, SHOAL, OPENTRACKER, (run) => 1 / run.announceSeconds),
      unit: " ×",
    },
    {
      what: "resident bytes per peer",
      bound: { most: 150 },
      figure: medianOf(results, SHOAL, (run) => run.bytesPerPeer),
    },
  ]);
  console.log(TRACKER_LEGEND);
}

const HEADINGS = [
  "tracker",
  "announces/s",
  "CPU µs each",
  "announces per CPU s",
  "% of a core",
  "new peers/s",
  "bytes per peer",
  "resident MB",
  "peers per answer",
];

const TRACKER_LEGEND = `
Announces of 98 bytes that ask for 50 peers, ${CROWD.addresses} source addresses on loopback, 192 under way, from one
process that sends and receives by the hundred with sendmmsg and recvmmsg. Announces are of peers that
the tracker knows, each time another one far from the one before; new peers come before, all of them
once. Where the tracker uses less than nine tenths of a core, the load was the limit, and announces per
second of its CPU time say more. Bytes per peer are the growth of the whole process.`;

function row(label: string, results: Results<TrackerRun>): string[] {
  const of = (figure: (run: TrackerRun) => number) => medianOf(results, label, figure);
  return [
    label,
    of((run) => run.announcesPerSecond).toFixed(0),
    cost(of((run) => run.announceSeconds)),
    of((run) => 1 / run.announceSeconds).toFixed(0),
    (100 * of((run) => run.load)).toFixed(0),
    of((run) => run.joinsPerSecond).toFixed(0),
    of((run) => run.bytesPerPeer).toFixed(0),
    (of((run) => run.residentBytes) / 1e6).toFixed(0),
    of((run) => run.peersPerAnswer).toFixed(1),
  ];
}

function cost(seconds: number): string {
  return (1e6 * seconds).toFixed(1);
}

/** Announces a whole crowd, and then again. */
export async function measure(
  start: (folder: string, crowd: Crowd) => Promise<RunningTracker>,
  crowd: Crowd,
  announces: number,
): Promise<TrackerRun> {
  await using folder = await TempFolder.create();
  const { port, program } = await start(folder.path, crowd);
  await using _running = program;
  using load = new TrackerLoad(port, crowd);
  load.connect();
  const warmUp = Math.min(WARM_UP, crowd.peers / 10);
  await announce(load, warmUp);
  const empty = await processStats(program.pid);
  const joins = await announce(load, crowd.peers - warmUp);
  const full = await processStats(program.pid);
  const again = await announce(load, announces);
  const after = await processStats(program.pid);
  const cpuSeconds = after.cpuSeconds - full.cpuSeconds;
  return {
    joinsPerSecond: joins.answers / joins.seconds,
    announcesPerSecond: again.answers / again.seconds,
    announceSeconds: cpuSeconds / again.answers,
    load: cpuSeconds / again.seconds,
    bytesPerPeer: (after.residentBytes - empty.residentBytes) / joins.answers,
    residentBytes: after.residentBytes,
    peersPerAnswer: again.peers / again.answers,
    lost: joins.lost + again.lost,
  };
}

/** @throws Error when the tracker refuses */
async function announce(load: TrackerLoad, count: number): Promise<LoadResult> {
  const total: LoadResult = { answers: 0, refused: 0, peers: 0, lost: 0, seconds: 0 };
  for (let left = count; left > 0; left -= AT_ONCE) {
    const part = load.announce(Math.min(left, AT_ONCE));
    if (part.refused > 0) throw new Error(`the tracker refused ${part.refused} announces`);
    for (const figure of Object.keys(total) as (keyof LoadResult)[]) total[figure] += part[figure];
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return total;
}

/** Shoal's tracker, started as a user does. */
export async function startShoal(): Promise<RunningTracker> {
  const program = Program.shoal("tracker", ["--host", "127.0.0.1", "--port", "0"]);
  const [, port] = await program.line(/^udp:.*:(\d+)/, { from: "stdout" });
  return { port: Number(port), program };
}

/** Debian's opentracker serves only the torrents on a list. */
async function startOpentracker(folder: string, { swarms }: Crowd): Promise<RunningTracker> {
  const hashes = infoHashesOf(swarms).toHex().match(/.{40}/g)!;
  await Deno.writeTextFile(`${folder}/torrents`, hashes.join("\n") + "\n");
  // It drops its privileges before it reads the list.
  await Deno.chmod(folder, 0o755);
  const port = freePort();
  const at = ["-i", "127.0.0.1", "-p", `${port}`, "-P", `${port}`];
  const args = [...at, "-d", folder, "-w", "torrents"];
  return { port, program: Program.start("opentracker", args, { cwd: folder }) };
}

async function opentrackerVersion(): Promise<string | undefined> {
  const query = ["-W", "-f", "${Package} ${Version} (Debian's)", "opentracker"];
  try {
    const { success, stdout } = await new Deno.Command("dpkg-query", { args: query }).output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

if (import.meta.main) {
  const { runs } = parseArgs(Deno.args, { string: ["runs"], default: { runs: "5" } });
  await benchTracker(Number(runs));
}
