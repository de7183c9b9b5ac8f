/**
 * A limit on all messages of this program that wait for peers to read them.
 *
 * Each connection has its own limit, but a hundred connections just below it would still fill the memory. So
 * all connections of all torrents share this one. When it is used up, the connection with the most waiting
 * data is closed.
 *
 * @module
 */

/** Maximum number of waiting bytes in total. Peers decide how much of it they leave unread. */
const MAX_WAITING_BYTES = 24 * 1024 * 1024;

/**
 * Size of a large buffer: the longest answer plus the earlier answers that a peer may leave unread.
 * Allocating one per answer would produce garbage faster than it is collected.
 */
const LARGE_BUFFER_BYTES = 336 * 1024;
/** Number of large buffers kept for reuse. */
const KEPT_BUFFERS = 16;

/** A connection with waiting messages. */
export interface Waiter {
  /** Number of bytes waiting. */
  readonly waitingBytes: number;
  /** Called when the budget is exceeded and this connection has the most bytes waiting. */
  overflow(): void;
}

/** Tracks all waiting bytes and the connections they belong to. */
export class SendBudget {
  readonly #most: number;
  readonly #waiters = new Set<Waiter>();
  readonly #buffers: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  /** @param mostBytes The limit. */
  constructor(mostBytes: number = MAX_WAITING_BYTES) {
    this.#most = mostBytes;
  }

  /** Whether more than half of the budget is used, in which case no more work should be taken on. */
  get isShort(): boolean {
    return this.#bytes * 2 > this.#most;
  }

  /** Reports that the bytes waiting for a peer changed by this amount, up or down. */
  changed(waiter: Waiter, bytes: number): void {
    this.#bytes += bytes;
    if (waiter.waitingBytes === 0) this.#waiters.delete(waiter);
    else if (bytes > 0) this.#waiters.add(waiter);
    while (this.#bytes > this.#most && bytes > 0) this.#makeRoom();
  }

  /** Returns a buffer of at least this many bytes. */
  acquire(bytes: number): Uint8Array<ArrayBuffer> {
    if (bytes * 4 < LARGE_BUFFER_BYTES || bytes > LARGE_BUFFER_BYTES) return new Uint8Array(bytes);
    return this.#buffers.pop() ?? new Uint8Array(LARGE_BUFFER_BYTES);
  }

  /** Returns a buffer for reuse. */
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

/** The budget shared by all connections of this program. */
export const programBudget: SendBudget = new SendBudget();
