/**
 * The table of memory by file size.
 *
 * @module
 */

import { TempFolder } from "../../support/temp.ts";
import type { Contender } from "../contenders/contender.ts";
import { lackOfSpace } from "../measure/disk_space.ts";
import { medianOf, type Results, type RoundOptions, runRounds } from "../measure/rounds.ts";
import { printTable, sizeText } from "../measure/table.ts";
import { printTargets, type Target } from "../measure/targets.ts";
import { makeSparseContent } from "./content.ts";
import { type Run, transferOnce } from "./one_transfer.ts";

const LIMIT_MB = 120;
/** How much memory may grow from one size to the other, as a factor. */
const GROWTH = 1.1;
/** Long runs are done once, by Shoal only: its memory hardly differs between runs. */
const LONG_BYTES = 2 ** 31;
const ROUNDS = 3;
const SHOAL = "Shoal";
const MEASURED = [SHOAL, "libtorrent"];

type Role = "leecher" | "seeder";

/** Measures and prints the table for a file of a sixteenth of `bytes`, of `bytes`, and eight times that. */
export async function benchMemory(
  bytes: number,
  contenders: readonly Contender[],
  options: RoundOptions & { scratch: string },
): Promise<void> {
  const all = contenders.filter(({ name }) => MEASURED.includes(name));
  const rows: string[][] = [];
  const peaks = new Map<number, Record<Role, number>>();
  for (const size of [bytes / 16, bytes, bytes * 8].map(Math.ceil)) {
    const lack = lackOfSpace(size);
    if (lack !== undefined) {
      rows.push(["", sizeText(size), `left out: ${lack}`]);
      continue;
    }
    const results = await measure(size, all, options);
    rows.push(...[...results.keys()].map((label) => row(results, label, size)));
    peaks.set(size, { leecher: peak(results, "leecher"), seeder: peak(results, "seeder") });
  }
  console.log("\n## Memory against the size of the file, one seeder to one leecher\n");
  printTable(["program", "file", "leecher MB", "seeder MB"], rows);
  printTargets(targets(peaks.get(bytes), peaks.get(bytes * 8), bytes));
}

async function measure(
  bytes: number,
  contenders: readonly Contender[],
  options: RoundOptions & { scratch: string },
): Promise<Results<Run>> {
  // On a disk, because cached holes there are memory that the system can reclaim.
  await using folder = await TempFolder.create();
  const content = await makeSparseContent(folder.path, bytes);
  const isLong = bytes > LONG_BYTES;
  const able = contenders.filter(({ name }) => !isLong || name === SHOAL);
  const entries = able.map((contender) => ({
    label: contender.name,
    measure: () => {
      const cast = { seeder: contender, leecher: contender, seeders: 1, leechers: 1 };
      return transferOnce(content, cast, options.scratch);
    },
  }));
  const rounds = isLong ? 1 : Math.min(ROUNDS, options.rounds);
  const tell = ({ seconds }: Run) => `${sizeText(bytes)} in ${seconds.toFixed(2)} s`;
  return await runRounds(entries, { ...options, rounds }, tell);
}

function row(results: Results<Run>, label: string, bytes: number): string[] {
  const megabytes = (role: Role, field: "peakBytes" | "anonymousBytes") =>
    medianOf(results, label, (run) => run[role][field] / 1e6).toFixed(0);
  const both = (role: Role) =>
    `${megabytes(role, "peakBytes")} (${megabytes(role, "anonymousBytes")})`;
  return [label, sizeText(bytes), both("leecher"), both("seeder")];
}

/** Shoal's peak memory, in megabytes. */
function peak(results: Results<Run>, role: Role): number {
  return medianOf(results, SHOAL, (run) => run[role].peakBytes / 1e6);
}

function targets(
  small: Record<Role, number> | undefined,
  large: Record<Role, number> | undefined,
  bytes: number,
): Target[] {
  return (["leecher", "seeder"] as const).flatMap((role): Target[] => {
    const at = small?.[role] ?? NaN;
    const above = large?.[role] ?? NaN;
    return [{
      what: `peak memory of Shoal's ${role}, ${sizeText(bytes * 8)}`,
      bound: { most: LIMIT_MB },
      figure: above,
      unit: " MB",
    }, {
      what: `the same, larger to smaller of ${sizeText(bytes)} and ${sizeText(bytes * 8)}`,
      bound: { most: GROWTH },
      figure: Math.max(at, above) / Math.min(at, above),
    }];
  });
}

/** How to read the table. */
export const MEMORY_LEGEND = `
Peak resident memory (VmHWM) of the process during its whole life, hashing of the seeder's file included, and
in parentheses what of it at the end belonged to no file. The seeder's file is on disk (in the folder for
temporary files) and full of holes, 4 KiB in every piece are not; the copy is in memory. Medians of at most
three runs; a file above 2 GiB is sent once, by Shoal alone.`;
