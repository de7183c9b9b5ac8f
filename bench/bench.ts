/**
 * All benchmarks on a single machine, next to other programs that do the same work.
 *
 *     deno task bench [TABLE...] [--runs 5] [--size 1G] [--only shoal,libtorrent] [--folder 5000]
 *         [--strict]
 *
 * Tables: `1-1`, `4-1` and `1-4` (transfers, named by the number of seeders and leechers; `transfer` is
 * all three), `memory`, `start`, `idle`, `many`, `many-shares`, `page`, `create`, `tracker`; all if none
 * is named. With `--folder`, transfers are of a folder with that many small files beside the big one, and
 * Shoal chooses the piece length. Programs that this machine does not have are left out. Figures are medians of `--runs`
 * rounds in which the programs take turns, unless the text below a table says otherwise. A run that fails
 * is reported and left out; with `--strict` it ends the benchmark.
 *
 * @module
 */

import { TempFolder } from "../support/temp.ts";
import { present } from "./contenders/all.ts";
import type { Contender, Content } from "./contenders/contender.ts";
import { makeContent } from "./machine/content.ts";
import { benchCreate } from "./machine/create.ts";
import { benchIdle, IDLE_LEGEND } from "./machine/idle.ts";
import { benchMany, MANY_LEGEND } from "./machine/many.ts";
import { benchManyShares, MANY_SHARES_LEGEND } from "./machine/many_shares.ts";
import { benchMemory, MEMORY_LEGEND } from "./machine/memory.ts";
import { benchPage, PAGE_LEGEND } from "./machine/page.ts";
import { benchStart, START_LEGEND } from "./machine/start.ts";
import { benchTracker } from "./machine/tracker.ts";
import { benchTransfer, type ShapeName, SHAPES, TRANSFER_LEGEND } from "./machine/transfer.ts";
import { lackOfSpace, MEMORY_FOLDER } from "./measure/disk_space.ts";
import { describeMachine } from "./measure/process_stats.ts";
import { untilInterrupted } from "./measure/signals.ts";
import { type Options, parseOptions, type TableName } from "./options.ts";

/** What all tables need. */
interface Bench {
  options: Options;
  contenders: readonly Contender[];
  /** A folder in memory, for copies. */
  scratch: string;
  /** Created on first use. */
  content: () => Promise<Content>;
  signal: AbortSignal;
}

async function main(signal: AbortSignal): Promise<void> {
  const options = parseOptions(Deno.args);
  // Only one program's copies are in memory at a time, next to the source.
  const copies = options.tables.map((table) => isTransfer(table) ? SHAPES[table].leechers : 1);
  const lack = lackOfSpace(options.bytes * (1 + Math.max(...copies)));
  if (lack !== undefined) throw new Error(`${lack}: try a smaller --size`);
  const { contenders, lines } = await present(options.only);
  console.log(`# Benchmarks of ${new Date().toISOString().slice(0, 10)}\n`);
  console.log(`${await describeMachine()}\n${lines.join("\n")}`);
  console.log(`Medians of ${options.rounds}.`);
  await using memory = await TempFolder.create(MEMORY_FOLDER);
  const scratch = memory.path;
  let made: Promise<Content> | undefined;
  const content = () => made ??= makeContent(scratch, options.bytes, options.smallFiles);
  const bench = { options, contenders, scratch, content, signal };
  for (const [i, table] of options.tables.entries()) {
    signal.throwIfAborted();
    console.error(`${table} (${i + 1} of ${options.tables.length})`);
    await print(table, bench, options.tables[i + 1]);
  }
}

/** One legend serves all transfers: it is printed after the last of them. */
async function print(table: TableName, bench: Bench, next: TableName | undefined): Promise<void> {
  const { options, contenders, scratch, content, signal } = bench;
  const { rounds, keepGoing, bytes } = options;
  const turns = { rounds, keepGoing, signal, scratch };
  switch (table) {
    case "1-1":
    case "4-1":
    case "1-4":
      await benchTransfer(table, await content(), contenders, turns);
      if (next === undefined || !isTransfer(next)) console.log(TRANSFER_LEGEND);
      return;
    case "memory":
      await benchMemory(bytes, contenders, turns);
      return console.log(MEMORY_LEGEND);
    case "start":
      await benchStart(bytes, turns);
      return console.log(START_LEGEND);
    case "idle":
      await benchIdle(await content(), signal);
      return console.log(IDLE_LEGEND);
    case "many":
      await benchMany(await content(), turns);
      return console.log(MANY_LEGEND);
    case "many-shares":
      await benchManyShares(await content(), turns);
      return console.log(MANY_SHARES_LEGEND);
    case "page":
      await benchPage(await content(), turns);
      return console.log(PAGE_LEGEND);
    case "create":
      return await benchCreate(rounds, bytes, signal);
    case "tracker":
      return await benchTracker(rounds, signal);
    default:
      table satisfies never;
  }
}

function isTransfer(table: TableName): table is ShapeName {
  return table in SHAPES;
}

if (import.meta.main) {
  try {
    await untilInterrupted(main);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
