/**
 * Takes a picture of a page.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import type { Page } from "playwright-core";

/** Where the pictures are. */
export const PICTURES = fromFileUrl(new URL("./pictures/", import.meta.url));

/** Saves what a window shows of the page as `NAME.png`. */
export async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${PICTURES}${name}.png`, animations: "disabled" });
  console.log(`docs/pictures/${name}.png`);
}
