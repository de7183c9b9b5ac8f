/**
 * A page on which a transfer or a tracker can be watched in a browser.
 *
 * This file is what everybody loads; the page itself, its files and its server, comes with the first call.
 *
 * @module
 */

import type { Page, PageOptions } from "./make_page.ts";

/**
 * Serves a page that shows a leecher, a seeder or a tracker: read-only, live, without anything from
 * elsewhere. Requests under a foreign `ActiveTorrent` or with a foreign `Origin` are refused.
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
 * @throws {NetworkError} when the port is taken; {OptionError} when the address is none of this machine
 */
export async function servePage(options: PageOptions): Promise<Page> {
  const { makePage } = await import("./make_page.ts");
  return await makePage(options);
}
