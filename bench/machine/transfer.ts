/**
 * The tables of transfers: one file from one seeder to one leecher, from four to one, from one to four.
 *
 * @module
 */

import type { Contender, Content } from "../contenders/contender.ts";
import {
  type Entry,
  medianOf,
  medianRatio,
  type Results,
  type RoundOptions,
  runRounds,
} from "../measure/rounds.ts";
import { printTable, sizeText } from "../measure/table.ts";
import { printTargets, type Target } from "../measure/targets.ts";
import { type Cast, type Run, transferOnce } from "./one_transfer.ts";

/** The number of seeders and leechers. */
export const SHAPES = {
  "1-1": { seeders: 1, leechers: 1, title: "One seeder to one leecher" },
  "4-1": { seeders: 4, leechers: 1, title: "Four seeders to one leecher" },
  "1-4": { seeders: 1, leechers: 4, title: "One seeder to four leechers, until the last has all" },
} as const;

export type ShapeName = keyof typeof SHAPES;

const SHOAL = "Shoal";
const LIBTORRENT = "libtorrent";
/** One program seeds, the other leeches. */
const FROM_LIBTORRENT = "libtorrent to Shoal";
const TO_LIBTORRENT = "Shoal to libtorrent";

const MEMORY_LIMIT_MB = 120;

/** Measures and prints the table of one shape. `scratch` is a folder for the copies. */
export async function benchTransfer(
  name: ShapeName,
  content: Content,
  contenders: readonly Contender[],
  options: RoundOptions & { scratch: string },
): Promise<void> {
  const entries = castsOf(name, contenders).map(([label, cast]): Entry<Run> => ({
    label,
    measure: () => transferOnce(content, cast, options.scratch),
  }));
  const tell = ({ seconds }: Run) => `${seconds.toFixed(2)} s`;
  const results = await runRounds(entries, options, tell);
  console.log(`\n## ${SHAPES[name].title}, ${sizeText(content.bytes)}\n`);
  const received = content.bytes * SHAPES[name].leechers;
  printTable(HEADINGS, [...results.keys()].map((label) => row(results, label, received)));
  printTargets(name === "1-1" ? targetsOfOne(results) : targetsOfMany(results, name));
}

/** The casts, by row label. */
function castsOf(name: ShapeName, contenders: readonly Contender[]): [string, Cast][] {
  const { seeders, leechers } = SHAPES[name];
  const able = contenders.filter(({ isNoSwarm }) => !isNoSwarm || name === "1-1");
  const casts = able.map((contender): [string, Cast] => [
    contender.name,
    { seeder: contender, leecher: contender, seeders, leechers },
  ]);
  const [shoal, libtorrent] = [SHOAL, LIBTORRENT].map((wanted) =>
    able.find((contender) => contender.name === wanted)
  );
  if (name === "1-1" && shoal !== undefined && libtorrent !== undefined) {
    casts.push([FROM_LIBTORRENT, { seeder: libtorrent, leecher: shoal, seeders, leechers }]);
    casts.push([TO_LIBTORRENT, { seeder: shoal, leecher: libtorrent, seeders, leechers }]);
  }
  return casts;
}

const HEADINGS = [
  "program",
  "MB/s",
  "range",
  "wall s",
  "leecher CPU s",
  "seeder CPU s",
  "CPU s per GiB",
  "leecher MB",
  "seeder MB",
  "× libtorrent",
];

