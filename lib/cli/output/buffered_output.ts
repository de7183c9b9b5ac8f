/**
 * A stream written to in the background, in order: a reader that is slow or stuck holds up nobody but
 * itself.
 *
 * @module
 */

/** What an {@link BufferedOutput} writes to, such as `Deno.stdout`. */
export interface ByteSink {
  /** Writes some of `bytes` and says how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/**
 * More than this waits only of what must not be lost. A pipe of Linux holds 64 KiB; twice that beside
 * it outlasts a reader that is busy for a moment.
 */
const FULL_LENGTH = 128 * 1024;
/**
 * Written at once: enough to spare calls, and little enough that it shows that a slow reader does read,
 * and that what has waited long can still be taken back.
 */
const WRITE_LENGTH = 16 * 1024;
const RETRY_MS = 5;

/** A text on its way; {@link BufferedOutput.withdraw} takes it back while it has not left. */
export interface Parcel {
  readonly sink: ByteSink;
  text: string;
}

/** Writes texts one after the other, to one stream or to two that share a terminal. */
export class BufferedOutput {
  readonly #queue: Parcel[] = [];
  readonly #encoder = new TextEncoder();
  readonly #onFailure: (error: unknown) => void;
  #waitingLength = 0;
  #working: Promise<void> | undefined;
  #failed = false;
  #writes = 0;

  /** `onFailure` hears once that writing is over for good, such as that the pipe is broken. */
  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** Whether all is written. */
  get isIdle(): boolean {
    return this.#working === undefined;
  }

  /** Whether so much waits that what can be spared should be. */
  get isFull(): boolean {
    return this.#waitingLength >= FULL_LENGTH;
  }

  /** Writes all of `text` to `sink` when its turn has come. */
  put(sink: ByteSink, text: string): Parcel {
    const parcel = { sink, text };
    if (this.#failed || text === "") return parcel;
    this.#queue.push(parcel);
    this.#waitingLength += text.length;
    this.#working ??= this.#work();
    return parcel;
  }

  /** Takes `parcel` back, if it has not left yet. */
  withdraw(parcel: Parcel): void {
    const place = this.#queue.indexOf(parcel);
    if (place === -1) return;
    this.#queue.splice(place, 1);
    this.#waitingLength -= parcel.text.length;
  }

  /** Resolves when all is written, nobody reads any more, or nothing was taken for `patienceMs`. */
  async flush(patienceMs = Infinity): Promise<void> {
    while (this.#working !== undefined) {
      const before = this.#writes;
      await firstOf(this.#working, patienceMs);
      if (this.#working !== undefined && this.#writes === before) return;
    }
  }

  async #work(): Promise<void> {
    await undefined; // what is put in the same turn leaves together
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

  /** What is next for one sink; it can no longer be taken back. */
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
        // Another program has made the shared terminal or pipe non-blocking, and it is full just now.
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
