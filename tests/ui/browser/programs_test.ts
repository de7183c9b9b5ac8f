/// <reference lib="dom" />
/**
 * The page of each program as a user starts it, in a real browser.
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { drawn, sentence, TestBrowser } from "../../../support/browser.ts";
import { foreignTest } from "../../../support/foreign.ts";
import { makeOrigin } from "../../support/clients/library.ts";
import { Program } from "../../../support/process.ts";
import { ShoalSeeder, ShoalTracker } from "../../support/clients/shoal.ts";
import { TempFolder } from "../../../support/temp.ts";

const UI = ["--ui", "127.0.0.1:0"];
const MIB = 2 ** 20;

async function pageOf(program: Program): Promise<string> {
  const [, url] = await program.line(/^page: (http:\/\/127\.0\.0\.1:\d+\/)$/, { from: "stderr" });
  return url!;
}

foreignTest(
  "tracker, seeder and leecher each have their page, and load nothing from elsewhere",
  ["chromium"],
  async () => {
    await using temp = await TempFolder.create();
    const { path } = await makeOrigin(temp, 2 * MIB, { name: "Lecture 7.pdf" });
    const other = await makeOrigin(temp, MIB, { name: "Other.iso", seed: 2 });
    await using tracker = await ShoalTracker.start([...UI, "--interval", "1"]);
    await using seeder = await ShoalSeeder.start(path, ["-t", tracker.url, ...UI]);
    await using _second = await ShoalSeeder.start(other.path, ["-t", tracker.url]);
    const folder = await temp.folder("to");
    await using leecher = Program.shoal("leecher", [
      ...[seeder.magnet, "-o", folder, "--host", "127.0.0.1", "--port", "0"],
      ...UI,
    ]);
    await using browser = await TestBrowser.start();

    const got = await browser.open(await pageOf(leecher));
    assertMatch(await sentence(got, /^Complete/), /^Complete, SHA-256 verified; seeding/);
    assertEquals(await got.title(), "100% Lecture 7.pdf");
    const giver = got.locator("section.result tbody th", { hasText: seeder.address });
    await giver.waitFor();

    const given = await browser.open(await pageOf(seeder.program));
    assertMatch(await sentence(given, /^Sharing/), /connected/);
    await given.locator(".amount", { hasText: /^1\.00$/ }).waitFor();
    await given.getByText("other has everything").waitFor();
    assertEquals(await given.getByRole("textbox", { name: "Link" }).inputValue(), seeder.magnet);

    const from = new Set<string>();
    const tracked = await browser.open("about:blank");
    tracked.on("request", (request) => from.add(new URL(request.url()).origin));
    const url = await pageOf(tracker.program);
    await tracked.goto(url);
    await drawn(tracked);
    await sentence(tracked, /^Answering 3 peers in 2 swarms$/);
    await tracked.getByLabel("Search by name").fill("lecture");
    await tracked.getByText("1 found").waitFor();
    await tracked.getByRole("button", { name: "Lecture 7.pdf" }).click();
    await tracked.locator(".roll-call", { hasText: "1 of 1 complete" }).waitFor();
    assertMatch(tracked.url(), /#q=lecture&swarm=[0-9a-f]{64}$/);
    assertEquals([...from], [new URL(url).origin]);

    seeder.program.kill("SIGKILL");
    await given.locator(".lost", { hasText: "Connection to the program lost" }).waitFor();
    assertEquals(browser.complaints, []);
  },
);
