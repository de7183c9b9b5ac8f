/// <reference lib="dom" />
/**
 * What the page says and shows in each state a program can be in, and when it is not heard any more.
 * @module
 */

import axe from "axe-core";
import { assert, assertEquals, assertLess } from "@std/assert";
import type { Locator } from "playwright-core";
import { PageServer } from "../../../lib/ui/page_server.ts";
import type { TransferSnapshot } from "../../../lib/ui/snapshot.ts";
import { drawn, TestBrowser } from "../../../support/browser.ts";
import { foreignTest } from "../../../support/foreign.ts";
import { MockPage } from "../../support/page/mock_page.ts";
import {
  mockFolder,
  mockGradualLeecher,
  mockGradualSeeder,
  mockLeecher,
  mockMap,
  mockTracker,
} from "../../support/page/mock_snapshots.ts";
import { FakeSource } from "../../support/page/page_fixtures.ts";

const WIDE = { width: 1400 };
const LONG_NAME = "The.Complete.Archive." + "Lecture-recordings_".repeat(11) + "2026.tar.zst";
const NOTHING_MOVED = { everySeconds: 1, down: [0], up: [0], peakDown: 0, peakUp: 0 } as const;

async function heightOf(place: Locator): Promise<number> {
  return (await place.boundingBox())!.height;
}

foreignTest("a long name leaves the info-hash beside it in one line", ["chromium"], async () => {
  const { selected: _, ...tracker } = mockTracker();
  const swarms = tracker.swarms.map((swarm) => ({ ...swarm, name: LONG_NAME }));
  await using page = await MockPage.serve({ ...tracker, swarms });
  await using browser = await TestBrowser.start();
  for (const width of [1400, 1000, 360]) {
    const tab = await browser.open(page.url, { width });
    await drawn(tab);
    const hashes = tab.locator("code.short");
    assert(await hashes.count() >= 5);
    for (const hash of await hashes.all()) assertLess(await heightOf(hash), 28, `${width}`);
  }
});

foreignTest(
  "a long name takes three lines of a list at most, and its figures stand beside the first",
  ["chromium"],
  async () => {
    const { selected: _, ...tracker } = mockTracker();
    const swarms = tracker.swarms.map((swarm) => ({ ...swarm, name: LONG_NAME }));
    await using page = await MockPage.serve({ ...tracker, swarms });
    await using browser = await TestBrowser.start();
    for (const width of [1400, 360]) {
      const tab = await browser.open(page.url, { width });
      await drawn(tab);
      const name = tab.locator("tbody th .foreign").first();
      assertLess(await heightOf(name), 70);
      assertEquals(await name.textContent(), LONG_NAME);
      if (width === 360) continue; // there the figures are below it
      const figure = tab.locator("tbody td .value").first();
      const [{ y: nameY }, { y: figureY }] = [
        (await name.boundingBox())!,
        (await figure.boundingBox())!,
      ];
      assertLess(Math.abs(figureY - nameY), 5);
    }
  },
);

foreignTest(
  "who is done is not told of a download that rests, and a hash's name stays in one line",
  ["chromium"],
  async () => {
    await using page = await MockPage.serve(mockLeecher(0.4), mockMap(0.4));
    await using browser = await TestBrowser.start();
    const tab = await browser.open(page.url, { width: 360 });
    const down = tab.locator(".figures dt", { hasText: "Down" });
    await down.waitFor();
    page.snapshot = mockLeecher(1);
    await down.waitFor({ state: "detached" });
    const hash = tab.locator("h1 .unbroken");
    assertEquals(await hash.textContent(), "SHA-256");
    assertLess(await heightOf(hash), 40);
  },
);

foreignTest(
  "why it waits stands below the heading in smaller letters, and both are one sentence to listen to",
  ["chromium"],
  async () => {
    const sentence = "waiting: seeder 2001:db8:85a3:8d3:1319:8a2e:370:7348:51413 and 3 more " +
      "unreachable: firewall? (does not answer, next try in 14 s)";
    await using page = await MockPage.serve({ ...mockLeecher(0), sentence }, mockMap(0));
    await using browser = await TestBrowser.start();
    const tab = await browser.open(page.url, WIDE);
    await drawn(tab);
    assertEquals(await tab.locator("h1").textContent(), `W${sentence.slice(1)}`);
    assertEquals(await tab.locator("h1 > span").first().textContent(), "Waiting");
    assertLess(await heightOf(tab.locator("h1")), 120);
    const named = { ...mockLeecher(0), sentence: 'looking for "a: b" on the tracker' };
    page.snapshot = named;
    await tab.locator("h1 > span", { hasText: 'Looking for "a: b" on the tracker' }).waitFor();
  },
);

foreignTest("a card with nothing in it is no taller than what it says", ["chromium"], async () => {
  const { path: _, ...leecher } = mockLeecher(0);
  const start: TransferSnapshot = {
    ...leecher,
    ...{ totalBytes: 0, pieces: 0, pieceLength: 0, haveBytes: 0 },
    history: NOTHING_MOVED,
    trackers: [],
  };
  await using page = await MockPage.serve(start);
  await using browser = await TestBrowser.start();
  const tab = await browser.open(page.url, WIDE);
  await drawn(tab);
  for (const name of ["Chunks", "Rates last minute", "Peers 0 connected", "Trackers"]) {
    assertLess(await heightOf(tab.getByRole("region", { name })), 130, name);
  }
});

