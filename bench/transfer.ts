/**
 * One big file from one seeder process to one leecher process over loopback, Shoal beside libtorrent.
 *
 *     deno task bench [--size 1G] [--big] [--folder 5000] [--runs 3] [--only NAME] [--keep-going]
 *
 * Timed, the same way for both: from the start of the leecher's process until it reports that the
 * file is complete and every piece verified. Both files are in memory (/dev/shm), the torrent is a
 * hybrid with pieces of 512 KiB, the seeder has hashed its file before. With `--folder` it is a folder
 * with so many small files beside the big one, and pieces as each program chooses them. Runs alternate, the table
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
  /** Files besides the big one; 0: no folder. */
  smallFiles: number;
  runs: number;
  keepGoing: boolean;
  contenders: readonly Contender[];
}

function parseOptions(args: string[]): Options {
  const flags = parseArgs(args, {
    string: ["size", "runs", "only", "folder"],
    boolean: ["big", "keep-going"],
    default: { size: "1G", runs: "3" },
    unknown: (flag) => {
      throw new Error(`unknown argument ${flag}`);
    },
  });
  const smallFiles = Number(flags["folder"] ?? 0);
  if (!Number.isInteger(smallFiles) || smallFiles < 0) throw new Error("--folder wants a number");
  const sizes = [parseSize(String(flags["size"]))];
  if (flags["big"] === true) sizes.push(parseSize("4G"));
  const runs = Number(flags["runs"]);
  if (!Number.isInteger(runs) || runs < 1) throw new Error("--runs wants a whole number above 0");
  const only = flags["only"]?.toString().toLowerCase();
  const contenders = CONTENDERS.filter(({ name }) =>
    only === undefined || name.toLowerCase() === only
  );
  if (contenders.length === 0) throw new Error(`--only knows ${names(CONTENDERS)}`);
  return { sizes, smallFiles, runs, keepGoing: flags["keep-going"] === true, contenders };
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
  if (await digestOf(path) !== job.sha256) throw new Error(`${path} is not what was hosted`);
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

/** A file of so many bytes, or a folder with it and `smallFiles` others of 1 to 40 KB. */
async function writeContent(
  folder: string,
  bytes: number,
  smallFiles: number,
): Promise<{ path: string; length: number }> {
  const file = join(folder, "transfer.bin");
  if (smallFiles === 0) {
    await writePseudoRandomFile(file, bytes, SEED);
    return { path: file, length: bytes };
  }
  const path = join(folder, "transfer");
  let length = bytes;
  for (let i = 0; i < smallFiles; i++) {
    const parent = join(path, `part ${i % 100}`);
    if (i < 100) await Deno.mkdir(parent, { recursive: true });
    const size = 1000 + i * 7919 % 39_000;
    const small = new Uint8Array(size).fill(i);
    new DataView(small.buffer).setUint32(0, i);
    await Deno.writeFile(join(parent, `file ${i}.dat`), small);
    length += size;
  }
  await writePseudoRandomFile(join(path, "transfer.bin"), bytes, SEED);
  return { path, length };
}

/** SHA-256 of a file, or of the names and contents of all files in a folder. */
async function digestOf(path: string): Promise<string> {
  if ((await Deno.stat(path)).isFile) return await sha256OfFile(path);
  const entries = await Array.fromAsync(Deno.readDir(path));
  entries.sort((a, b) => a.name < b.name ? -1 : 1);
  let list = "";
  for (const { name } of entries) list += `${name} ${await digestOf(join(path, name))}\n`;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(list));
  return new Uint8Array(digest).toHex();
}

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
    const { runs, smallFiles, keepGoing, contenders } = options;
    const { path, length } = await writeContent(temp.path, bytes, smallFiles);
    const job = { path, bytes: length, sha256: await digestOf(path), runs, keepGoing };
    const results = await runJob(job, contenders);
    for (const [{ name }, done] of results) rows.push(row(name, length, done));
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
