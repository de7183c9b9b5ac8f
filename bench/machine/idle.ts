/**
 * The table of idle connections' cost.
 *
 * @module
 */

import { Torrent } from "../../mod.ts";
import { freePort } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import type { Content } from "../contenders/contender.ts";
import { startShoalSeeder } from "../contenders/shoal.ts";
import { processStats } from "../measure/process_stats.ts";
import { printTable } from "../measure/table.ts";
import { connectAll } from "./scripted_leecher.ts";

const CONNECTIONS = 1000;
const QUIET_MS = 10_000;
/** Time after the handshakes until all their work is done. */
const SETTLE_MS = 2_000;
const TIMEOUT_MS = 60_000;

/** Figures of the seeder's process. */
export interface IdleRun {
  /** Resident memory before the first connection and with all of them. */
  bytesBefore: number;
  bytesAfter: number;
  /** CPU load, as a share of one core, without connections and with all of them. */
  loadBefore: number;
  loadAfter: number;
  /** Connections still open at the end. */
  connections: number;
}

/** Measures and prints the table. */
export async function benchIdle(content: Content, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const run = await sitIdle(content, {
    count: CONNECTIONS,
    settleMs: SETTLE_MS,
    quietMs: QUIET_MS,
  });
  console.log("\n## Connections on which nothing happens\n");
  const headings = [
    "connections",
    "KB of memory for each",
    "CPU µs per second for each",
    "seeder MB without, with",
    "% of a core without, with",
  ];
  const { bytesBefore, bytesAfter, loadBefore, loadAfter, connections } = run;
  printTable(headings, [[
    `${connections}`,
    ((bytesAfter - bytesBefore) / connections / 1000).toFixed(1),
    ((loadAfter - loadBefore) / connections * 1e6).toFixed(1),
    `${(bytesBefore / 1e6).toFixed(0)}, ${(bytesAfter / 1e6).toFixed(0)}`,
    `${(loadBefore * 100).toFixed(1)}, ${(loadAfter * 100).toFixed(1)}`,
  ]]);
}

/** Connects `count` leechers to a fresh seeder, and measures their cost. */
export async function sitIdle(
  content: Content,
  options: { count: number; settleMs: number; quietMs: number },
): Promise<IdleRun> {
  const { count, settleMs, quietMs } = options;
  await using scratch = await TempFolder.create();
  const torrent = Torrent.parse(await Deno.readFile(await content.torrent("hybrid")));
  const seat = { port: freePort(), scratch: scratch.path, timeoutMs: TIMEOUT_MS };
  await using seeder = await startShoalSeeder(content, seat, ["--max-peers", `${count + 10}`]);
  await pause(settleMs);
  const { load: loadBefore, bytes: bytesBefore } = await watch(seeder.pid, quietMs);
  const leechers = await connectAll(count, seat.port, torrent);
  for (const leecher of leechers) leecher.waitForEver();
  try {
    await pause(settleMs);
    const { load: loadAfter, bytes: bytesAfter } = await watch(seeder.pid, quietMs);
    const connections = leechers.filter(({ isConnected }) => isConnected).length;
    return { bytesBefore, bytesAfter, loadBefore, loadAfter, connections };
  } finally {
    for (const leecher of leechers) leecher[Symbol.dispose]();
  }
}

async function watch(pid: number, durationMs: number): Promise<{ load: number; bytes: number }> {
  const before = await processStats(pid);
  const startMs = performance.now();
  await pause(durationMs);
  const after = await processStats(pid);
  const seconds = (performance.now() - startMs) / 1000;
  return { load: (after.cpuSeconds - before.cpuSeconds) / seconds, bytes: after.residentBytes };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** How to read the table. */
export const IDLE_LEGEND = `
Leechers that have nothing, would like to have everything and never ask for a block, at one seeder: memory
is resident memory after ten quiet seconds, and CPU what those ten seconds took. One run.`;
