/**
 * A page on which a transfer or a tracker can be watched in a browser.
 *
 * This file is what everybody loads; the page itself, its files and its server, comes with the first call.
 *
 * @module
 */

import type { TransferListener } from "../session/events.ts";
import type { Leecher } from "../client/leecher.ts";
import type { Seeder } from "../client/seeder.ts";
import type { Tracker } from "../tracker/server.ts";

/** What a page is for, and where it is served. */
export interface PageOptions {
  /** What it will show. */
  readonly program: "leecher" | "seeder" | "tracker";
  /** IP address to listen on; default 127.0.0.1, so that it is seen on this machine only. */
  readonly host?: string;
  /** TCP port; default: any free one. */
  readonly port?: number;
}

/** A page that is served. Close it. */
export interface Page extends AsyncDisposable {
  /** Where it is found. Bound elsewhere than to loopback it has a token in it, without which nobody sees it. */
  readonly url: string;
  /** Hears what a leecher or a seeder tells while it starts, such as how far hashing is. */
  readonly onEvent: TransferListener;
  /** Shows this from now on. */
  show(what: Leecher | Seeder | Tracker): void;
  /** Ends all connections and frees the port; what it showed goes on. */
  close(): Promise<void>;
}

/**
 * Serves a page that shows a leecher, a seeder or a tracker: read-only, live, without anything from
 * elsewhere. Requests under a foreign `Host` or with a foreign `Origin` are refused.
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
