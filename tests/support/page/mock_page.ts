/**
 * The page with made-up state behind it: what real programs show only rarely, or after hours.
 * @module
 */

import { PageServer } from "../../../lib/ui/page_server.ts";
import type { PageSource, PieceMap, Query, Snapshot } from "../../../lib/ui/snapshot.ts";
import type { ListView } from "../../../lib/ui/torrents/list_snapshot.ts";

/** A served page whose state is what a test says. */
export class MockPage implements AsyncDisposable {
  /** What readers are told from now on. */
  snapshot: Snapshot;
  map: PieceMap | undefined;
  /** What was asked last. */
  question: Query | undefined;
  /** What a tab has dismissed: a swarm, and one address of it or all. */
  readonly dismissed: [swarm: string, address: string | undefined][] = [];
  #server: PageServer | undefined;
  #listed: Snapshot | undefined;
  #revision = 0;

  private constructor(snapshot: Snapshot, map: PieceMap | undefined) {
    this.snapshot = snapshot;
    this.map = map;
  }

  /** Serves it on a port of 127.0.0.1, by default a free one. */
  static async serve(snapshot: Snapshot, map?: PieceMap, port = 0): Promise<MockPage> {
    const page = new MockPage(snapshot, map);
    const source: PageSource = {
      view: () => ({
        snapshot: (question) => {
          page.question = question;
          return page.snapshot;
        },
        map: () => page.map,
        list: () => page.#list(),
      }),
      dismiss: (...what) => page.dismissed.push(what),
      close: () => {},
    };
    page.#server = await PageServer.start(source, { host: "127.0.0.1", port });
    return page;
  }

  get url(): string {
    return this.#server!.url;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** How many tabs follow it. */
  get readers(): number {
    return this.#server!.readers;
  }

  /** A list has another revision with every change. */
  #list(): ListView | undefined {
    const { snapshot } = this;
    if (snapshot.program !== "client") return undefined;
    if (snapshot !== this.#listed) this.#revision++;
    this.#listed = snapshot;
    return { revision: this.#revision, since: () => snapshot };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server!.close();
  }
}