function row(results: Results<Run>, label: string, received: number): string[] {
  const rates = (results.get(label) ?? []).flatMap((run) =>
    run === undefined ? [] : [received / 1e6 / run.seconds]
  );
  if (rates.length === 0) return [label, "failed"];
  const figure = (of: (run: Run) => number, digits: number) =>
    text(medianOf(results, label, of), digits);
  const memory = (who: "leecher" | "seeder") => {
    const megabytes = (field: "peakBytes" | "anonymousBytes") =>
      medianOf(results, label, (run) => run[who][field] / 1e6);
    const peak = megabytes("peakBytes");
    return Number.isNaN(peak) ? "" : `${text(peak, 0)} (${text(megabytes("anonymousBytes"), 0)})`;
  };
  return [
    label,
    rateText(medianOf(results, label, (run) => received / 1e6 / run.seconds)),
    `${rateText(Math.min(...rates))}-${rateText(Math.max(...rates))}`,
    figure((run) => run.seconds, 2),
    figure((run) => run.leecher.cpuSeconds, 2),
    figure((run) => run.seeder.cpuSeconds, 2),
    figure((run) => cpuSeconds(run) / (received / 2 ** 30), 2),
    memory("leecher"),
    memory("seeder"),
    text(medianRatio(results, label, LIBTORRENT, rate), 2),
  ];
}

/** Whole MB/s, or two digits of fewer than ten: a small file or a busy machine is slow, and not at 0. */
function rateText(rate: number): string {
  return rate < 9.5 ? `${Number(rate.toPrecision(2))}` : text(rate, 0);
}

function text(value: number, digits: number): string {
  return Number.isNaN(value) ? "" : value.toFixed(digits);
}

/** Only compared with rates of the same shape. */
function rate(run: Run): number {
  return 1 / run.seconds;
}

function cpuSeconds({ leecher, seeder }: Run): number {
  return leecher.cpuSeconds + seeder.cpuSeconds;
}

function targetsOfOne(results: Results<Run>): Target[] {
  const times = (label: string, other: string) => medianRatio(results, label, other, rate);
  const memory = (who: "leecher" | "seeder") =>
    medianOf(results, SHOAL, (run) => run[who].peakBytes / 1e6);
  const faster = (other: string, least: number): Target => ({
    what: `speed, Shoal to ${other}`,
    bound: { least },
    figure: times(SHOAL, other),
  });
  const mixed = (label: string): Target => ({
    what: `speed, ${label.replace(" to ", "'s seeder to ")}'s leecher, against libtorrent alone`,
    bound: { least: 1 },
    figure: times(label, LIBTORRENT),
  });
  const resident = (who: "leecher" | "seeder"): Target => ({
    what: `peak memory of Shoal's ${who}`,
    bound: { most: MEMORY_LIMIT_MB },
    figure: memory(who),
    unit: " MB",
  });
  return [
    faster(LIBTORRENT, 2.5),
    faster("WebTorrent", 3.5),
    faster("aria2", 4),
    faster("nginx", 1),
    mixed(FROM_LIBTORRENT),
    mixed(TO_LIBTORRENT),
    {
      what: "CPU time of seeder and leecher, Shoal to libtorrent",
      bound: { most: 0.5 },
      figure: medianRatio(results, SHOAL, LIBTORRENT, cpuSeconds),
    },
    resident("leecher"),
    resident("seeder"),
  ];
}

function targetsOfMany(results: Results<Run>, name: ShapeName): Target[] {
  const figure = medianRatio(results, SHOAL, LIBTORRENT, rate);
  return [{ what: `speed ${name}, Shoal to libtorrent`, bound: { least: 2 }, figure }];
}

/** How to read the tables. */
export const TRANSFER_LEGEND = `
Every program is a process of its own, over loopback TCP, files in memory, pieces of 512 KiB; hybrid
torrents, but v1 for aria2 and WebTorrent, which know no other. All start from the .torrent, and all
leechers know the addresses of all others. Timed from the start of the leechers' processes until the
last one reports that it has all of it, verified; afterwards the SHA-256 of every copy is compared.
"nginx" is no swarm: nginx, and curl | tee FILE | openssl sha256. "A to B" is A's seeder and B's leecher.
MB are 10^6 bytes; MB/s count what all leechers receive together. CPU is user and system time of all
threads, of the seeders during the transfer only. MB of memory is the peak (VmHWM) of the largest process
and, in parentheses, what of it at the end belonged to no file: libtorrent maps the file it writes, and
those pages count. Ratios are medians of the ratios within each round.`;
