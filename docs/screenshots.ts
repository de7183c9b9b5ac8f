/**
 * The pictures of README and report, taken of a real swarm by a real browser:
 *
 *     deno task screenshots [list]
 *
 * With `list` only those of the list of torrents. A tracker, seeders and leechers on this machine exchange a file for three minutes, slowly enough to be
 * looked at. Needs Debian's `chromium`, and `script` of util-linux for the terminal.
 * @module
 */

import { fromFileUrl } from "@std/path";
import type { Page } from "playwright-core";
import { drawn, TestBrowser } from "../support/browser.ts";
import { writePseudoRandomFile } from "../support/content.ts";
import { CHROMIUM } from "../support/foreign.ts";
import { Program } from "../support/process.ts";
import { TempFolder } from "../support/temp.ts";
import { shootList } from "./list_pictures.ts";
import { PICTURES, shoot } from "./picture.ts";
import { TerminalProgram } from "./terminal_picture.ts";

const LEECHER = fromFileUrl(new URL("../leecher.ts", import.meta.url));
const MIB = 2 ** 20;
const NAME = "debian-13-live.iso";
const SIZE = 600 * MIB;
/** Other things that the tracker knows. */
const OTHERS = [["lab-image-2026.qcow2", 48], ["course-week-07.zip", 9], ["weights.bin", 24]];
/** The leecher in the pictures is to be so far, in per cent. */
const PROGRESS = 45;
const PATIENCE_MS = 300_000;
const HERE = ["--host", "127.0.0.1"];
const WATCHED = ["--ui", "127.0.0.1:0"];

/** A program with a page. */
interface Actor {
  program: Program;
  url: string;
}

async function main(): Promise<void> {
  if (!await Deno.stat(CHROMIUM).then(() => true, () => false)) {
    throw new Error("the pictures need a browser: apt install chromium");
  }
  await using browser = await TestBrowser.start();
  if (Deno.args[0] !== "list") await shootSwarm(browser);
  await shootList(browser);
}

async function shootSwarm(browser: TestBrowser): Promise<void> {
  await using temp = await TempFolder.create();
  await using cast = new AsyncDisposableStack();
  const start = (script: "tracker" | "seeder" | "leecher", ...args: string[]) =>
    cast.use(Program.shoal(script, [...args, ...HERE], { cwd: temp.path }));
  const tracker = await watched(start("tracker", "--port", "0", "--interval", "5", ...WATCHED));
  const [trackerUrl] = await tracker.program.line(/^udp:\S+/, { from: "stdout" });
  const at = ["-t", trackerUrl];
  await writePseudoRandomFile(temp.join(NAME), SIZE, 13);
  for (const [name, mib] of OTHERS) {
    await writePseudoRandomFile(temp.join(`${name}`), Number(mib) * MIB, 1);
    start("seeder", `${name}`, ...at, "--no-cache");
  }
  const seed = (limit: string, ...more: string[]) =>
    start("seeder", NAME, ...at, "--no-cache", "--upload-limit", limit, ...more);
  const seeder = await watched(seed("4M", "--until-copies", "5", ...WATCHED));
  const [magnet] = await seeder.program.line(/^magnet:\S+/, { from: "stdout" });
  const leech = (folder: string, limit: string, ...more: string[]) =>
    start("leecher", magnet, "-o", `${folder}/`, "--download-limit", limit, ...more);
  leech("one", "6M", "--upload-limit", "2M");
  leech("two", "3M", "--upload-limit", "1M");
  const leecher = await watched(leech("copy", "5M", "--upload-limit", "3M", ...WATCHED));
  const page = await open(browser, leecher, 1280, 1440);
  await until(page, PROGRESS / 3);
  seed("3M"); // the rates change
  const words = ["run", "-A", LEECHER, magnet, "-o", "three/", "-v", "--ui", "off", ...HERE];
  await using terminal = new TerminalProgram("deno", words, temp.path);
  await until(page, PROGRESS);
  await shoot(page, "leecher");
  await page.emulateMedia({ colorScheme: "dark" });
  await shoot(page, "leecher-dark");
  await page.emulateMedia({ colorScheme: "light" });
  await shoot(await open(browser, leecher, 360, 780), "phone");
  await shoot(await open(browser, seeder, 1280, 1440), "seeder");
  await shoot(await openSwarm(browser, tracker), "tracker");
  await terminal.until(/[1-9]\d\.\d%/);
  await shootTerminal(browser, terminal);
  await until(page, 100);
  await page.getByText("SHA-256").first().waitFor();
  // Its rate fades over some seconds.
  await page.locator(".figures dt", { hasText: "Down" }).waitFor({ state: "detached" });
  await page.setViewportSize({ width: 1280, height: 1100 });
  await shoot(page, "complete");
}

async function watched(program: Program): Promise<Actor> {
  const [, url] = await program.line(/page: (http\S+)/, { from: "stderr" });
  return { program, url: url! };
}

async function open(
  browser: TestBrowser,
  { url }: Actor,
  width: number,
  height: number,
): Promise<Page> {
  // Playwright looks at a page by way of what the page's policy forbids to scripts.
  const page = await browser.open(url, { width, height, bypassCSP: true });
  page.setDefaultTimeout(PATIENCE_MS);
  await drawn(page);
  return page;
}

/** The tracker's page with the swarm of the file unfolded. */
async function openSwarm(browser: TestBrowser, tracker: Actor): Promise<Page> {
  const page = await open(browser, tracker, 1280, 1130);
  await page.getByText(NAME).first().click();
  await page.getByText(/of \d+ complete/).first().waitFor();
  return page;
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
