/// <reference lib="dom" />
/**
 * The files of a large folder, a hundred at a time.
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Page as Tab } from "playwright-core";
import { drawn, TestBrowser } from "../../../support/browser.ts";
import { foreignTest } from "../../../support/foreign.ts";
import { FakeClient } from "../../support/page/fake_torrents.ts";
import { details } from "../../support/page/page_fixtures.ts";
import { serveClient } from "../../support/page/torrent_list.ts";

const FILES = 250;

/** A client with a folder, of whose files each is as far as its number says. */
function clientWithFolder(): FakeClient {
  const client = new FakeClient();
  const folder = client.download("course", 0.5);
  const file = (i: number) => ({
    path: `file ${String(i).padStart(3, "0")}`,
    bytes: FILES,
    haveBytes: i,
    isChosen: true,
  });
  const first = (most: number, skipped = 0) =>
    Array.from(
      { length: Math.max(0, Math.min(most, FILES - skipped)) },
      (_, i) => file(skipped + i),
    );
  folder.facts = details({ files: FILES, fileView: { count: FILES, first } });
  return client;
}

/** The progress of a file, as the bar shows it. */
async function progressOf(tab: Tab, name: string): Promise<string | null> {
  const row = tab.getByRole("row", { name });
  return await row.getByRole("progressbar").getAttribute("value");
}

foreignTest(
  "all files of a folder can be looked at, a hundred at a time, and a reload stays there",
  ["chromium"],
  async () => {
    const client = clientWithFolder();
    await using page = await serveClient(client);
    await using browser = await TestBrowser.start();
    const tab = await browser.open(page.url, { width: 1400 });
    await drawn(tab);
    await tab.getByText("The first 100 of 250 files are listed.").waitFor();
    assertEquals(await progressOf(tab, "file 019"), `${19 / FILES}`);
    const previous = tab.getByRole("button", { name: "Previous 100" });
    const next = tab.getByRole("button", { name: "Next 100" });
    assertEquals(await previous.getAttribute("aria-disabled"), "true");
    await next.focus();
    await tab.keyboard.press("Enter");
    await tab.getByText("Files 101 to 200 of 250 are listed.").waitFor();
    await tab.keyboard.press("Enter");
    await tab.getByText("Files 201 to 250 of 250 are listed.").waitFor();
    assertEquals(await progressOf(tab, "file 210"), `${210 / FILES}`);
    await tab.keyboard.press("Enter"); // the last ones are reached, and the focus stays
    assertEquals(await next.getAttribute("aria-disabled"), "true");
    await tab.reload();
    await tab.getByText("Files 201 to 250 of 250 are listed.").waitFor();
    await previous.click();
    await tab.getByText("Files 101 to 200 of 250 are listed.").waitFor();

    client.seed("other.iso");
    await tab.getByRole("link", { name: "course" }).click();
    await tab.getByText("The first 100 of 250 files are listed.").waitFor();
    await next.click();
    await tab.getByText("Files 101 to 200 of 250 are listed.").waitFor();
    await tab.getByRole("link", { name: "All torrents 2" }).click();
    await tab.getByRole("link", { name: "course" }).click();
    await tab.getByText("The first 100 of 250 files are listed.").waitFor();
    assertEquals(browser.complaints, []);
  },
);

foreignTest(
  "whoever asks for files beyond the last is told that there are none",
  ["chromium"],
  async () => {
    await using page = await serveClient(clientWithFolder());
    await using browser = await TestBrowser.start();
    const tab = await browser.open(`${page.url}#files=900`, { width: 1400 });
    await tab.getByText("There are no more files.").waitFor();
    await tab.getByRole("button", { name: "Previous 100" }).click();
    await tab.getByText("Files 151 to 250 of 250 are listed.").waitFor();
  },
);
