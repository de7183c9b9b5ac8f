/**
 * One bound on all messages of this program that wait for peers to read them.
 *
 * Each connection has a bound of its own, but a hundred that stay just below it would still fill the
 * memory. So all of them share this one, whatever torrent they are of; when it is used up, whoever holds
 * most of it has to go.
 *
 * @module
 */

/** Messages that may wait in all, in bytes. Strangers decide how much of it they leave unread. */
const MAX_WAITING_BYTES = 24 * 1024 * 1024;

/**
 * What a large buffer holds: the longest answer, and those before it that a peer may leave unread. New
 * ones for each answer would be garbage faster than it is collected.
 */
const LARGE_BUFFER_BYTES = 336 * 1024;
/** How many large buffers are kept when nobody needs them. */
const KEPT_BUFFERS = 16;

/** Messages that wait for one peer. */
export interface Waiter {
  /** How many bytes they have. */
  readonly waitingBytes: number;
  /** It holds most of all, and there is no room. */
  overflow(): void;
}

/** What waits in all, and for whom. */
export class SendBudget {
  readonly #most: number;
  readonly #waiters = new Set<Waiter>();
  readonly #buffers: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  /** Nothing waits. */
  constructor(mostBytes: number = MAX_WAITING_BYTES) {
    this.#most = mostBytes;
  }

  /** More than half of it is used up: nobody is to be given more reason to wait. */
  get isShort(): boolean {
    return this.#bytes * 2 > this.#most;
  }

  /** So many bytes more wait for a peer, or fewer. */
  changed(waiter: Waiter, bytes: number): void {
    this.#bytes += bytes;
    if (waiter.waitingBytes === 0) this.#waiters.delete(waiter);
    else if (bytes > 0) this.#waiters.add(waiter);
    while (this.#bytes > this.#most && bytes > 0) this.#makeRoom();
  }

  /** A buffer for so many bytes or more. */
  acquire(bytes: number): Uint8Array<ArrayBuffer> {
    if (bytes * 4 < LARGE_BUFFER_BYTES || bytes > LARGE_BUFFER_BYTES) return new Uint8Array(bytes);
    return this.#buffers.pop() ?? new Uint8Array(LARGE_BUFFER_BYTES);
  }

  /** A buffer is not needed any more. */
  release(buffer: Uint8Array<ArrayBuffer>): void {
    const isKept = buffer.length === LARGE_BUFFER_BYTES && this.#buffers.length < KEPT_BUFFERS;
    if (isKept) this.#buffers.push(buffer);
  }

  #makeRoom(): void {
    let [most] = this.#waiters;
    for (const waiter of this.#waiters) {
      if (waiter.waitingBytes > most!.waitingBytes) most = waiter;
    }
    most!.overflow();
  }
}

/** The one that all connections of this program share. */
export const programBudget: SendBudget = new SendBudget();
