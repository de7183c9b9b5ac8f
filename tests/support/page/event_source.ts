/**
 * A reader of server-sent events, as a browser is one.
 * @module
 */

import type { PieceMap, Snapshot } from "../../../lib/ui/snapshot.ts";
import type { ListSnapshot } from "../../../lib/ui/torrents/list_snapshot.ts";

/** An event of the page. */
export type PageEvent =
  | { readonly name: "state"; readonly data: Snapshot }
  | { readonly name: "map"; readonly data: PieceMap }
  | { readonly name: "list"; readonly data: ListSnapshot };

/** The events in a stream, as they come. */
export async function* eventsIn(stream: ReadableStream<Uint8Array>): AsyncGenerator<PageEvent> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const parts = rest.split("\n\n");
    rest = parts.pop()!;
    for (const part of parts) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(part)!;
      yield { name, data: JSON.parse(data!) } as PageEvent;
    }
  }
}

/** Follows the events of a page until its scope ends. */
export class EventFollower implements AsyncDisposable {
  readonly #body: ReadableStream<Uint8Array>;
  readonly #events: AsyncGenerator<PageEvent>;
  readonly #abort: AbortController;

  private constructor({ body }: Response, abort: AbortController) {
    this.#body = body!;
    this.#events = eventsIn(this.#body);
    this.#abort = abort;
  }

  /** Opens `url` of a page, `http://127.0.0.1:port/`, and follows its events. */
  static async open(url: string, query = ""): Promise<EventFollower> {
    const abort = new AbortController();
    const address = new URL(`/api/events${query}`, url);
    const response = await fetch(address, { signal: abort.signal });
    if (response.ok) return new EventFollower(response, abort);
    throw new Error(`${response.status}: ${await response.text()}`);
  }

  /** The next event. */
  async next(): Promise<PageEvent> {
    const { value, done } = await this.#events.next();
    if (done) throw new Error("the stream has ended");
    return value;
  }

  /** The first state for which `fits` holds. */
  async state<T extends Snapshot = Snapshot>(fits: (snapshot: T) => boolean): Promise<T> {
    for (;;) {
      const event = await this.next();
      if (event.name === "state" && fits(event.data as T)) return event.data as T;
    }
  }

  /** The first map for which `fits` holds. */
  async map(fits: (map: PieceMap) => boolean): Promise<PieceMap> {
    for (;;) {
      const event = await this.next();
      if (event.name === "map" && fits(event.data)) return event.data;
    }
  }

  /** The first list, or news of it, for which `fits` holds. */
  async list(fits: (list: ListSnapshot) => boolean): Promise<ListSnapshot> {
    for (;;) {
      const event = await this.next();
      if (event.name === "list" && fits(event.data)) return event.data;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#events.return(undefined).catch(() => {});
    await this.#body.cancel().catch(() => {}); // where nothing was ever read
  }
}
