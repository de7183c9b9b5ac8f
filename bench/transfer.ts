/**
 * One big file from one seeder process to one leecher process over loopback, Shoal beside libtorrent.
 *
 *     deno task bench [--size 1G] [--big] [--runs 3] [--only NAME] [--keep-going]
 *
 * Timed, the same way for both: from the start of the leecher's process until it reports that the
 * file is complete and every piece verified. Both files are in memory (/dev/shm), the torrent is a
 * hybrid with pieces of 512 KiB, the seeder has hashed its file before. Runs alternate, the table
 * shows medians, and after each run the harness compares the SHA-256 of the copy outside the timing.
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { dirname, join } from "@std/path";
import { sha256OfFile, writePseudoRandomFile } from "../tests/support/content.ts";
import { TempFolder } from "../tests/support/temp.ts";
import { type Contender, CONTENDERS, type Host } from "./contenders.ts";
import { describeMachine, figuresOf, type ProcessFigures } from "./process_figures.ts";
import { median, parseSize, printTable, sizeText } from "./table.ts";

const MEMORY_FOLDER = "/dev/shm";
const SEED = 20_260_101;

interface Run {
  seconds: number;
  leecher: ProcessFigures;
  /** CPU time counts the transfer only, memory the whole life of the process, hashing included. */
  seeder: ProcessFigures;
}

interface Job {
  path: string;
  bytes: number;
  sha256: string;
  runs: number;
  keepGoing: boolean;
}

interface Options {
  sizes: number[];
  runs: number;
  keepGoing: boolean;
  contenders: readonly Contender[];
}

function parseOptions(args: string[]): Options {
  const flags = parseArgs(args, {
    string: ["size", "runs", "only"],
    boolean: ["big", "keep-going"],
    default: { size: "1G", runs: "3" },
    unknown: (flag) => {
      throw new Error(`unknown argument ${flag}`);
    },
  });
  const sizes = [parseSize(String(flags["size"]))];
  if (flags["big"] === true) sizes.push(parseSize("4G"));
  const runs = Number(flags["runs"]);
  if (!Number.isInteger(runs) || runs < 1) throw new Error("--runs wants a whole number above 0");
  const only = flags["only"]?.toString().toLowerCase();
  const contenders = CONTENDERS.filter(({ name }) =>
    only === undefined || name.toLowerCase() === only
  );
  if (contenders.length === 0) throw new Error(`--only knows ${names(CONTENDERS)}`);
  return { sizes, runs, keepGoing: flags["keep-going"] === true, contenders };
}

function names(contenders: readonly Contender[]): string {
  return contenders.map(({ name }) => name.toLowerCase()).join(" and ");
}

/** One download from a seeder that is ready, timed and checked. */
async function measure(host: Host, job: Job, folder: string): Promise<Run> {
  const before = await figuresOf(host.pid);
  const start = performance.now();
  await using download = await host.leech(folder);
  const path = await download.finished;
  const seconds = (performance.now() - start) / 1000;
  const [leecher, seeder] = await Promise.all([figuresOf(download.pid), figuresOf(host.pid)]);
  if (await sha256OfFile(path) !== job.sha256) throw new Error(`${path} is not what was hosted`);
  return {
    seconds,
    leecher,
    seeder: { ...seeder, cpuSeconds: seeder.cpuSeconds - before.cpuSeconds },
  };
}

async function runOnce(contender: Contender, job: Job): Promise<Run> {
  await using scratch = await TempFolder.create(dirname(job.path));
  await using host = await contender.host(job.path, scratch.path);
  return await measure(host, job, await scratch.folder("copy"));
}

/** All runs of a job, turn about and each time in the other order. */
async function runJob(
  job: Job,
  contenders: readonly Contender[],
): Promise<Map<Contender, Run[]>> {
  const results = new Map<Contender, Run[]>(contenders.map((contender) => [contender, []]));
  for (let i = 0; i < job.runs; i++) {
    for (const contender of i % 2 === 0 ? contenders : [...contenders].reverse()) {
      try {
        const run = await runOnce(contender, job);
        results.get(contender)?.push(run);
        console.error(`run ${i + 1}, ${contender.name}: ${run.seconds.toFixed(2)} s`);
      } catch (error) {
        if (!job.keepGoing) throw error;
        console.error(`run ${i + 1}, ${contender.name} failed: ${error}`);
      }
    }
  }
  return results;
}

function row(name: string, bytes: number, runs: Run[]): string[] {
  if (runs.length === 0) return [name, sizeText(bytes), "failed"];
  const of = (figure: (run: Run) => number) => median(runs.map(figure));
  const rate = (run: Run) => bytes / 1e6 / run.seconds;
  const rates = runs.map(rate);
  const memory = (who: "leecher" | "seeder") => {
    const mebibytes = (field: "peakBytes" | "anonymousBytes") =>
      (of((run) => run[who][field]) / 2 ** 20).toFixed(0);
    return `${mebibytes("peakBytes")} (${mebibytes("anonymousBytes")})`;
  };
  return [
    name,
    sizeText(bytes),
    of(rate).toFixed(0),
    `${Math.min(...rates).toFixed(0)}-${Math.max(...rates).toFixed(0)}`,
    of((run) => run.seconds).toFixed(2),
    of((run) => run.leecher.cpuSeconds).toFixed(2),
    of((run) => run.seeder.cpuSeconds).toFixed(2),
    memory("leecher"),
    memory("seeder"),
  ];
}

const HEADINGS = [
  "program",
  "file",
  "MB/s",
  "range",
  "wall s",
  "leecher CPU s",
  "seeder CPU s",
  "leecher MiB",
  "seeder MiB",
];

async function main(): Promise<void> {
  const options = parseOptions(Deno.args);
  await using temp = await TempFolder.create(MEMORY_FOLDER);
  // Ctrl-C reaches the measured programs too; what is left to do is to give the memory back.
  Deno.addSignalListener("SIGINT", () => {
    Deno.removeSync(temp.path, { recursive: true });
    Deno.exit(130);
  });
  const rows: string[][] = [];
  for (const bytes of options.sizes) {
    const path = join(temp.path, "transfer.bin");
    const sha256 = await writePseudoRandomFile(path, bytes, SEED);
    const { runs, keepGoing, contenders } = options;
    const results = await runJob({ path, bytes, sha256, runs, keepGoing }, contenders);
    for (const [{ name }, done] of results) rows.push(row(name, bytes, done));
  }
  const versions = await Promise.all(options.contenders.map((contender) => contender.version()));
  console.log(`${new Date().toISOString().slice(0, 10)}, ${await describeMachine()}`);
  console.log(`${versions.join("; ")}; medians of ${options.runs}\n`);
  printTable(HEADINGS, rows);
  console.log(`
One seeder process to one leecher process, loopback TCP, files in ${MEMORY_FOLDER}, hybrid torrent, pieces of
512 KiB. Timed from the start of the leecher's process until it reports every piece verified; Shoal
starts from a magnet link, libtorrent from the .torrent. MB are 10^6 bytes. CPU is user and system
time of all threads during the transfer. MiB is peak resident memory (VmHWM) and, in parentheses, what
of it at the end belonged to no file: libtorrent maps the file it writes, and those pages count.`);
}

if (import.meta.main) await main();
