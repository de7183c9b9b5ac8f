/**
 * One reader of the event stream. Only the newest event of each kind waits for it.
 *
 * @module
 */

/** The kinds of events a page gets. */
export type EventName = "state" | "map" | "list";

/** A page shows either a state with its map or a list, so that each makes the other obsolete. */
const REPLACES: Readonly<Record<EventName, readonly EventName[]>> = {
  state: ["list"],
  map: [],
  list: ["state", "map"],
};

/** The last event of a kind that was offered to a reader. */
interface Sent {
  /** See {@link EventReader.offer}. */
  readonly key: string;
  readonly atMs: number;
}

/** A reader. One that does not read needs no more memory with time. */
export class EventReader {
  /** The body of the response. */
  readonly stream: ReadableStream<Uint8Array>;
  readonly #pending = new Map<EventName, { readonly event: Uint8Array; readonly key: string }>();
  readonly #delivered = new Map<EventName, string>();
  readonly #sent = new Map<EventName, Sent>();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #pulled: (() => void) | undefined;
  #stalledSinceMs: number | undefined;

  /** @param onCancel called when the browser has closed the stream */
  constructor(onCancel: () => void) {
    this.stream = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#pull(),
      cancel: () => {
        this.#end();
        onCancel();
      },
    }, { highWaterMark: 0 });
  }

  /** Since when an event has been waiting; `undefined` when none is. */
  get stalledSinceMs(): number | undefined {
    return this.#stalledSinceMs;
  }

  /** The key of the last event of this kind that the browser has taken; `undefined` before the first. */
  delivered(name: EventName): string | undefined {
    return this.#delivered.get(name);
  }

  /** Whether an event with this key is new to the reader, or the last one of its kind is too old. */
  needs(name: EventName, key: string, oldestMs: number): boolean {
    const sent = this.#sent.get(name);
    return sent === undefined || sent.key !== key || sent.atMs <= oldestMs;
  }

  /**
   * Sends an event, in place of one of its kind that is still waiting.
   *
   * @param key what the event says, without what changes all the time; see {@link needs}
   */
  offer(name: EventName, event: Uint8Array, key: string, nowMs: number): void {
    if (this.#controller === undefined) return;
    for (const other of REPLACES[name]) {
      this.#sent.delete(other);
      this.#pending.delete(other);
    }
    this.#sent.set(name, { key, atMs: nowMs });
    this.#pending.set(name, { event, key });
    if (this.#pulled === undefined) this.#stalledSinceMs ??= nowMs;
    else this.#flush();
  }

  /** Ends the stream. */
  close(): void {
    const controller = this.#controller;
    this.#end();
    controller?.close();
  }

  /** The browser is ready for more. */
  #pull(): Promise<void> | undefined {
    if (this.#pending.size > 0) return void this.#flush();
    const pulled = Promise.withResolvers<void>();
    this.#pulled = pulled.resolve;
    return pulled.promise;
  }

  #flush(): void {
    for (const [name, { event, key }] of this.#pending) {
      this.#controller?.enqueue(event);
      this.#delivered.set(name, key);
    }
    this.#pending.clear();
    this.#stalledSinceMs = undefined;
    this.#pulled?.();
    this.#pulled = undefined;
  }

  #end(): void {
    this.#controller = undefined;
    this.#pending.clear();
    this.#pulled?.();
    this.#pulled = undefined;
  }
}
