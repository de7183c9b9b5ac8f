/**
 * The tables of a seeder with a thousand shares: what an idle share costs, how long all of them take to
 * start, and whether a busy one among them is as fast as alone.
 *
 * @module
 */

import { join } from "@std/path";
import { pseudoRandomBytes } from "../../support/content.ts";
import { denoFolder } from "../../support/deno_folder.ts";
import { freePort, Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import type { Content } from "../contenders/contender.ts";
import { PIECE_LENGTH, shoal } from "../contenders/shoal.ts";
import { type ProcessStats, processStats } from "../measure/process_stats.ts";
import { medianOf, medianRatio, type RoundOptions, runRounds } from "../measure/rounds.ts";
import { printTable } from "../measure/table.ts";
import { printTargets } from "../measure/targets.ts";
import { transferOnce } from "./one_transfer.ts";

const SHARES = 1000;
const SHARE_BYTES = 256 * 1024;
/** Time until the first announces of all shares and their answers are done. */
const SETTLE_MS = 10_000;
/** Time in which the processor is watched: half of the announces of a minute fall into it. */
const QUIET_MS = 30_000;
const TIMEOUT_MS = 300_000;
/** Files are remembered only if they were not written just now. */
const WRITTEN_MS_AGO = 60_000;
const ALONE = "alone";
const AMONG = `among ${SHARES}`;

/** A seeder whose shares are started but idle. */
export interface IdleShares {
  /** From the start of the process until it has printed all links. */
  startSeconds: number;
  residentBytes: number;
  /** CPU load while nothing happens but announces, as a share of one core. */
  load: number;
}

/** Files to share, and a cache of their hashes. */
export interface ShareFolder {
  readonly paths: readonly string[];
  readonly cache: string;
}

/** Measures and prints the tables. */
export async function benchManyShares(
  content: Content,
  options: RoundOptions & { scratch: string },
): Promise<void> {
  await using temp = await TempFolder.create(options.scratch);
  await using tracker = Program.shoal("tracker", ["--host", "127.0.0.1", "--port", "0"]);
  const [url] = await tracker.line(/^udp:\/\/\S+/, { from: "stdout" });
  const shares = await makeShares(temp, SHARES, SHARE_BYTES);
  const sit = (count: number) => () =>
    sitIdle(shares, count, url, { settleMs: SETTLE_MS, quietMs: QUIET_MS });
  await sitIdle(shares, SHARES, url, { settleMs: 0, quietMs: 0 }); // hashes all, which takes its time
  const idle = await runRounds(
    [{ label: "1", measure: sit(1) }, { label: `${SHARES}`, measure: sit(SHARES) }],
    options,
    ({ startSeconds, load }) => `${startSeconds.toFixed(2)} s, ${(100 * load).toFixed(2)} %`,
  );
  printIdle((label, figure) => medianOf(idle, label, figure));
  const busy = await runRounds(
    [
      { label: ALONE, measure: () => transferAmong(content, shares, 0, url, temp.path) },
      { label: AMONG, measure: () => transferAmong(content, shares, SHARES, url, temp.path) },
    ],
    options,
    ({ seconds }) => `${seconds.toFixed(2)} s`,
  );
  console.log("\n## One busy share\n");
  const rows = [ALONE, AMONG].map((label) => [
    label,
    medianOf(busy, label, ({ seconds }) => seconds).toFixed(2),
    medianOf(busy, label, ({ leecher }) => leecher.cpuSeconds).toFixed(2),
    medianOf(busy, label, ({ seeder }) => seeder.cpuSeconds).toFixed(2),
  ]);
  printTable(["share", "wall s", "leecher CPU s", "seeder CPU s"], rows);
  const figure = medianRatio(busy, AMONG, ALONE, ({ seconds }) => seconds);
  printTargets([{ what: "time, × alone", bound: { most: 1.03 }, figure, unit: " ×" }]);
}

function printIdle(
  of: (label: string, figure: (run: IdleShares) => number) => number,
): void {
  const [one, all] = ["1", `${SHARES}`];
  const bytes = (label: string) => of(label, ({ residentBytes }) => residentBytes);
  const seconds = (label: string) => of(label, ({ startSeconds }) => startSeconds);
  const percent = (label: string) => 100 * of(label, ({ load }) => load);
  const each = (bytes(all) - bytes(one)) / (SHARES - 1) / 1000;
  console.log("\n## Idle shares in one seeder, their hashes remembered\n");
  const rows = [one, all].map((label) => [
    label,
    seconds(label).toFixed(2),
    (bytes(label) / 1e6).toFixed(0),
    percent(label).toFixed(2),
  ]);
  printTable(["shares", "start s", "resident MB", "% of a core"], rows);
  printTargets([
    { what: "memory of a share", bound: { most: 60 }, figure: each, unit: " KB" },
    { what: "memory", bound: { most: 200 }, figure: bytes(all) / 1e6, unit: " MB" },
    { what: "CPU", bound: { most: 1 }, figure: percent(all), unit: " %" },
    { what: "start", bound: { most: 3 }, figure: seconds(all), unit: " s" },
  ]);
}

/** Writes `count` files of different content, and makes room for a cache of their hashes. */
export async function makeShares(
  temp: TempFolder,
  count: number,
  bytes: number,
): Promise<ShareFolder> {
  const folder = await temp.folder("shares");
  const writtenAt = new Date(Date.now() - WRITTEN_MS_AGO);
  const paths: string[] = [];
  for (let i = 0; i < count; i++) {
    const path = join(folder, `${i}.bin`);
    await Deno.writeFile(path, pseudoRandomBytes(bytes, i + 1));
    await Deno.utime(path, writtenAt, writtenAt);
    paths.push(path);
  }
  return { paths, cache: await temp.folder("cache") };
}

/** Starts a seeder of the first `count` files, and measures it while nobody wants them. */
export async function sitIdle(
  shares: ShareFolder,
  count: number,
  tracker: string,
  { settleMs, quietMs }: { settleMs: number; quietMs: number },
): Promise<IdleShares> {
  const startMs = performance.now();
  const paths = shares.paths.slice(0, count);
  await using seeder = await startSeeder(paths, freePort(), tracker, shares.cache);
  const startSeconds = (performance.now() - startMs) / 1000;
  await pause(settleMs);
  const [before, beginMs] = [await processStats(seeder.pid), performance.now()];
  await pause(quietMs);
  const after = await processStats(seeder.pid);
  const seconds = (performance.now() - beginMs) / 1000;
  const load = (after.cpuSeconds - before.cpuSeconds) / seconds;
  return { startSeconds, residentBytes: after.residentBytes, load };
}

/** Times a transfer of `content` from a seeder that has `others` idle shares as well. */
async function transferAmong(
  content: Content,
  shares: ShareFolder,
  others: number,
  tracker: string,
  scratch: string,
): Promise<{ seconds: number; leecher: ProcessStats; seeder: ProcessStats }> {
  const seeder = {
    ...shoal,
    seed: async ({ path, torrent }: Content, { port }: { port: number }) => {
      await torrent("hybrid");
      const paths = [path, ...shares.paths.slice(0, others)];
      const program = await startSeeder(paths, port, tracker, shares.cache);
      return {
        figures: () => processStats(program.pid),
        [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
      };
    },
  };
  return await transferOnce(content, { seeder, leecher: shoal, seeders: 1, leechers: 1 }, scratch);
}

/** A seeder that has printed a link for each path. */
async function startSeeder(
  paths: readonly string[],
  port: number,
  tracker: string,
  cache: string,
): Promise<Program> {
  const place = ["--host", "127.0.0.1", "--port", `${port}`, "-t", tracker];
  const pieces = ["--piece-size", `${PIECE_LENGTH / 1024}K`];
  const env = { XDG_CACHE_HOME: cache, DENO_DIR: await denoFolder() };
  const program = Program.shoal("seeder", [...paths, ...place, ...pieces], { env });
  try {
    const line = { from: "stdout", timeoutMs: TIMEOUT_MS } as const;
    await program.line(/^magnet:/, { ...line, nth: paths.length });
    return program;
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** How to read the tables. */
export const MANY_SHARES_LEGEND = `
One seeder.ts announces all its shares to one tracker.ts on the same machine. Start: from the start of the
process to the last link it prints, with the hashes in the cache. Memory and CPU: after ten seconds, over the
thirty that follow, in which nothing happens but announces. The busy share is the file of the transfer
tables, to one leecher.`;
