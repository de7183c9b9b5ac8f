/**
 * The page of a client, and the list of torrents on it.
 * @module
 */

import type { Locator, Page as Tab } from "playwright-core";
import { type Page, servePage } from "../../../mod.ts";
import type { FakeClient } from "./fake_torrents.ts";

/** Serves a page that shows this client. */
export async function serveClient(client: FakeClient): Promise<Page> {
  const page = await servePage({ program: "seeder" });
  page.show(client);
  return page;
}

/** The rows of the list. */
export function rowsOf(tab: Tab): Locator {
  return tab.getByRole("table", { name: /^Torrents/ }).locator("tbody tr");
}

/** The names in the list, from above. */
export async function namesIn(tab: Tab): Promise<string[]> {
  return await rowsOf(tab).getByRole("rowheader").allInnerTexts();
}

/** Scrolls down, which draws more rows, until there are so many. */
export async function scrollToRow(tab: Tab, count: number): Promise<void> {
  const drawn = () => rowsOf(tab).count();
  for (let before = await drawn(); before < count; before = await drawn()) {
    await tab.keyboard.press("End");
    await rowsOf(tab).nth(before).waitFor({ state: "attached" });
  }
}
