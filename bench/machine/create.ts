/**
 * The tables of hashing: creating a torrent of a file, and checking a file against its torrent.
 *
 *     deno run -A bench/machine/create.ts [--size 1G] [--runs 5]
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { basename, dirname } from "@std/path";
import { PYTHON, versionOf } from "../../support/foreign.ts";
import { LIBTORRENT_SCRIPT, LibtorrentPeer } from "../../support/libtorrent.ts";
import { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { type Content, firstLine } from "../contenders/contender.ts";
import { PIECE_LENGTH } from "../contenders/shoal.ts";
import { MEMORY_FOLDER } from "../measure/disk_space.ts";
import { childrenCpuSeconds, describeMachine } from "../measure/process_stats.ts";
import { type Entry, medianOf, medianRatio, type Results, runRounds } from "../measure/rounds.ts";
import { untilInterrupted } from "../measure/signals.ts";
import { parseSize, printTable, sizeText } from "../measure/table.ts";
import { printTargets } from "../measure/targets.ts";
import { makeContent } from "./content.ts";

const FORMATS = ["hybrid", "v2", "v1"] as const;
type Format = typeof FORMATS[number];

const TIMEOUT_MS = 600_000;

interface Cost {
  /** From the start of the process until it reports that it is done. */
  seconds: number;
  /** CPU time of the whole process, including its exit. */
  cpuSeconds: number;
}

/** The measurements of one table, by row label. */
type Work = Record<string, () => Promise<Cost>>;

/**
 * Measures creation in every format and checking, and prints both tables.
 *
 * @param runs how often each is measured, taking turns
 * @param bytes of the file
 * @param signal aborts the benchmark
 */
export async function benchCreate(
  runs: number,
  bytes: number,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  await using folder = await TempFolder.create(MEMORY_FOLDER);
  const content = await makeContent(folder.path, bytes);
  const works = { ...await creations(content, folder), ...await checks(content, folder) };
  const entries = Object.entries(works).map(([label, measure]): Entry<Cost> => ({
    label,
    measure,
  }));
  const tell = ({ seconds }: Cost) => `${seconds.toFixed(2)} s`;
  const results = await runRounds(entries, { rounds: runs, keepGoing: false, signal }, tell);
  for (const format of FORMATS) print(`Making a torrent, ${format}`, format, bytes, results);
  print("Checking a file against its torrent, hybrid", CHECK, bytes, results);
  printTargets([{
    what: "making a hybrid, × libtorrent's time",
    bound: { most: 0.7 },
    figure: medianRatio(results, "hybrid, Shoal", "hybrid, libtorrent", ({ seconds }) => seconds),
  }]);
}

const CHECK = "check";

async function creations({ path }: Content, folder: TempFolder): Promise<Work> {
  const work: Work = {};
  for (const format of FORMATS) {
    const out = folder.join(`made.${format}.torrent`);
    work[`${format}, Shoal`] = () => createWithShoal(path, format, out);
    if (versionOf("libtorrent") === undefined) continue;
    const args = [LIBTORRENT_SCRIPT, "create", path, "--out", out, "--format", format];
    args.push("--piece-length", `${PIECE_LENGTH}`);
    work[`${format}, libtorrent`] = () => timed(() => run(PYTHON, args));
  }
  if (await firstLine("mktorrent", "-h") !== undefined) {
    const threads = navigator.hardwareConcurrency;
    const out = folder.join("made.mktorrent.torrent");
    const args = ["-l", `${Math.log2(PIECE_LENGTH)}`, "-t", `${threads}`, "-o", out, path];
    work["v1, mktorrent"] = async () => {
      const cost = await timed(() => run("mktorrent", args));
      await Deno.remove(out); // it does not overwrite a file
      return cost;
    };
  }
  return work;
}

/**
 * Creates a torrent as a user does: runs the seeder until it prints the link. The torrent file is written
 * by then.
 */
