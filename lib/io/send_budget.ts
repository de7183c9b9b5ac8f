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
const MAX_WAITING_BYTES = 32 * 1024 * 1024;

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
