/**
 * A served page and what it shows.
 *
 * @module
 */

import { Tracker } from "../tracker/server.ts";
import { PageServer } from "./page_server.ts";
import { TrackerPage } from "./tracker_page.ts";
import { TransferPage } from "./transfer_page.ts";
import type { TransferListener } from "../session/events.ts";
import type { Leecher } from "../client/leecher.ts";
import type { Seeder } from "../client/seeder.ts";

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
    onEvent: (event) => source instanceof TransferPage && source.recordEvent(event),
    show: (what) => {
      if (source instanceof TrackerPage && what instanceof Tracker) source.show(what);
      else if (source instanceof TransferPage && !(what instanceof Tracker)) source.show(what);
      else throw new TypeError(`this page is one of a ${program}, and shows nothing else`);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

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
