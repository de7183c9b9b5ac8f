/**
 * The pictures of the documents, taken of a real swarm by a real browser:
 *
 *     deno task screenshots [list|swarm]
 *
 * With `list` those of a client with many torrents alone, with `swarm` the others. A tracker, seeders and
 * leechers on this machine exchange a file for three minutes, slowly enough to be looked at. Each page is
 * taken on a wide screen and on a phone, light and dark; what no document shows goes to a temporary folder,
 * for whoever has changed the page to look at. Needs Debian's `chromium`, and `script` of util-linux for
 * the terminal.
 * @module
 */

import { fromFileUrl } from "@std/path";
import type { Page } from "playwright-core";
import { TestBrowser } from "../support/browser.ts";
import { writePseudoRandomFile } from "../support/content.ts";
import { CHROMIUM } from "../support/foreign.ts";
import { Program } from "../support/process.ts";
import { TempFolder } from "../support/temp.ts";
import { shootList } from "./list_pictures.ts";
import { PICTURES, shootScene } from "./picture.ts";
import { TerminalProgram } from "./terminal_picture.ts";

const LEECHER = fromFileUrl(new URL("../leecher.ts", import.meta.url));
const MIB = 2 ** 20;
const NAME = "debian-13-live.iso";
const SIZE = 600 * MIB;
/** Other things that the tracker knows. */
const OTHERS = [["lab-image-2026.qcow2", 48], ["course-week-07.zip", 9], ["weights.bin", 24]];
/** The machines that the tracker expects; the last one never comes. */
const MACHINES = ["lab-01", "lab-02", "lab-03", "lab-04", "lab-05", "lab-06", "lab-07"];
/** The leecher in the pictures is to be so far, in per cent; one that is lost gets a third of that. */
const PROGRESS = 45;
const PATIENCE_MS = 300_000;
const HERE = ["--host", "127.0.0.1"];
const WATCHED = ["--ui", "127.0.0.1:0"];

type Start = (script: "tracker" | "seeder" | "leecher", ...args: string[]) => Program;

/** A program with a page. */
interface Actor {
  program: Program;
  url: string;
}

async function main(): Promise<void> {
  if (!await Deno.stat(CHROMIUM).then(() => true, () => false)) {
    throw new Error("the pictures need a browser: apt install chromium");
  }
  const folder = await Deno.makeTempDir({ prefix: "shoal-pictures-" });
  await using browser = await TestBrowser.start();
  if (Deno.args[0] !== "swarm") await shootList(browser, folder);
  if (Deno.args[0] !== "list") await shootSwarm(browser, folder);
}