async function createWithShoal(path: string, format: Format, out: string): Promise<Cost> {
  const place = ["--no-tracker", "--host", "127.0.0.1", "--port", "0"];
  const what = ["--format", format, "--piece-size", `${PIECE_LENGTH / 1024}K`, "-o", out];
  return await timed(async () => {
    const program = Program.shoal("seeder", [path, "--no-cache", ...place, ...what]);
    return [await program.line(/^magnet:/, { timeoutMs: TIMEOUT_MS }), program];
  });
}

async function checks(content: Content, folder: TempFolder): Promise<Work> {
  const { path } = content;
  const torrent = await content.torrent("hybrid");
  const work: Work = {
    [`${CHECK}, Shoal`]: () => {
      const args = [torrent, "--verify", "-o", dirname(path)];
      return timed(async () => {
        const program = Program.shoal("leecher", args);
        return [await ended(program), program];
      });
    },
  };
  if (versionOf("libtorrent") !== undefined) {
    const options = { folder: dirname(path), timeoutMs: TIMEOUT_MS };
    work[`${CHECK}, libtorrent`] = () =>
      timed(async () => {
        const peer = await LibtorrentPeer.seed(torrent, options);
        return [peer.address, peer];
      });
  }
  if (await firstLine("openssl", "version") !== undefined) {
    const args = ["dgst", "-sha256", basename(path)];
    work[`${CHECK}, openssl dgst -sha256`] = () => timed(() => run("openssl", args, folder.path));
  }
  return work;
}

/** Times `work`; then ends the process that it started. */
async function timed(work: () => Promise<[result: unknown, AsyncDisposable]>): Promise<Cost> {
  const before = await childrenCpuSeconds();
  const start = performance.now();
  const [, program] = await work();
  const seconds = (performance.now() - start) / 1000;
  await program[Symbol.asyncDispose]();
  return { seconds, cpuSeconds: await childrenCpuSeconds() - before };
}

async function run(command: string, args: string[], cwd = "."): Promise<[number, Program]> {
  const program = Program.start(command, args, { cwd });
  return [await ended(program), program];
}

async function ended(program: Program): Promise<number> {
  const code = await program.exit(TIMEOUT_MS);
  if (code !== 0) throw new Error(`it ended with code ${code}\n${program.transcript()}`);
  return code;
}

const HEADINGS = ["program", "wall s", "range", "MB/s", "CPU s", "× libtorrent's time"];

function print(title: string, group: string, bytes: number, results: Results<Cost>): void {
  console.log(`\n## ${title}, ${sizeText(bytes)}\n`);
  const labels = [...results.keys()].filter((label) => label.startsWith(`${group}, `));
  printTable(
    HEADINGS,
    labels.map((label) => {
      const all = (results.get(label) ?? []).flatMap((cost) => cost?.seconds ?? []);
      const seconds = medianOf(results, label, (cost) => cost.seconds);
      const ratio = medianRatio(results, label, `${group}, libtorrent`, (cost) => cost.seconds);
      return [
        label.slice(group.length + 2),
        seconds.toFixed(2),
        `${Math.min(...all).toFixed(2)}-${Math.max(...all).toFixed(2)}`,
        (bytes / 1e6 / seconds).toFixed(0),
        medianOf(results, label, (cost) => cost.cpuSeconds).toFixed(2),
        Number.isNaN(ratio) ? "" : ratio.toFixed(2),
      ];
    }),
  );
}

/** How to read the tables. */
export const CREATE_LEGEND = `
From the start of the process to its end; Shoal's seeder until it prints the link, the .torrent written, and
libtorrent's session until it seeds. Files in memory, pieces of 512 KiB, nothing remembered from the run before.
CPU is user and system time of all threads. mktorrent makes v1 only and has a thread for each core.`;

if (import.meta.main) {
  const { size, runs } = parseArgs(Deno.args, {
    string: ["size", "runs"],
    default: { size: "1G", runs: "5" },
  });
  console.log(`${new Date().toISOString().slice(0, 10)}, ${await describeMachine()}`);
  await untilInterrupted((signal) => benchCreate(Number(runs), parseSize(String(size)), signal));
  console.log(CREATE_LEGEND);
}
