/// <reference lib="dom" />
/**
 * The page without a mouse.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { drawn, TestBrowser } from "../../../support/browser.ts";
import { foreignTest } from "../../../support/foreign.ts";
import { MockPage } from "../../support/page/mock_page.ts";
import {
  mockLeecher,
  mockMap,
  mockSeeder,
  mockTracker,
} from "../../support/page/mock_snapshots.ts";

/** A thing that has the focus: which of the controls it is, in the order of the page, and whether one sees that. */
interface Stop {
  control: number;
  isMarked: boolean;
}

/** Goes with the tab key through the page, once around. */
async function walk(tab: Page): Promise<{ controls: number; stops: Stop[] }> {
  const controls = await tab.evaluate(() => {
    const all = document.querySelectorAll("button, input, summary, a[href], [tabindex='0']");
    const seen = [...all].filter((control) => control.checkVisibility());
    Object.assign(globalThis, { controls: seen });
    return seen.length;
  });
  const stops: Stop[] = [];
  for (let i = 0; i < controls; i++) {
    await tab.keyboard.press("Tab");
    stops.push(
      await tab.evaluate(() => {
        const { controls } = globalThis as unknown as { controls: Element[] };
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement!);
        return {
          control: controls.indexOf(document.activeElement!),
          isMarked: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
        };
      }),
    );
  }
  return { controls, stops };
}

foreignTest(
  "the tab key reaches every control in the order of the page, and one sees where it is",
  ["chromium"],
  async () => {
    await using browser = await TestBrowser.start();
    for (
      const [snapshot, least] of [[mockLeecher(1), 18], [mockSeeder(), 8], [
        mockTracker(),
        15,
      ]] as const
    ) {
      for (const width of [1600, 360]) {
        await using page = await MockPage.serve(snapshot, mockMap(1));
        const tab = await browser.open(page.url, { width });
        await drawn(tab);
        const { controls, stops } = await walk(tab);
        assert(controls >= least, `the ${snapshot.program} has only ${controls} controls`);
        assertEquals(stops.map(({ control }) => control), Array.from(stops, (_, i) => i));
        assertEquals(stops.filter(({ isMarked }) => !isMarked), []);
        await tab.context().close();
      }
    }
  },
);

foreignTest("a table is sorted by keyboard, and says by what", ["chromium"], async () => {
  await using page = await MockPage.serve(mockLeecher(0.4, 12), mockMap(0.4));
  await using browser = await TestBrowser.start();
  const tab = await browser.open(page.url);
  await drawn(tab);
  const table = tab.getByRole("table", { name: "Connected peers, 12 peers" });
  const order = async () => {
    const heading = table.getByRole("columnheader", { name: "Up" });
    return [
      await heading.getAttribute("aria-sort"),
      await table.getByRole("rowheader").first().innerText(),
    ];
  };
  assertEquals((await order())[0], "none");
  await table.getByRole("button", { name: "Up" }).focus();
  await tab.keyboard.press("Enter");
  await table.locator("th[aria-sort=descending]", { hasText: "Up" }).waitFor();
  assertEquals(await order(), ["descending", "[2001:db8::7:21]:51413"]);
  await tab.keyboard.press("Space");
  await table.locator("th[aria-sort=ascending]", { hasText: "Up" }).waitFor();
  assertEquals(await order(), ["ascending", "10.0.0.7:6881"]);
});

foreignTest(
  "on a tracker's page who chooses a swarm by keyboard stands at its roll-call, and after it at the swarm",
  ["chromium"],
  async () => {
    const { selected, ...overview } = mockTracker();
    await using page = await MockPage.serve(overview);
    await using browser = await TestBrowser.start();
    const tab = await browser.open(page.url);
    await drawn(tab);
    await tab.getByRole("button", { name: "debian-13.2.0-amd64-netinst.iso" }).focus();
    page.snapshot = { ...overview, selected: selected! };
    await tab.keyboard.press("Enter");
    await tab.locator("#members-title:focus").waitFor();
    await tab.keyboard.press("Tab");
    page.snapshot = overview;
    await tab.keyboard.press("Enter");
    await tab.locator("#members-title").waitFor({ state: "detached" });
    const focused = tab.locator("button:focus");
    assertEquals(await focused.innerText(), "debian-13.2.0-amd64-netinst.iso");
    assertEquals(browser.complaints, []);
  },
);

foreignTest(
  "a screen reader is told the sentence, and not again when only its numbers change",
  ["chromium"],
  async () => {
    const waiting = (seconds: number) => ({
      ...mockLeecher(0),
      sentence: `waiting: tracker udp://10.0.0.2:6969 does not answer, next try in ${seconds} s`,
    });
    await using page = await MockPage.serve(waiting(5));
    await using browser = await TestBrowser.start();
    const tab = await browser.open(page.url);
    const spoken = tab.locator("#spoken[role=status][aria-live=polite]");
    await spoken.getByText("next try in 5 s").waitFor({ state: "attached" });
    for (const seconds of [4, 3]) {
      page.snapshot = waiting(seconds);
      await tab.locator("h1", { hasText: `${seconds} s` }).waitFor();
    }
    page.snapshot = mockLeecher(0.4);
    const changes = await spoken.evaluate((place) => {
      const said: string[] = [];
      return new Promise<string[]>((resolve) => {
        new MutationObserver(() => {
          said.push(place.textContent!);
          if (said.at(-1)!.startsWith("Downloading")) resolve(said);
        }).observe(place, { childList: true, characterData: true, subtree: true });
      });
    });
    assertEquals(changes, ["Downloading from 4 peers"]);
  },
);
