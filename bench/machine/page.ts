/**
 * The table of the page's cost: a transfer with the leecher's page open in a browser, and one without a
 * page.
 *
 * @module
 */

import { drawn, TestBrowser } from "../../support/browser.ts";
import { CHROMIUM } from "../../support/foreign.ts";
import { freePort, Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import type { Content } from "../contenders/contender.ts";
import { startShoalSeeder } from "../contenders/shoal.ts";
import { medianOf, medianRatio, type RoundOptions, runRounds } from "../measure/rounds.ts";
import { printTable, sizeText } from "../measure/table.ts";
import { printTargets } from "../measure/targets.ts";

const WITHOUT = "page served, nobody looks";
const READ = "page's events read, nothing drawn";
const WITH = "page open in a browser here";
const TIMEOUT_MS = 300_000;
/** A watched transfer may take this many times as long. */
const LONGEST = 1.05;

/** The duration of a transfer, and the number of changes on its page. */
interface Watched {
  seconds: number;
  changes: number;
}

/** Measures and prints the table. `scratch` is a folder for the copies. */
export async function benchPage(
  content: Content,
  options: RoundOptions & { scratch: string },
): Promise<void> {
  if (!await isThere(CHROMIUM)) {
    return console.log("\nWatched transfers are left out: apt install chromium");
  }
  await using browser = await TestBrowser.start();
  const measure = (watch?: Watch) => () => watchedTransfer(content, watch, options.scratch);
  const entries = [
    { label: WITHOUT, measure: measure() },
    { label: READ, measure: measure(readEvents) },
    { label: WITH, measure: measure((url) => openPage(browser, url)) },
  ];
  const tell = ({ seconds, changes }: Watched) =>
    `${seconds.toFixed(2)} s, the page changed ${changes} times`;
  const results = await runRounds(entries, options, tell);
  console.log(
    `\n## A transfer that is watched, one seeder to one leecher, ${sizeText(content.bytes)}\n`,
  );
  printTable(
    ["leecher", "wall s", "× without", "changes shown"],
    entries.map(({ label }) => [
      label,
      medianOf(results, label, ({ seconds }) => seconds).toFixed(2),
      medianRatio(results, label, WITHOUT, ({ seconds }) => seconds).toFixed(2),
      medianOf(results, label, ({ changes }) => changes).toFixed(0),
    ]),
  );
  printTargets([READ, WITH].map((label) => ({
    what: `wall time, ${label}, × without`,
    bound: { most: LONGEST },
    figure: medianRatio(results, label, WITHOUT, ({ seconds }) => seconds),
  })));
}

/** One transfer, timed from when the page is open. Without a browser no page is opened. */
async function watchedTransfer(
  content: Content,
  watch: Watch | undefined,
  scratch: string,
): Promise<Watched> {
  await using temp = await TempFolder.create(scratch);
  const torrent = await content.torrent("hybrid");
  const seat = { port: freePort(), scratch: temp.path, timeoutMs: TIMEOUT_MS };
  await using seeder = await startShoalSeeder(content, seat);
  Deno.kill(seeder.pid, "SIGSTOP"); // answers no peer before the page is open
  const place = ["-o", await temp.folder("copy"), "--host", "127.0.0.1", "--port", "0"];
  const peer = ["--peer", `127.0.0.1:${seat.port}`, "--ui", "127.0.0.1:0"];
  await using leecher = Program.shoal("leecher", [torrent, ...place, ...peer]);
  const [, url] = await leecher.line(/page: (http\S+)/, { from: "stderr" });
  const count = await watch?.(url!);
  const startMs = performance.now();
  Deno.kill(seeder.pid, "SIGCONT");
  await leecher.line(/^\//, { from: "stdout", timeoutMs: TIMEOUT_MS });
  const seconds = (performance.now() - startMs) / 1000;
  return { seconds, changes: await count?.() ?? 0 };
}

/** Starts watching; the returned function stops that and returns the number of changes. */
type Watch = (url: string) => Promise<() => Promise<number>>;

/** Reads and discards the events that a page on another machine would receive. */
const readEvents: Watch = async (url) => {
  const reader = (await fetch(new URL("api/events", url))).body!.getReader();
  let changes = 0;
  const reading = (async () => {
    while (!(await reader.read()).done) changes++;
  })();
  return async () => {
    await reader.cancel();
    await reading;
    return changes;
  };
};

/** Opens the page and counts its changes; the returned function closes it and returns the count. */
async function openPage(browser: TestBrowser, url: string): Promise<() => Promise<number>> {
  const page = await browser.open(url);
  await drawn(page);
  await page.evaluate(COUNT);
  return async () => {
    const changes = Number(await page.evaluate("globalThis.changes"));
    await page.context().close();
    return changes;
  };
}

/** Runs in the page: one state counts as one change. */
const COUNT = `globalThis.changes = 0;
new MutationObserver(() => globalThis.changes++).observe(document.querySelector("main"), {
  subtree: true, childList: true, characterData: true,
});`;

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** How to read the table. */
export const PAGE_LEGEND = `
From the moment at which the page is open in a headless Chromium on the same machine, which shares its cores:
the seeder is held until then. The row in the middle is what it costs to be watched from another machine. The
time counts until every piece is verified.`;
