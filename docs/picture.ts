/**
 * Takes pictures of a page as people see it: on a wide screen and on a phone, light and dark.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import type { Page } from "playwright-core";
import { drawn, type TestBrowser } from "../support/browser.ts";

/** Where the pictures of the documents are. */
export const PICTURES = fromFileUrl(new URL("./pictures/", import.meta.url));

/** The widths of a wide screen and of a phone. */
const SCREENS = [["wide", 1400], ["phone", 360]] as const;

/** The pictures that documents show; the others lie in a folder of their own, to be looked at. */
const SHOWN: ReadonlyMap<string, string> = new Map([
  ["list-wide-light", "list"],
  ["list-phone-dark", "list-phone"],
  ["files-wide-light", "files"],
  ["leecher-wide-light", "leecher"],
  ["leecher-phone-dark", "phone"],
  ["seeder-wide-light", "seeder"],
  ["tracker-wide-light", "tracker"],
]);

/** A page to take pictures of. */
export interface Scene {
  readonly name: string;
  readonly url: string;
  /** Height of the window, wide and on a phone; a picture shows no more. */
  readonly heights: readonly [wide: number, phone: number];
  /** Leads the page to what shall be seen. */
  readonly prepare?: (page: Page) => Promise<void>;
}

/** Takes the four pictures of a scene; `folder` is for those that no document shows. */
export async function shootScene(
  browser: TestBrowser,
  scene: Scene,
  folder: string,
): Promise<void> {
  for (const [i, [screen, width]] of SCREENS.entries()) {
    // Playwright looks at a page by way of what the page's policy forbids to scripts.
    const page = await browser.open(scene.url, {
      width,
      height: scene.heights[i]!,
      bypassCSP: true,
    });
    await drawn(page);
    await scene.prepare?.(page);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      const name = `${scene.name}-${screen}-${colorScheme}`;
      const shown = SHOWN.get(name);
      const path = shown === undefined ? `${folder}/${name}.png` : `${PICTURES}${shown}.png`;
      await page.screenshot({ path, animations: "disabled" });
      console.log(path);
    }
    await page.context().close();
  }
}
