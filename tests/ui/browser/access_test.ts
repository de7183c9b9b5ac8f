/// <reference lib="dom" />
/**
 * The page for people who see little, or nothing, or work without a mouse.
 * @module
 */

import axe from "axe-core";
import { assert, assertEquals, assertLess } from "@std/assert";
import type { Page } from "playwright-core";
import type { TrackerSnapshot } from "../../../lib/ui/snapshot.ts";
import { drawn, TestBrowser } from "../../../support/browser.ts";
import { foreignTest } from "../../../support/foreign.ts";
import { mockList } from "../../support/page/fake_torrents.ts";
import { MockPage } from "../../support/page/mock_page.ts";
import {
  mockFolder,
  mockGradualLeecher,
  mockLeecher,
  mockMap,
  mockSeeder,
  mockTracker,
} from "../../support/page/mock_snapshots.ts";

const STATES = [
  { what: "a leecher that waits", snapshot: mockLeecher(0), map: mockMap(0) },
  { what: "a leecher under way", snapshot: mockLeecher(0.4), map: mockMap(0.4) },
  { what: "a leecher that is done", snapshot: mockLeecher(1), map: mockMap(1) },
  { what: "a seeder", snapshot: mockSeeder(), map: mockMap(1) },
  { what: "a leecher of a folder", snapshot: mockFolder(), map: mockMap(0.4) },
  { what: "a leecher of a gradual seeder", snapshot: mockGradualLeecher(), map: mockMap(0.26) },
  { what: "a tracker", snapshot: shortTracker(), map: undefined },
  { what: "a client of many torrents", snapshot: mockList(), map: undefined },
  {
    what: "one of its torrents",
    snapshot: { ...mockFolder(), listed: { id: 2, of: 30 } },
    map: mockMap(0.4),
  },
];

/** A tracker with some members of each state; axe takes its time with every row. */
function shortTracker(): TrackerSnapshot {
  const { selected, ...rest } = mockTracker();
  return { ...rest, selected: { ...selected!, peers: selected!.peers.slice(35) } };
}

/** What axe finds wrong, in short. */
async function findings(tab: Page): Promise<string[]> {
  const { violations, passes } = await tab.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run({ resultTypes: ["violations"] })
  );
  assert(passes.length > 20, `only ${passes.length} rules were tried`);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
}

foreignTest(
  "axe finds nothing wrong with any page, in the light and the dark, wide and narrow",
  ["chromium"],
  async (test) => {
    await using browser = await TestBrowser.start();
    for (const { what, snapshot, map } of STATES) {
      await test.step(what, async () => {
        await using page = await MockPage.serve(snapshot, map);
        const tab = await browser.open(page.url, { width: 1600 });
        await drawn(tab);
        for (const summary of await tab.locator("summary").all()) await summary.click();
        await tab.evaluate(axe.source);
        assertEquals(await findings(tab), []);
        await tab.emulateMedia({ colorScheme: "dark" });
        assertEquals(await findings(tab), []);
        await tab.setViewportSize({ width: 360, height: 900 });
        if (
          !("peers" in snapshot) || typeof snapshot.peers === "number" || snapshot.peers.length > 0
        ) {
          await tab.locator("table.cards").first().waitFor();
        }
        assertEquals(await findings(tab), []);
        await tab.emulateMedia({ colorScheme: "light" });
        assertEquals(await findings(tab), []);
        await tab.context().close();
      });
    }
    assertEquals(browser.complaints, []);
  },
);

foreignTest(
  "nothing sticks out at the side, from 360 pixels to wide screens",
  ["chromium"],
  async () => {
    await using browser = await TestBrowser.start();
    const tab = await browser.open("about:blank");
    for (const { what, snapshot, map } of STATES) {
      await using page = await MockPage.serve(snapshot, map);
      await tab.goto(page.url);
      await drawn(tab);
      for (const summary of await tab.locator("summary").all()) await summary.click();
      for (const width of [360, 600, 900, 1250, 1280, 2560]) {
        await tab.setViewportSize({ width, height: 900 });
        const fits = () => document.documentElement.scrollWidth <= innerWidth;
        await tab.waitForFunction(fits, undefined, { timeout: 5000 }).catch(() => {
          throw new Error(`${what} sticks out where there are ${width} pixels`);
        });
      }
    }
  },
);

foreignTest(
  "on a telephone no page is longer than 3,400 pixels, however much it has to tell",
  ["chromium"],
  async () => {
    await using browser = await TestBrowser.start();
    const tab = await browser.open("about:blank", { width: 360, height: 800 });
    for (
      const { what, snapshot, map } of [
        ...STATES,
        { what: "a tracker of 200 swarms", snapshot: mockTracker(200), map: undefined },
        { what: "a folder of 100,000 files", snapshot: mockFolder(100_000), map: mockMap(0.4) },
        { what: "500 peers", snapshot: mockLeecher(0.4, 500), map: mockMap(0.4) },
      ]
    ) {
      await using page = await MockPage.serve(snapshot, map);
      await tab.goto(page.url);
      await drawn(tab);
      if (snapshot.program === "tracker") await tab.locator("table.cards").first().waitFor();
      const height = await tab.evaluate(() => document.documentElement.scrollHeight);
      assertLess(height, 3400, what);
    }
  },
);

foreignTest("who wants no motion sees none", ["chromium"], async () => {
  await using page = await MockPage.serve(mockLeecher(0.4), mockMap(0.4));
  await using browser = await TestBrowser.start();
  const motions = async (reducedMotion: "reduce" | "no-preference") => {
    const tab = await browser.open(page.url, { reducedMotion });
    await drawn(tab);
    return await tab.evaluate(() => document.getAnimations().length);
  };
  assert(await motions("no-preference") > 0);
  assertEquals(await motions("reduce"), 0);
});