async function shootSwarm(browser: TestBrowser, folder: string): Promise<void> {
  await using temp = await TempFolder.create();
  await using cast = new AsyncDisposableStack();
  const start: Start = (script, ...args) =>
    cast.use(Program.shoal(script, [...args, ...HERE], { cwd: temp.path }));
  const list = await temp.file("machines.txt", new TextEncoder().encode(MACHINES.join("\n")));
  const tracker = await watched(
    start("tracker", "--port", "0", "--interval", "5", "--expect", list, ...WATCHED),
  );
  const [trackerUrl] = await tracker.program.line(/^udp:\S+/, { from: "stdout" });
  const at = ["-t", trackerUrl];
  await writePseudoRandomFile(temp.join(NAME), SIZE, 13);
  for (const [name, mib] of OTHERS) {
    await writePseudoRandomFile(temp.join(`${name}`), Number(mib) * MIB, 1);
    start("seeder", `${name}`, ...at, "--no-cache", "--label", "server");
  }
  await completeTwo(start, at);
  const seed = (limit: string, ...more: string[]) =>
    start("seeder", NAME, ...at, "--no-cache", "--upload-limit", limit, ...more);
  const seeder = await watched(
    seed("4M", "--label", "server", "--until-copies", "5", ...WATCHED),
  );
  const [magnet] = await seeder.program.line(/^magnet:\S+/, { from: "stdout" });
  const leech = (name: string, limit: string, ...more: string[]) =>
    start("leecher", magnet, "-o", `${name}/`, "--label", name, "--download-limit", limit, ...more);
  leech("lab-04", "6M", "--upload-limit", "2M");
  leech("lab-05", "3M", "--upload-limit", "1M");
  const lost = leech("lab-06", "1M", "--upload-limit", "1M");
  const leecher = await watched(leech("lab-03", "5M", "--upload-limit", "3M", ...WATCHED));
  const page = await browser.open(leecher.url, { bypassCSP: true });
  page.setDefaultTimeout(PATIENCE_MS);
  await until(page, PROGRESS / 3);
  lost.kill("SIGINT");
  seed("3M", "--label", "server-2"); // the rates change
  const words = [
    "run",
    "-A",
    LEECHER,
    magnet,
    "-o",
    "more/",
    "-v",
    "--label",
    "lab-08",
    "--ui",
    "off",
  ];
  await using terminal = new TerminalProgram("deno", [...words, ...HERE], temp.path);
  await until(page, PROGRESS);
  await shootScene(browser, { name: "leecher", url: leecher.url, heights: [1440, 1000] }, folder);
  await shootScene(browser, { name: "seeder", url: seeder.url, heights: [1440, 1000] }, folder);
  const prepare = openSwarm;
  const { url } = tracker;
  await shootScene(browser, { name: "tracker", url, heights: [1330, 2400], prepare }, folder);
  await terminal.until(/[1-9]\d\.\d%/);
  await shootTerminal(browser, terminal);
  await until(page, 100);
  await page.getByText("SHA-256").first().waitFor();
  // Its rate fades over some seconds.
  await page.locator(".figures dt", { hasText: "Down" }).waitFor({ state: "detached" });
  await shootScene(browser, { name: "complete", url: leecher.url, heights: [1100, 1000] }, folder);
}

/** Two machines get the file before the others come, quickly; one of them leaves. */
async function completeTwo(start: Start, at: readonly string[]): Promise<void> {
  const quick = start("seeder", NAME, ...at, "--no-cache", "--label", "server");
  const [magnet] = await quick.line(/^magnet:\S+/, { from: "stdout" });
  const get = async (name: string, ...more: string[]) => {
    const leecher = start("leecher", magnet, "-o", `${name}/`, "--label", name, ...more);
    await leecher.line(/^complete/, { from: "stderr" });
    return leecher;
  };
  await get("lab-01", "--upload-limit", "1M");
  const leaving = await get("lab-02");
  leaving.kill("SIGINT");
  quick.kill("SIGINT");
  await Promise.all([leaving.exit(), quick.exit()]);
}

async function watched(program: Program): Promise<Actor> {
  const [, url] = await program.line(/page: (http\S+)/, { from: "stderr" });
  return { program, url: url! };
}

/** Unfolds the swarm of the file on the tracker's page. */
async function openSwarm(page: Page): Promise<void> {
  await page.getByText(NAME).first().click();
  await page.getByText(/of \d+ complete/).first().waitFor();
}

/** Waits until the page shows so many per cent. */
async function until(page: Page, percent: number): Promise<void> {
  await page.waitForFunction(`document.querySelector("progress.main")?.value >= ${percent}`);
}

async function shootTerminal(browser: TestBrowser, terminal: TerminalProgram): Promise<void> {
  const page = await browser.open("about:blank", { width: 1120, height: 480 });
  await page.setContent(`<style>
    body { margin: 0; background: #1d1f21; color: #d5d8de; display: inline-block; }
    pre { margin: 0; padding: 16px 20px; font: 14px/1.35 "DejaVu Sans Mono", monospace; }
  </style>${terminal.html()}`);
  await page.locator("body").screenshot({ path: `${PICTURES}terminal.png` });
  console.log("docs/pictures/terminal.png");
}

if (import.meta.main) {
  await Deno.mkdir(PICTURES, { recursive: true });
  await main();
}
