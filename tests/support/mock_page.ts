/**
 * The page with made-up state behind it: what real programs show only rarely, or after hours.
 * @module
 */

import { PageServer } from "../../lib/ui/page_server.ts";
import type { PageSource, PieceMap, Question, Snapshot } from "../../lib/ui/snapshot.ts";

/** A served page whose state is what a test says. */
export class MockPage implements AsyncDisposable {
  /** What readers are told from now on. */
  snapshot: Snapshot;
  map: PieceMap | undefined;
  /** What was asked last. */
  question: Question | undefined;
  readonly #server: PageServer;

  /** Serves it on a port of 127.0.0.1, by default a free one. */
  constructor(snapshot: Snapshot, map?: PieceMap, port = 0) {
    this.snapshot = snapshot;
    this.map = map;
    const source: PageSource = {
      snapshot: (question) => {
        this.question = question;
        return this.snapshot;
      },
      map: () => this.map,
      close: () => {},
    };
    this.#server = new PageServer(source, { host: "127.0.0.1", port });
  }

  get url(): string {
    return this.#server.url;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** How many tabs follow it. */
  get readers(): number {
    return this.#server.readers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
  }
}
