/**
 * Events as a stream to read in a loop.
 *
 * @module
 */

/** The most events that wait for a slow reader; then it loses the oldest. */
export const MAX_WAITING_EVENTS = 10_000;

/** A queue of events for one reader, which ends when it is closed or the reader stops. */
export class EventQueue<E> implements AsyncIterableIterator<E, undefined> {
  readonly #waiting: E[] = [];
  readonly #onEnd: () => void;
  /** Calls of {@link next} that wait. */
  #wakes: (() => void)[] = [];
  #isClosed = false;

  /** @param onEnd called once, when the reader stops or the queue is closed */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  /** Adds an event. */
  push(event: E): void {
    if (this.#isClosed) return;
    if (this.#waiting.length >= MAX_WAITING_EVENTS) this.#waiting.shift();
    this.#waiting.push(event);
    this.#wakeReaders();
  }

  /** Ends the stream once what waits has been read. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onEnd();
    this.#wakeReaders();
  }

  /** The next event. */
  async next(): Promise<IteratorResult<E, undefined>> {
    while (this.#waiting.length === 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => this.#wakes.push(resolve));
    }
    if (this.#waiting.length === 0) return { done: true, value: undefined };
    return { done: false, value: this.#waiting.shift()! };
  }

  /** The reader stops. */
  return(): Promise<IteratorResult<E, undefined>> {
    this.#waiting.length = 0;
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** It can be read once. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  #wakeReaders(): void {
    for (const wake of this.#wakes.splice(0)) wake();
  }
}
