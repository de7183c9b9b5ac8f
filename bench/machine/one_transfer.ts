/**
 * One transfer between seeders and leechers, each its own process, timed and checked.
 *
 * @module
 */

import { freePort } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import type { Contender, Content, Leecher, Seeder } from "../contenders/contender.ts";
import { type ProcessStats, together } from "../measure/process_stats.ts";
import { digestOf } from "./content.ts";

/** No measured program is slower than this. */
const LEAST_BYTES_PER_SECOND = 20e6;
const START_MS = 60_000;

/** The participants of a transfer, and how many there are of each kind. */
export interface Cast {
  seeder: Contender;
  leecher: Contender;
  seeders: number;
  leechers: number;
}

/** The cost of a transfer. */
export interface Run {
  /** From the start of the leechers' processes until the last one is complete. */
  seconds: number;
  /** All of them together. */
  leecher: ProcessStats;
  /** CPU time covers only the transfer, memory the whole life of the process. */
  seeder: ProcessStats;
}

/**
 * Starts fresh seeders, waits until they are ready, and times a download. Every leecher knows all seeders
 * and all other leechers.
 *
 * @param scratch a folder for the copies
 * @throws Error when the programs take too long or a copy differs
 */
export async function transferOnce(content: Content, cast: Cast, scratch: string): Promise<Run> {
  await using temp = await TempFolder.create(scratch);
  const { run, copies } = await fetchCopies(content, cast, temp);
  // All programs have ended by now, so all their writes are done.
  for (const path of copies) {
    if (await digestOf(path) !== content.sha256) throw new Error(`${path} is not what was sent`);
  }
  return run;
}

async function fetchCopies(
  content: Content,
  cast: Cast,
  temp: TempFolder,
): Promise<{ run: Run; copies: string[] }> {
  const timeoutMs = START_MS + content.bytes * cast.leechers / LEAST_BYTES_PER_SECOND * 1000;
  const seat = async (name: string) => ({
    port: freePort(),
    scratch: await temp.folder(`${name} scratch`),
    folder: await temp.folder(name),
    timeoutMs,
  });
  const seederSeats = await seats("seeder", cast.seeders, seat);
  const leecherSeats = await seats("leecher", cast.leechers, seat);
  const addresses = [...seederSeats, ...leecherSeats].map(({ port }) => `127.0.0.1:${port}`);

  await using running = new AsyncDisposableStack();
  const seeders: Seeder[] = await startAll(
    seederSeats.map((seat) => async () => running.use(await cast.seeder.seed(content, seat))),
  );
  const before = together(await Promise.all(seeders.map((seeder) => seeder.figures())));
  const start = performance.now();
  const leechers: Leecher[] = await startAll(leecherSeats.map((seat) => async () => {
    const own = `127.0.0.1:${seat.port}`;
    const peers = addresses.filter((address) => address !== own);
    const leecher = running.use(await cast.leecher.leech(content, { ...seat, peers }));
    // Another one may fail before this one is awaited.
    leecher.finished.catch(() => {});
    return leecher;
  }));
  const copies = await Promise.all(leechers.map(({ finished }) => finished));
  const seconds = (performance.now() - start) / 1000;
  const leecher = together(await Promise.all(leechers.map((one) => one.figures())));
  const after = together(await Promise.all(seeders.map((one) => one.figures())));
  const seeder = { ...after, cpuSeconds: after.cpuSeconds - before.cpuSeconds };
  return { run: { seconds, leecher, seeder }, copies };
}

async function seats<T>(
  role: string,
  count: number,
  seat: (name: string) => Promise<T>,
): Promise<T[]> {
  return await Promise.all(Array.from({ length: count }, (_, i) => seat(`${role} ${i + 1}`)));
}

/**
 * Starts all at once. Waits for all, even when one fails, because every started program must be known to be
 * ended.
 */
async function startAll<T>(starts: (() => Promise<T>)[]): Promise<T[]> {
  const settled = await Promise.allSettled(starts.map((start) => start()));
  return settled.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}
