/**
 * A served page and what it shows.
 *
 * @module
 */

import type { Leecher } from "../client/leecher.ts";
import type { Seeder } from "../client/seeder.ts";
import type { TransferListener } from "../session/events.ts";
import { Tracker } from "../tracker/server.ts";
import { PageServer } from "./page_server.ts";
import type { TorrentCollection } from "./torrents/collection.ts";
import { CollectionPage } from "./torrents/collection_page.ts";
import { TrackerPage } from "./tracker_page.ts";
import { TransferPage } from "./transfer_page.ts";

type Source = TrackerPage | TransferPage | CollectionPage;
type Shown = Leecher | Seeder | Tracker | TorrentCollection;

/** Serves a page; see {@link servePage}. */
export async function makePage(
  { program, host = "127.0.0.1", port = 0 }: PageOptions,
): Promise<Page> {
  let source: Source = program === "tracker" ? new TrackerPage() : new TransferPage(program);
  let server: PageServer;
  try {
    // What a seeder or a leecher shows may change to a list of torrents; a tracker stays one.
    const current = { view: () => source.view(), close: () => source.close() };
    const served = source instanceof TrackerPage ? source : current;
    server = await PageServer.start(served, { host, port });
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
    onEvent: (event) => {
      if (source instanceof TransferPage) source.onEvent(event);
    },
    show: (what) => {
      source = sourceOf(what, program, source);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The source that shows this: the present one, or for a client another in its place. */
function sourceOf(what: Shown, program: PageOptions["program"], source: Source): Source {
  if (source instanceof TrackerPage && what instanceof Tracker) source.show(what);
  else if (program === "tracker" || what instanceof Tracker) {
    throw new TypeError(`this page is one of a ${program}, and shows nothing else`);
  } else if ("torrents" in what) {
    source.close();
    return new CollectionPage(program, what);
  } else if (source instanceof TransferPage) source.show(what);
  else throw new TypeError("this page shows several torrents already");
  return source;
}

/** What a page shows, and where it is served. */
export interface PageOptions {
  /** The kind of program it will show. A client is one or the other, by what it begins with. */
  readonly program: "leecher" | "seeder" | "tracker";
  /** IP address to listen on; default 127.0.0.1, which only this machine can reach. */
  readonly host?: string;
  /** TCP port; default: any free one. */
  readonly port?: number;
}

/** A page that is being served. The caller closes it. */
export interface Page extends AsyncDisposable {
  /** The address to open. Unless the page is bound to loopback it contains the token that lets a reader in. */
  readonly url: string;
  /**
   * Takes the events of a leecher or a seeder; hand it over as their option `onEvent`. The page knows the
   * progress of hashing, and which pieces failed, from these events only.
   */
  readonly onEvent: TransferListener;
  /**
   * Shows this from now on: its figures are read about once a second while a browser looks at them. A
   * client's torrents are a list, and each has a page of its own; `onEvent` is not needed then.
   */
  show(what: Leecher | Seeder | Tracker | TorrentCollection): void;
  /** Ends all connections and frees the port. The transfer or tracker goes on. */
  close(): Promise<void>;
}
