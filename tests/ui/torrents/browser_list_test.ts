/// <reference lib="dom" />
/**
 * The list of torrents in a real browser: what it says, how it is filtered and sorted, and where it leads.
 * @module
 */

import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import type { Page as Tab } from "playwright-core";
import { drawn, sentence, TestBrowser } from "../../../support/browser.ts";
import { foreignTest } from "../../../support/foreign.ts";
import { mixedClient } from "../../support/page/fake_torrents.ts";
import { namesIn, rowsOf, scrollToRow, serveClient } from "../../support/page/torrent_list.ts";

const WIDE = { width: 1400 };
const DEBIAN = "debian-13.2.0-amd64-netinst.iso";

/** How far the link of a torrent is from the top of the window, in pixels. */
async function topOf(tab: Tab, name: string): Promise<number> {
  return (await tab.getByRole("link", { name, exact: true }).boundingBox())!.y;
}

foreignTest(
  "the list says what each torrent does, how far and how fast it is, what needs attention first",
  ["chromium"],
  async () => {
    await using page = await serveClient(mixedClient());
    await using browser = await TestBrowser.start();
    const tab = await browser.open(page.url, WIDE);
    await drawn(tab);
    await tab.locator(".tone", { hasText: "Notice" }).waitFor();
    assertMatch(
      await sentence(tab, /./),
      /^1\xa0waiting, 2\xa0downloading, 6\xa0seeding: see "lab-image/,
    );
    assertEquals(await tab.title(), "1 waiting, 2 downloading, 6 seeding, Shoal");
    const names = await namesIn(tab);
    assertEquals([names.length, names[0], names[1]], [9, "lab-image-2026.qcow2", DEBIAN]);
    const row = tab.getByRole("row", { name: DEBIAN });
    assertEquals(await row.getByRole("progressbar").getAttribute("value"), "0.43");
    const cells = await row.getByRole("cell").allInnerTexts();
    assertEquals(cells.map((cell) => cell.trim().replace(/\s+/g, " ")), [
      "Downloading from 1 peer",
      "43.0%",
      "5 MiB/s",
      "–",
      "46s",
      "1",
      "400 MiB",
    ]);
    assertEquals(browser.complaints, []);
  },
);

foreignTest("torrents come, go and change where they stand", ["chromium"], async () => {
  const client = mixedClient();
  await using page = await serveClient(client);
  await using browser = await TestBrowser.start();
  const tab = await browser.open(page.url, WIDE);
  await drawn(tab);
  const row = tab.getByRole("row", { name: DEBIAN });
  await row.evaluate((element) => Object.assign(element, { isSame: true }));
  const [debian, llama] = client.torrents;
  debian!.figures = { ...debian!.figures, haveBytes: debian!.figures.totalBytes * 0.5 };
  client.close(llama!);
  client.seed("new.iso");
  await row.getByText("50.0%").waitFor();
  await tab.getByRole("link", { name: "new.iso" }).waitFor();
  assertEquals(await tab.getByText("llama").count(), 0);
  assert(await row.evaluate((element) => "isSame" in element), "the row was drawn anew");
  assertEquals(await rowsOf(tab).count(), 9);
});

foreignTest(
  "the list is filtered by name and by state, and a reload keeps that",
  ["chromium"],
  async () => {
    await using page = await serveClient(mixedClient());
    await using browser = await TestBrowser.start();
    const tab = await browser.open(page.url, WIDE);
    await drawn(tab);
    await tab.getByRole("searchbox", { name: "Filter by name" }).fill("COURSE");
    await tab.getByRole("heading", { name: "Torrents 5 of 9" }).waitFor();
    assert((await namesIn(tab)).every((name) => name.startsWith("course")));
    await tab.getByRole("button", { name: "Waiting 1" }).click();
    await tab.getByText("No matches.").waitFor();
    await tab.getByRole("button", { name: "Show all" }).click();
    assertEquals(await rowsOf(tab).count(), 9);
    await tab.getByRole("button", { name: "Downloading 2" }).click();
    await tab.getByRole("heading", { name: "Torrents 2 of 9" }).waitFor();
    await tab.reload();
    await tab.getByRole("heading", { name: "Torrents 2 of 9" }).waitFor();
    assertEquals(
      await tab.getByRole("button", { name: "Downloading 2" }).getAttribute("aria-pressed"),
      "true",
    );
    assertEquals(browser.complaints, []);
  },
);

