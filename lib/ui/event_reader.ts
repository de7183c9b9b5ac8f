/**
 * One reader of the events: what is on its way to it, and never more than the newest of each kind.
 *
 * @module
 */

/** The kinds of events a page gets. */
export type EventName = "state" | "map";

/** What of one kind a reader was told last. */
interface Told {
  /** What it comes down to. */
  readonly essence: string;
  readonly atMs: number;
}

/** A reader. Its memory does not grow when it does not read. */
export class EventReader {
  /** What goes to the browser. */
  readonly stream: ReadableStream<Uint8Array>;
  readonly #pending = new Map<EventName, Uint8Array>();
  readonly #told = new Map<EventName, Told>();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #wanted: (() => void) | undefined;
  #stalledSinceMs: number | undefined;

  /** `onGone` is called when the browser has left. */
  constructor(onGone: () => void) {
    this.stream = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#pull(),
      cancel: () => {
        this.#end();
        onGone();
      },
    }, { highWaterMark: 0 });
  }

  /** Since when something has waited to be read, if something does. */
  get stalledSinceMs(): number | undefined {
    return this.#stalledSinceMs;
  }

  /** Whether something that comes down to `essence` is news, or the last word of its kind is old. */
  needs(name: EventName, essence: string, oldestMs: number): boolean {
    const told = this.#told.get(name);
    return told === undefined || told.essence !== essence || told.atMs <= oldestMs;
  }

  /** Takes the place of what of this kind has not been read yet. */
  offer(name: EventName, event: Uint8Array, essence: string, nowMs: number): void {
    if (this.#controller === undefined) return;
    this.#told.set(name, { essence, atMs: nowMs });
    this.#pending.set(name, event);
    if (this.#wanted === undefined) this.#stalledSinceMs ??= nowMs;
    else this.#flush();
  }

  /** Ends the stream. */
  close(): void {
    const controller = this.#controller;
    this.#end();
    controller?.close();
  }

  /** The browser takes more: at once, or as soon as there is something. */
  #pull(): Promise<void> | undefined {
    if (this.#pending.size > 0) return void this.#flush();
    const wanted = Promise.withResolvers<void>();
    this.#wanted = wanted.resolve;
    return wanted.promise;
  }

  #flush(): void {
    for (const event of this.#pending.values()) this.#controller?.enqueue(event);
    this.#pending.clear();
    this.#stalledSinceMs = undefined;
    this.#wanted?.();
    this.#wanted = undefined;
  }

  #end(): void {
    this.#controller = undefined;
    this.#pending.clear();
    this.#wanted?.();
    this.#wanted = undefined;
  }
}