foreignTest(
  "while the program is not heard the page does not say that all is well, and afterwards it does",
  ["chromium"],
  async () => {
    await using browser = await TestBrowser.start();
    const before = await MockPage.serve(mockLeecher(1), mockMap(1));
    const { port } = before;
    const tab = await browser.open(before.url, WIDE);
    await tab.locator(".tone", { hasText: "All is well" }).waitFor();
    await before[Symbol.asyncDispose]();
    await tab.locator(".lost", { hasText: "Connection to the program lost" }).waitFor();
    await tab.locator(".tone", { hasText: "Last known state" }).waitFor();
    assertEquals(await tab.getByText("All is well").count(), 0);
    await using _after = await MockPage.serve(mockLeecher(1), mockMap(1), port);
    await tab.locator(".tone", { hasText: "All is well" }).waitFor();
    assertEquals(await tab.locator(".lost").count(), 0);
  },
);

foreignTest(
  "a page whose program was started anew says that its address is out of date",
  ["chromium"],
  async () => {
    await using browser = await TestBrowser.start();
    const before = await PageServer.start(new FakeSource(), { host: "0.0.0.0", port: 0 });
    const { port, search } = new URL(before.url);
    const tab = await browser.open(`http://127.0.0.1:${port}/${search}`, WIDE);
    await drawn(tab);
    await before.close();
    const after = await PageServer.start(new FakeSource(), { host: "0.0.0.0", port: Number(port) });
    await tab.locator(".lost", { hasText: "the program was restarted" }).waitFor();
    await after.close();
  },
);

foreignTest(
  "who comes without the token is told how to get in, and gets in with it",
  ["chromium"],
  async () => {
    await using browser = await TestBrowser.start();
    const server = await PageServer.start(new FakeSource(), { host: "0.0.0.0", port: 0 });
    const { port, searchParams } = new URL(server.url);
    const token = searchParams.get("token")!;
    for (const width of [1400, 360]) {
      const tab = await browser.open(`http://127.0.0.1:${port}/`, { width, bypassCSP: true });
      await tab.getByRole("heading", { name: "This page needs a token" }).waitFor();
      await tab.evaluate(axe.source);
      const { violations } = await tab.evaluate(() =>
        (globalThis as unknown as { axe: typeof axe }).axe.run({ resultTypes: ["violations"] })
      );
      assertEquals(violations.map(({ id }) => id), []);
      assert(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      await tab.getByLabel("Token").fill("wrong");
      await tab.keyboard.press("Enter");
      await tab.getByRole("heading", { name: "This page needs a token" }).waitFor();
      await tab.getByLabel("Token").fill(token);
      await tab.getByRole("button", { name: "Open" }).click();
      await drawn(tab);
    }
    assertEquals(browser.complaints, []);
    await server.close();
  },
);

foreignTest("a folder's files are listed with how much of each is here", ["chromium"], async () => {
  await using page = await MockPage.serve(mockFolder(100_000), mockMap(0.4));
  await using browser = await TestBrowser.start();
  const tab = await browser.open(page.url, WIDE);
  await drawn(tab);
  await tab.getByText("The first 100 of 100,000 files are listed.").waitFor();
  const table = tab.getByRole("table", { name: "Files, 100 files" });
  const row = (name: string) => table.getByRole("row", { name });
  assertEquals(
    await row("lecture 1.mp4").getByRole("progressbar").getAttribute("value"),
    `${1 / 3}`,
  );
  await row("lecture 2.mp4").getByText("not selected").waitFor();
  await row("lecture 3.mp4").getByText("complete").waitFor();
  await row("lecture 5.mp4").getByText("0 B").waitFor();
  assertEquals(await table.locator("tbody tr").count(), 20);
  await tab.getByRole("button", { name: "Show all 100" }).click();
  await tab.getByRole("button", { name: "Show the first 20" }).waitFor();
  assertEquals(await table.locator("tbody tr").count(), 100);
});

foreignTest(
  "a seeder that hands out gradually is no shortage, on its own page and its leechers'",
  ["chromium"],
  async () => {
    await using page = await MockPage.serve(mockGradualLeecher(), mockMap(0.26));
    await using browser = await TestBrowser.start();
    const tab = await browser.open(page.url, WIDE);
    await drawn(tab);
    const row = tab.getByRole("row", { name: "10.0.0.7:6881" });
    await row.getByText("seeder, handing out gradually").waitFor();
    assertEquals(await row.getByRole("progressbar").count(), 0);
    await tab.getByText("A seeder hands out its chunks gradually").waitFor();
    page.snapshot = mockGradualSeeder();
    await tab.locator("h1", { hasText: "Handing out gradually: sending to 5 peers" }).waitFor();
    await tab.getByText("This seeder hands out its chunks gradually").waitFor();
  },
);
