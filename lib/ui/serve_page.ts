/**
 * Serves a page that shows a transfer or a tracker in a browser.
 *
 * This file is small because every program loads it. The page and its server are loaded at the first call.
 *
 * @module
 */

import type { Page, PageOptions } from "./make_page.ts";

/**
 * Serves a page that shows a leecher, a seeder, a tracker, or a client with all its torrents as it runs. The
 * page changes nothing, except that a tracker's can hide machines that have left, and loads nothing from
 * other hosts. Requests with a foreign `Host` or `Origin` header are refused.
 *
 * @example
 * ```ts
 * import { Leecher, servePage } from "@shoal/shoal";
 *
 * await using page = await servePage({ program: "leecher" });
 * await using leecher = await Leecher.start("file.iso", { onEvent: page.onEvent });
 * page.show(leecher);
 * console.log(`watch it at ${page.url}`);
 * await leecher.complete;
 * ```
 *
 * @throws {NetworkError} when the port is taken; {OptionError} when this machine does not have the address
 */
export async function servePage(options: PageOptions): Promise<Page> {
  const { makePage } = await import("./make_page.ts");
  return await makePage(options);
}
