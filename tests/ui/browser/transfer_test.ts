/// <reference lib="dom" />
/**
 * Real transfers, watched in a real browser.
 * @module
 */

import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { type Leecher, servePage } from "../../../mod.ts";
import { drawn, sentence, TestBrowser } from "../../../support/browser.ts";
import { foreignTest } from "../../../support/foreign.ts";
import { addressOf, leechFrom, makeOrigin, seed } from "../../support/clients/library.ts";
import { countOf, seenCells } from "../../support/page/map_reader.ts";
import { TempFolder } from "../../../support/temp.ts";

const MIB = 2 ** 20;
const SLOWLY = { uploadLimit: 4 * MIB, pieceLength: MIB / 4 };

/** Keeps every percentage that is shown from now on. */
async function watchPercentage(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen: number[] = [];
    Object.assign(globalThis, { seen });
    const look = () => {
      const now = Number(document.querySelector(".amount")?.textContent ?? NaN);
      if (!Number.isNaN(now) && now !== seen.at(-1)) seen.push(now);
    };
    look();
    const change = { childList: true, characterData: true, subtree: true };
    new MutationObserver(look).observe(document.getElementById("app")!, change);
  });
}

/** What it kept. */
async function percentages(page: Page): Promise<number[]> {
  await page.locator(".amount").filter({ hasText: /^100$/ }).waitFor();
  return await page.evaluate(() => (globalThis as unknown as { seen: number[] }).seen);
}

/** Which pieces the leecher really has. */
function bitfieldOf(leecher: Leecher): boolean[] {
  const { count, has } = leecher.details().pieces!;
  return Array.from({ length: count }, (_, i) => has(i));
}

foreignTest("a download is watched from 0 to 100 per cent", ["chromium"], async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 12 * MIB);
  await using seeder = await seed(path, SLOWLY);
  await using page = await servePage({ program: "leecher" });
  await using browser = await TestBrowser.start();
  const tab = await browser.open(page.url);
  assertEquals(await sentence(tab, /./), "Starting");
  await watchPercentage(tab);

  const peers = [addressOf(seeder)];
  await using leeching = await leechFrom(seeder.magnet, { peers, out: await temp.folder("to") });
  page.show(leeching.leecher);
  await sentence(tab, /^Downloading from 1 peer$/);
  assertMatch(await tab.title(), /^\d+(\.\d)?% data\.bin$/);

  const seen = await percentages(tab);
  assertEquals([seen[0], seen.at(-1)], [0, 100]);
  assertGreater(seen.length, 3, `only ${seen} were to be seen`);
  assertEquals(seen, [...seen].sort((a, b) => a - b));
  assertMatch(await sentence(tab, /^Complete/), /^Complete, SHA-256 verified; seeding/);
  const result = tab.locator("section.result");
  await result.waitFor();
  assert((await result.innerText()).includes(addressOf(seeder)), "who gave it is not named");
  await tab.locator(".legend [data-kind=verified] b", { hasText: /^48$/ }).waitFor();
  assertEquals(countOf(await seenCells(tab), "verified"), 48);
  assertEquals(browser.complaints, []);
});

foreignTest(
  "a seeder dies: the sentence says so, and the map's colours are the chunks that are there",
  ["chromium"],
  async () => {
    await using temp = await TempFolder.create();
    const { path } = await makeOrigin(temp, 12 * MIB);
    await using seeder = await seed(path, SLOWLY);
    await using page = await servePage({ program: "leecher" });
    await using browser = await TestBrowser.start();
    const tab = await browser.open(page.url);
    const peers = [addressOf(seeder)];
    await using leeching = await leechFrom(seeder.magnet, { peers, out: await temp.folder("to") });
    page.show(leeching.leecher);
    await leeching.log.until("piece", () => true, 15);
    await sentence(tab, /^Downloading from 1 peer$/);
    await seeder.close();

    assertMatch(await sentence(tab, /^Waiting: /), /127\.0\.0\.1|nobody|seeder/);
    await tab.locator(".tone", { hasText: "Notice" }).waitFor();
    const has = bitfieldOf(leeching.leecher);
    const count = has.filter(Boolean).length;
    assert(count >= 15 && count < has.length, `${count} of ${has.length}`);
    await tab.locator(".legend [data-kind=verified] b", { hasText: RegExp(`^${count}$`) })
      .waitFor();
    const cells = await seenCells(tab);
    assertEquals(cells.map((cell) => cell === "verified"), has);
    assertEquals(countOf(cells, "verified"), leeching.leecher.stats().havePieces);
    const begun = [...leeching.leecher.details().pieces!.inFlight];
    assertEquals(countOf(cells, "flight"), begun.length);
    assertEquals(countOf(cells, "missing"), has.length - count - begun.length);
    assertEquals(browser.complaints, []);
  },
);

foreignTest(
  "a seeder's page says what was sent, to whom, and when it stops",
  ["chromium"],
  async () => {
    await using temp = await TempFolder.create();
    const { path } = await makeOrigin(temp, 2 * MIB);
    await using page = await servePage({ program: "seeder" });
    await using seeder = await seed(path, { untilCopies: 20, onEvent: page.onEvent });
    page.show(seeder);
    await using browser = await TestBrowser.start();
    const tab = await browser.open(page.url);
    await drawn(tab);
    assertMatch(await sentence(tab, /./), /^Sharing: no peers connected$/);
    assertEquals(await tab.locator(".stop").innerText(), "Seeding limit: 0 of 20 complete");
    await using leeching = await leechFrom(seeder.magnet, {
      peers: [addressOf(seeder)],
      out: await temp.folder("to"),
    });
    await leeching.complete();
    await tab.locator(".stop", { hasText: "1 of 20 complete" }).waitFor();
    assertEquals(await tab.locator(".amount").innerText(), "1.00");
    assertEquals(browser.complaints, []);
  },
);
