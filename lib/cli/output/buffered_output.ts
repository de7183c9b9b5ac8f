/**
 * A stream written in the background, in order, so that a slow or stuck reader delays only itself.
 *
 * @module
 */

/** The destination of a {@link BufferedOutput}, such as `Deno.stdout`. */
export interface ByteSink {
  /** Writes some of `bytes` and returns how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/**
 * Beyond this, only what must not be lost is queued. A Linux pipe holds 64 KiB; twice that in addition
 * covers a reader that is busy for a moment.
 */
const FULL_LENGTH = 128 * 1024;
/** Beyond this, only the last words are queued: a reader that reads nothing must not fill the memory. */
const STUCK_LENGTH = 64 * 1024 * 1024;
/**
 * Bytes per write: large enough to save calls, small enough to see that a slow reader makes progress and to
 * withdraw what has waited long.
 */
const WRITE_LENGTH = 16 * 1024;
const RETRY_MS = 5;

/** A queued text; {@link BufferedOutput.withdraw} removes it if it has not been written. */
export interface Parcel {
  readonly sink: ByteSink;
  text: string;
}

/** Writes texts in order, to one stream or to two that share a terminal. */
export class BufferedOutput {
  readonly #queue: Parcel[] = [];
  readonly #encoder = new TextEncoder();
  readonly #onFailure: (error: unknown) => void;
  #waitingLength = 0;
  #working: Promise<void> | undefined;
  #failed = false;
  #writes = 0;

  /** Calls `onFailure` once when writing has failed for good, for example because the pipe is broken. */
  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** Whether everything is written. */
  get isIdle(): boolean {
    return this.#working === undefined;
  }

  /** Whether so much is queued that dispensable output should be skipped. */
  get isFull(): boolean {
    return this.#waitingLength >= FULL_LENGTH;
  }

  /** Whether so much is queued that nobody seems to read. */
  get isStuck(): boolean {
    return this.#waitingLength >= STUCK_LENGTH;
  }

  /** Queues all of `text` for `sink`. */
  put(sink: ByteSink, text: string): Parcel {
    const parcel = { sink, text };
    if (this.#failed || text === "") return parcel;
    this.#queue.push(parcel);
    this.#waitingLength += text.length;
    this.#working ??= this.#work();
    return parcel;
  }

  /** Removes `parcel` if it has not been written. */
  withdraw(parcel: Parcel): void {
    const place = this.#queue.indexOf(parcel);
    if (place === -1) return;
    this.#queue.splice(place, 1);
    this.#waitingLength -= parcel.text.length;
  }

  /** Resolves when everything is written, the reader is gone, or has read nothing for `patienceMs`. */
  async flush(patienceMs = Infinity): Promise<void> {
    while (this.#working !== undefined) {
      const before = this.#writes;
      await firstOf(this.#working, patienceMs);
      if (this.#working !== undefined && this.#writes === before) return;
    }
  }

  async #work(): Promise<void> {
    await undefined; // texts queued in the same turn are written together
    try {
      while (this.#queue.length > 0) {
        const { sink, text } = this.#take();
        await this.#writeAll(sink, this.#encoder.encode(text));
      }
    } catch (error) {
      this.#failed = true;
      this.#queue.length = 0;
      this.#waitingLength = 0;
      this.#onFailure(error);
    }
    this.#working = undefined;
  }

  /** The next texts for one sink, joined; they can no longer be withdrawn. */
  #take(): Parcel {
    const { sink } = this.#queue[0]!;
    let text = "";
    let end = 0;
    while (this.#queue[end]?.sink === sink && text.length < WRITE_LENGTH) {
      text += this.#queue[end++]!.text;
    }
    this.#queue.splice(0, end);
    this.#waitingLength -= text.length;
    return { sink, text };
  }

  async #writeAll(sink: ByteSink, bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) {
      try {
        rest = rest.subarray(await sink.write(rest.subarray(0, WRITE_LENGTH)));
        this.#writes++;
      } catch (error) {
        // Another program made the shared terminal or pipe non-blocking, and it is full right now.
        if (!(error instanceof Deno.errors.WouldBlock)) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}

async function firstOf(promise: Promise<void>, patienceMs: number): Promise<void> {
  if (patienceMs === Infinity) return await promise;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<void>((resolve) => timer = setTimeout(resolve, patienceMs));
  await Promise.race([promise, timeout]).finally(() => clearTimeout(timer));
}
