/**
 * A program that watches a folder whose files lie still, on a clock that runs as fast as the watch, and
 * prints which part of a core that takes. It is a program because the processor's time is counted by process,
 * and other tests run in the same one.
 * @module
 */

import { cpuUsage } from "node:process";
import { FolderWatch } from "../../../lib/client/folder_watch.ts";
import { FakeClock, withClock } from "../fake_clock.ts";

const POLL_SECONDS = 2;
const ROUNDS = 60;

/** Lets so many rounds of the watch pass. */
async function rounds(clock: FakeClock, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await clock.hasAlarmIn(POLL_SECONDS);
    await clock.advance(POLL_SECONDS);
  }
  await clock.hasAlarmIn(POLL_SECONDS);
}

const [path = ""] = Deno.args;
const files = [...Deno.readDirSync(path)].length;
const clock = new FakeClock();
let shared = 0;
const share = () => {
  shared++;
  return Promise.resolve({ done: new Promise<void>(() => {}), close: () => Promise.resolve() });
};
const { signal } = new AbortController();
await using _watch = await FolderWatch.start(path, { share }, withClock({ clock, signal }));
while (shared < files) await rounds(clock, 1);
const before = cpuUsage();
await rounds(clock, ROUNDS);
const { user, system } = cpuUsage(before);
console.log(JSON.stringify({ shared, load: (user + system) / 1e6 / (ROUNDS * POLL_SECONDS) }));