foreignTest("any column sorts the list, and a reload keeps that", ["chromium"], async () => {
  await using page = await serveClient(mixedClient());
  await using browser = await TestBrowser.start();
  const tab = await browser.open(page.url, WIDE);
  await drawn(tab);
  const first = async (name: string) => {
    await tab.getByRole("columnheader", { name }).getByRole("button").click();
    return (await namesIn(tab))[0];
  };
  assertEquals(await first("Down"), "llama-3-70b-weights.safetensors");
  assertEquals(await first("Up"), "ubuntu-24.04.3-desktop-amd64.iso");
  assertEquals(await first("Peers"), "ubuntu-24.04.3-desktop-amd64.iso");
  assertEquals(await first("Time left"), "llama-3-70b-weights.safetensors");
  assertEquals(await first("Progress"), "course-week-01.zip");
  assertEquals(await first("Progress"), "llama-3-70b-weights.safetensors");
  assertEquals(await first("Name"), "course-week-01.zip");
  assertEquals(await first("Name"), "ubuntu-24.04.3-desktop-amd64.iso");
  await tab.reload();
  await tab.locator("th[aria-sort=descending]", { hasText: "Name" }).waitFor();
  assertEquals((await namesIn(tab))[0], "ubuntu-24.04.3-desktop-amd64.iso");
});

foreignTest(
  "a click leads to the torrent's page, and back leads to the same place in the list",
  ["chromium"],
  async () => {
    await using page = await serveClient(mixedClient(200));
    await using browser = await TestBrowser.start();
    for (const width of [1400, 360]) {
      const tab = await browser.open(page.url, { width });
      await drawn(tab);
      await tab.getByRole("searchbox").fill("course");
      const name = "course-week-150.zip";
      await tab.getByRole("heading", { name: "Torrents 200 of 204" }).waitFor();
      await tab.locator("h1").click(); // keys scroll the window
      await scrollToRow(tab, 150);
      await tab.getByRole("link", { name, exact: true }).scrollIntoViewIfNeeded();
      const top = await topOf(tab, name);
      await tab.getByRole("row", { name }).click({ position: { x: 200, y: 20 } });
      await sentence(tab, /^Sharing: no peers connected$/);
      assertEquals(await tab.title(), `0.00× ${name}`);
      await tab.locator("[aria-current=page]:focus", { hasText: name }).waitFor();
      await tab.goBack();
      await tab.locator("a:focus", { hasText: name }).waitFor();
      assertAlmostEquals(await topOf(tab, name), top, 2);

      await tab.keyboard.press("Enter");
      await tab.getByRole("link", { name: "All torrents 204" }).click();
      await tab.locator("a:focus", { hasText: name }).waitFor();
      assertAlmostEquals(await topOf(tab, name), top, 2);
      assertEquals(await tab.getByRole("searchbox").inputValue(), "course");
      await tab.goBack();
      await sentence(tab, /^Sharing/);
      await tab.reload();
      await sentence(tab, /^Sharing/);
      await tab.context().close();
    }
    assertEquals(browser.complaints, []);
  },
);

foreignTest(
  "who looks at a torrent that goes is shown the list, and told so",
  ["chromium"],
  async () => {
    const client = mixedClient();
    await using page = await serveClient(client);
    await using browser = await TestBrowser.start();
    const tab = await browser.open(`${page.url}#torrent=2`, WIDE);
    await tab.locator("[aria-current=page]", { hasText: "llama" }).waitFor();
    client.close(client.torrents[1]!);
    await tab.getByText("The torrent that you looked at is not here any more.").waitFor();
    assertEquals(await rowsOf(tab).count(), 8);
    assertEquals(new URL(tab.url()).hash, "");
    await tab.getByRole("link", { name: DEBIAN }).click();
    await tab.locator("[aria-current=page]", { hasText: "debian" }).waitFor();
    assertEquals(browser.complaints, []);
  },
);
