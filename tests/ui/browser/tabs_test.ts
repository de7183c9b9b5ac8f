/// <reference lib="dom" />
/**
 * Many tabs at once, tabs that nobody looks at, and a program that goes away and comes back. A browser
 * holds six connections to a server, for all its tabs together.
 * @module
 */

import { assertEquals, assertLessOrEqual } from "@std/assert";
import type { Page, Request } from "playwright-core";
import { drawn, sentence, TestBrowser } from "../../../support/browser.ts";
import { foreignTest } from "../../../support/foreign.ts";
import { MockPage } from "../../support/page/mock_page.ts";
import { mockLeecher, mockMap } from "../../support/page/mock_snapshots.ts";

const TABS = 20;
/** Those that follow all the time, and the two more that look in for a moment. */
const MOST_CONNECTIONS = 6;

/** Twenty tabs are twenty processes, which takes a busy machine a while. */
const PATIENCE_MS = 60_000;

/** As if another tab was clicked in front of this one, or this one again: without a screen all are in front. */
async function show(tab: Page, isHidden: boolean): Promise<void> {
  await tab.evaluate((isHidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
    document.dispatchEvent(new Event("visibilitychange"));
  }, isHidden);
}

foreignTest("twenty tabs side by side are all kept up to date", ["chromium"], async () => {
  await using page = await MockPage.serve({ ...mockLeecher(0.4, 0), link: "" }, mockMap(0.4, 50));
  await using browser = await TestBrowser.start();
  const first = await browser.open(page.url, { width: 400 });
  const context = first.context();
  context.setDefaultTimeout(PATIENCE_MS);
  const others = await Promise.all(Array.from({ length: TABS - 1 }, () => context.newPage()));
  await Promise.all(others.map((tab) => tab.goto(page.url)));
  const tabs = [first, ...others];
  await Promise.all(tabs.map((tab) => sentence(tab, /^Downloading/)));
  assertLessOrEqual(page.readers, MOST_CONNECTIONS);

  page.snapshot = { ...mockLeecher(1, 0), link: "" };
  page.map = mockMap(1, 50);
  await Promise.all(tabs.map((tab) => sentence(tab, /^Complete/)));
  const verified = (tab: Page) => tab.locator(".legend [data-kind=verified] b");
  await Promise.all(
    tabs.map((tab) => verified(tab).filter({ hasText: /^50$/ }).waitFor({ state: "attached" })),
  );
  assertLessOrEqual(page.readers, MOST_CONNECTIONS);
  assertEquals(browser.complaints, []);
});

foreignTest(
  "a tab that nobody looks at holds no connection, keeps its title, and is up to date when it is shown",
  ["chromium"],
  async () => {
    await using page = await MockPage.serve(mockLeecher(0.4), mockMap(0.4));
    await using browser = await TestBrowser.start();
    const tab = await browser.open(page.url);
    await drawn(tab);
    const isStream = (request: Request) => /\/api\/events$/.test(request.url());
    const left = tab.waitForEvent("requestfailed", isStream);
    const polled = tab.waitForResponse(/\/api\/state$/);
    await show(tab, true);
    await left;
    page.snapshot = mockLeecher(1); // no earlier: an event on its way would still be drawn
    await (await polled).finished();
    await tab.waitForFunction(() => document.title.startsWith("100%"));
    assertEquals(await tab.locator("h1").innerText(), "Downloading from 4 peers");

    const back = tab.waitForRequest(isStream);
    await show(tab, false);
    await back;
    await sentence(tab, /^Complete/);
    assertEquals(browser.complaints, []);
  },
);

foreignTest(
  "when the program goes away the page says so, and goes on when it is back",
  ["chromium"],
  async () => {
    await using browser = await TestBrowser.start();
    const before = await MockPage.serve(mockLeecher(0.4), mockMap(0.4));
    const { port } = before;
    const tab = await browser.open(before.url);
    await sentence(tab, /^Downloading/);
    await before[Symbol.asyncDispose]();
    const lost = tab.locator(".lost");
    await lost.waitFor();
    assertEquals(await lost.innerText(), "Connection to the program lost, trying again");
    assertEquals(await sentence(tab, /./), "Downloading from 4 peers", "what was known stays");

    await using _after = await MockPage.serve(mockLeecher(1), mockMap(1), port);
    await sentence(tab, /^Complete/);
    await lost.waitFor({ state: "detached" });
    assertEquals(browser.complaints, []);
  },
);
