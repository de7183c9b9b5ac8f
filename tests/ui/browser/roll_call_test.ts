/// <reference lib="dom" />
/**
 * The roll-call on a tracker's page: who is lost is named, and can be dismissed.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { MemberRow } from "../../../lib/ui/snapshot.ts";
import { drawn, TestBrowser } from "../../../support/browser.ts";
import { foreignTest } from "../../../support/foreign.ts";
import { MockPage } from "../../support/page/mock_page.ts";
import { mockTracker } from "../../support/page/mock_snapshots.ts";

/** Two that are gone, one that was never seen, and one that downloads. */
const PEERS: MemberRow[] = [
  {
    ...{ address: "10.0.0.7:6881", label: "pc7", state: "lost", progress: 0.84 },
    lastSeenSeconds: 180,
  },
  { address: "", label: "<b>pc9", state: "missing" },
  {
    ...{ address: "10.0.0.6:6881", label: "pc6", state: "downloading", progress: 0.5 },
    ...{ lastSeenSeconds: 3, client: "Shoal 0.1.0", downRate: 2 ** 20, etaSeconds: 75 },
  },
  {
    ...{ address: "10.0.0.1:6881", label: "pc1", state: "complete", progress: 1, isSource: true },
    ...{ lastSeenSeconds: 2, client: "Shoal 0.1.0" },
  },
  { address: "10.0.0.8:6881", label: "pc8", state: "left", progress: 1, lastSeenSeconds: 60 },
];

function tracker() {
  const mock = mockTracker();
  const selected = {
    ...mock.selected!,
    rollCall: "1 of 4 complete, 1 downloading, 1 lost at 84 %, 1 never seen",
    ...{ complete: 1, recipients: 4, expected: 4, peers: PEERS },
    slowest: { name: "pc6", downRate: 2 ** 20, etaSeconds: 75 },
  };
  return { ...mock, selected };
}

foreignTest(
  "the machines of a swarm are named, the lost first, and those that left can be dismissed",
  ["chromium"],
  async () => {
    await using page = await MockPage.serve(tracker());
    await using browser = await TestBrowser.start();
    for (const width of [1400, 360]) {
      const tab = await browser.open(page.url, { width });
      await drawn(tab);
      const members = tab.locator("section.members");
      assertEquals(
        await members.locator(".roll-call.bad").textContent(),
        "1 of 4 complete, 1 downloading, 1 lost at 84 %, 1 never seen",
      );
      assertEquals(
        await members.locator("p.quiet").textContent(),
        "The slowest, pc6, gets 1 MiB/s, 1m 15s left.",
      );
      const names = await members.locator("tbody th .foreign").allTextContents();
      assertEquals(names, ["pc7", "<b>pc9", "pc6", "pc1", "pc8"]);
      const states = await members.locator("tbody .member").allTextContents();
      assertEquals(states, ["lost", "never seen", "downloading", "complete", "complete, left"]);
      await members.getByRole("button", { name: "Dismiss pc7" }).click();
      await members.getByRole("button", { name: "Dismiss all who left" }).click();
      await tab.waitForFunction(
        () => /dismissed/.test(document.querySelector("#spoken")?.textContent ?? ""),
      );
      const isTooWide = await tab.evaluate(() =>
        document.documentElement.scrollWidth > document.documentElement.clientWidth
      );
      assert(!isTooWide, `${width}`);
    }
    const { hash } = tracker().selected;
    assertEquals(page.dismissed.slice(0, 2), [[hash, "10.0.0.7:6881"], [hash, undefined]]);
    assertEquals(page.dismissed.length, 4);
  },
);
