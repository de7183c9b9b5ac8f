/**
 * A served page and what it shows.
 *
 * @module
 */

import { Tracker } from "../tracker/server.ts";
import { PageServer } from "./page_server.ts";
import type { Page, PageOptions } from "./serve_page.ts";
import { TrackerPage } from "./tracker_page.ts";
import { TransferPage } from "./transfer_page.ts";

/** Serves a page; see {@link servePage}. */
export async function makePage(
  { program, host = "127.0.0.1", port = 0 }: PageOptions,
): Promise<Page> {
  const source = program === "tracker" ? new TrackerPage() : new TransferPage(program);
  let server: PageServer;
  try {
    server = await PageServer.start(source, { host, port });
  } catch (error) {
    source.close();
    throw error;
  }
  const close = () => {
    source.close();
    return server.close();
  };
  return {
    url: server.url,
    onEvent: (event) => source instanceof TransferPage && source.overhear(event),
    show: (what) => {
      if (source instanceof TrackerPage && what instanceof Tracker) source.show(what);
      else if (source instanceof TransferPage && !(what instanceof Tracker)) source.show(what);
      else throw new TypeError(`this page is one of a ${program}, and shows nothing else`);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
