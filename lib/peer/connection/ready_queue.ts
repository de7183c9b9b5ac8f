/**
 * The connections to poll for more requests.
 *
 * A connection is queued when something changed for it: a block arrived, the peer unchoked us, or it has a
 * new piece. A connection that was polled without finding a block to request is idle until something becomes
 * free: a slot of the piece memory, or blocks that another peer no longer owes. Then only the first few idle
 * connections are polled, and one more for each that finds something. So the cost of an event depends on its
 * effect, not on the number of idle connections. Any that were left out are polled at the next tick.
 *
 * @module
 */

import type { Connection } from "./connection.ts";

/** Idle connections to poll without success before the rest is left to the next tick. */
const TRIES = 4;

/** The connections that may want more requests. */
export class ReadyQueue {
  readonly #queued: (Connection | undefined)[] = [];
  #first = 0; // first entry of #queued that has not been taken
  #end = 0; // end of the used part of #queued
  /** Idle connections, usually in the order they became idle. May include some that are not idle any more. */
  readonly #idle: Connection[] = [];
  /** The connection taken last, if it had been idle. */
  #tried: Connection | undefined;
  #tries = 0;
  #someLeftOut = false;

  /** Queues a connection for which something changed. */
  enqueue(connection: Connection): void {
    if (connection.ready.isQueued) return;
    connection.ready.isQueued = true;
    connection.ready.isIdle = false;
    this.#queued[this.#end++] = connection;
  }

  /** Removes and returns the next connection to poll; `undefined` when there is none. */
  next(): Connection | undefined {
    this.#tried = undefined;
    while (this.#first < this.#end) {
      const connection = this.#queued[this.#first]!;
      this.#queued[this.#first++] = undefined;
      if (!connection.ready.isQueued) continue; // it was removed
      connection.ready.isQueued = false;
      return connection;
    }
    this.#first = this.#end = 0;
    return this.#nextToTry();
  }

  /** Marks a connection that could take more requests, but for which there is nothing to request. */
  markIdle(connection: Connection): void {
    connection.ready.isIdle = true;
    if (connection.ready.isInLine) return;
    connection.ready.isInLine = true;
    this.#idle.push(connection);
  }

  /** The connection got a request. If it had been idle, other idle ones may find something too. */
  markBusy(connection: Connection): void {
    if (connection === this.#tried) this.#tries++;
  }

  /** Polls some idle connections, because something became free that any of them might request. */
  wakeSome(): void {
    this.#tries = Math.max(this.#tries, TRIES);
    if (this.#idle.length > TRIES) this.#someLeftOut = true;
  }

  /** Queues all idle connections, because something changed for all of them. */
  wakeAll(): void {
    for (const connection of this.#idle.splice(0)) {
      connection.ready.isInLine = false;
      if (connection.ready.isIdle) this.enqueue(connection);
    }
  }

  /** Polls the idle connections that were left out. */
  tick(): void {
    if (this.#someLeftOut) this.wakeAll();
    this.#someLeftOut = false;
  }

  /** Removes a connection that is gone, or that is not to be polled before something changes for it. */
  remove(connection: Connection): void {
    connection.ready.isQueued = false;
    connection.ready.isIdle = false;
  }

  #nextToTry(): Connection | undefined {
    while (this.#tries > 0) {
      const first = this.#idle.shift();
      if (first === undefined) break;
      first.ready.isInLine = false;
      if (!first.ready.isIdle) continue;
      first.ready.isIdle = false;
      this.#tries--;
      this.#tried = first;
      return first;
    }
    this.#tries = 0;
    return undefined;
  }
}
