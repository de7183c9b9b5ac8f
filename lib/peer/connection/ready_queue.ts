/**
 * The connections to be asked for more at the next poll.
 *
 * A connection is queued when something changed for it: a block came, it serves us, it has a new piece.
 * One that was polled and found nothing to ask for is idle, until something is free that was not before:
 * a place in the piece memory, or blocks that another peer owes no longer. Then not all idle ones are
 * looked at again, but the first few, and one more for each that finds something. So an event costs as
 * much as comes of it, however many are idle. Where others may have been left out, all have their turn
 * at the next tick.
 *
 * @module
 */

import type { Connection } from "./connection.ts";

/** So many idle ones are tried in vain before the others are left to the next tick. */
const TRIES = 4;

/** The connections that may want more requests. */
export class ReadyQueue {
  readonly #queued: (Connection | undefined)[] = [];
  #first = 0; // of #queued that has not been taken
  #end = 0; // of #queued: what lies behind means nothing
  /** Those that found nothing, as a rule longest ago first; and some that are idle no longer. */
  readonly #idle: Connection[] = [];
  /** The one that was taken last, if it had been idle. */
  #tried: Connection | undefined;
  #tries = 0;
  #someLeftOut = false;

  /** Something changed for the connection. */
  enqueue(connection: Connection): void {
    if (connection.ready.isQueued) return;
    connection.ready.isQueued = true;
    connection.ready.isIdle = false;
    this.#queued[this.#end++] = connection;
  }

  /** The next one to poll, until `undefined`. It is queued no longer. */
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

  /** The connection could owe us more, but there is nothing to ask it for. */
  markIdle(connection: Connection): void {
    connection.ready.isIdle = true;
    if (connection.ready.isInLine) return;
    connection.ready.isInLine = true;
    this.#idle.push(connection);
  }

  /** The connection was asked for something; where it had been idle, others may find something as well. */
  markBusy(connection: Connection): void {
    if (connection === this.#tried) this.#tries++;
  }

  /** Something became free that any of the idle ones might be asked for. */
  wakeSome(): void {
    this.#tries = Math.max(this.#tries, TRIES);
    if (this.#idle.length > TRIES) this.#someLeftOut = true;
  }

  /** Something changed for all idle ones. */
  wakeAll(): void {
    for (const connection of this.#idle.splice(0)) {
      connection.ready.isInLine = false;
      if (connection.ready.isIdle) this.enqueue(connection);
    }
  }

  /** Time passed: those who were left out have their turn. */
  tick(): void {
    if (this.#someLeftOut) this.wakeAll();
    this.#someLeftOut = false;
  }

  /** The connection is gone, or is not to be polled before something changes for it. */
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
