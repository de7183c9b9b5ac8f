/**
 * The table of many simultaneous leechers: all are connected to one seeder, and each requests its share at
 * once.
 *
 * @module
 */

import { Torrent } from "../../mod.ts";
import { freePort } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import type { Content } from "../contenders/contender.ts";
import { startShoalSeeder } from "../contenders/shoal.ts";
import { processStats } from "../measure/process_stats.ts";
import { medianOf, type RoundOptions, runRounds } from "../measure/rounds.ts";
import { median, printTable } from "../measure/table.ts";
import { printTargets } from "../measure/targets.ts";
import { connectAll, type ScriptedLeecher } from "./scripted_leecher.ts";

const LEECHERS = 500;
/** Pieces each of them downloads. */
const PIECES_EACH = 4;
const ROUNDS = 3;
const TIMEOUT_MS = 120_000;

/** The outcome for the leechers. */
export interface ManyRun {
  /** How long each leecher took that got its whole share, verified. */
  servedSeconds: number[];
  /** How long each waited for its first block. */
  waitedSeconds: number[];
  failures: string[];
  bytes: number;
  seederPeakBytes: number;
  seederCpuSeconds: number;
}

/** Measures and prints the table. */
export async function benchMany(content: Content, options: RoundOptions): Promise<void> {
  const label = `${LEECHERS} leechers`;
  const rounds = Math.min(ROUNDS, options.rounds);
  const results = await runRounds(
    [{ label, measure: () => serveMany(content, LEECHERS) }],
    { ...options, rounds },
    ({ servedSeconds, failures }) =>
      [`${servedSeconds.length} served in ${slowest(servedSeconds)} s`, ...new Set(failures)]
        .join("; "),
  );
  const of = (figure: (run: ManyRun) => number, digits: number) =>
    medianOf(results, label, figure).toFixed(digits);
  console.log(`\n## Many leechers at one seeder, ${PIECES_EACH / 2} MiB for each\n`);
  const headings = [
    "leechers",
    "served",
    "failed",
    "MB/s",
    "last has it, s",
    "median, s",
    "longest wait for a first block, s",
    "seeder CPU s",
    "seeder MB",
  ];
  printTable(headings, [[
    `${LEECHERS}`,
    of(({ servedSeconds }) => servedSeconds.length, 0),
    of(({ failures }) => failures.length, 0),
    of(({ bytes, servedSeconds }) => bytes / 1e6 / Math.max(...servedSeconds), 0),
    of(({ servedSeconds }) => Math.max(...servedSeconds), 2),
    of(({ servedSeconds }) => median(servedSeconds), 2),
    of(({ waitedSeconds }) => Math.max(...waitedSeconds), 2),
    of(({ seederCpuSeconds }) => seederCpuSeconds, 2),
    of(({ seederPeakBytes }) => seederPeakBytes / 1e6, 0),
  ]]);
  const served = (results.get(label) ?? []).map((run) => run?.servedSeconds.length ?? 0);
  const bound = { least: LEECHERS };
  printTargets([{ what: "leechers served", bound, figure: Math.min(...served) }]);
}

/** Connects `count` leechers to a fresh seeder, lets all of them download at once, and waits for all. */
export async function serveMany(content: Content, count: number): Promise<ManyRun> {
  await using scratch = await TempFolder.create();
  const torrent = Torrent.parse(await Deno.readFile(await content.torrent("hybrid")));
  const seat = { port: freePort(), scratch: scratch.path, timeoutMs: TIMEOUT_MS };
  await using seeder = await startShoalSeeder(content, seat, ["--max-peers", `${count + 10}`]);
  const leechers = await connectAll(count, seat.port, torrent);
  const hangUp = () => leechers.forEach((leecher) => leecher[Symbol.dispose]());
  const timer = setTimeout(hangUp, TIMEOUT_MS);
  try {
    const before = await processStats(seeder.pid);
    const outcome = await fetchAll(leechers, torrent);
    const after = await processStats(seeder.pid);
    const seederCpuSeconds = after.cpuSeconds - before.cpuSeconds;
    return { ...outcome, seederCpuSeconds, seederPeakBytes: after.peakBytes };
  } finally {
    clearTimeout(timer);
    hangUp();
  }
}

async function fetchAll(leechers: ScriptedLeecher[], torrent: Torrent) {
  const servedSeconds: number[] = [];
  const waitedSeconds: number[] = [];
  const failures: string[] = [];
  const startMs = performance.now();
  const secondsSoFar = () => (performance.now() - startMs) / 1000;
  const share = Math.min(PIECES_EACH, torrent.pieceCount);
  await Promise.all(leechers.map(async (leecher, index) => {
    const pieces = Array.from(
      { length: share },
      (_, i) => (index * share + i) % torrent.pieceCount,
    );
    let isFirst = true;
    const onBlock = () => {
      if (isFirst) waitedSeconds.push(secondsSoFar());
      isFirst = false;
    };
    try {
      await leecher.fetch(pieces, onBlock);
      servedSeconds.push(secondsSoFar());
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }));
  const bytes = Math.min(torrent.pieceLength * share, torrent.length) * servedSeconds.length;
  return { servedSeconds, waitedSeconds, failures, bytes };
}

function slowest(seconds: number[]): string {
  return Math.max(...seconds).toFixed(2);
}

/** How to read the table. */
export const MANY_LEGEND = `
All leechers are connected before the first of them asks; then each wants four pieces, checks them and stays
connected. They live in the process of the benchmark, which takes a core for itself. Timed from the moment
in which all say that they want something. Medians of at most three runs.`;
