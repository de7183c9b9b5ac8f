/**
 * Who is to be asked for more at the next settling.
 *
 * A connection is hungry when something changed for it: a block came, it serves us, it has a new piece.
 * One that was settled and found nothing to ask for waits, until something is free that was not before:
 * a place in the piece memory, or blocks that another peer owes no longer. Then not all who wait are
 * looked at again, but the first few, and one more for each that finds something. So an event costs as
 * much as comes of it, however many wait. Where others may have been left out, all have their turn at
 * the next tick.
 *
 * @module
 */

import type { Connection } from "./connection.ts";

/** So many of those who wait are tried in vain before the others are left to the next tick. */
const TRIES = 4;

/** The line of those who may want more requests. */
export class ReadyQueue {
  readonly #hungry: (Connection | undefined)[] = [];
  #first = 0; // of #hungry that has not been taken
  #end = 0; // of #hungry: what lies behind means nothing
  /** Who found nothing, as a rule longest ago first; and some who wait no longer. */
  readonly #line: Connection[] = [];
  /** Who was taken last, if it had waited. */
  #tried: Connection | undefined;
  #tries = 0;
  #someLeftOut = false;

  /** Something changed for the connection. */
  enqueue(connection: Connection): void {
    if (connection.isQueued) return;
    connection.isQueued = true;
    connection.isWaiting = false;
    this.#hungry[this.#end++] = connection;
  }

  /** The next one to settle, until `undefined`. It is not hungry any more. */
  next(): Connection | undefined {
    this.#tried = undefined;
    while (this.#first < this.#end) {
      const connection = this.#hungry[this.#first]!;
      this.#hungry[this.#first++] = undefined;
      if (!connection.isQueued) continue; // it was removed
      connection.isQueued = false;
      return connection;
    }
    this.#first = this.#end = 0;
    return this.#nextToTry();
  }

  /** The connection could owe us more, but there is nothing to ask it for. */
  markIdle(connection: Connection): void {
    connection.isWaiting = true;
    if (connection.isInLine) return;
    connection.isInLine = true;
    this.#line.push(connection);
  }

  /** The connection was asked for something; where it had waited, others may find something as well. */
  markBusy(connection: Connection): void {
    if (connection === this.#tried) this.#tries++;
  }

  /** Something became free that any of those who wait might be asked for. */
  wakeSome(): void {
    this.#tries = Math.max(this.#tries, TRIES);
    if (this.#line.length > TRIES) this.#someLeftOut = true;
  }

  /** Something changed for all who wait. */
  wakeAll(): void {
    for (const connection of this.#line.splice(0)) {
      connection.isInLine = false;
      if (connection.isWaiting) this.enqueue(connection);
    }
  }

  /** Time passed: those who were left out have their turn. */
  tick(): void {
    if (this.#someLeftOut) this.wakeAll();
    this.#someLeftOut = false;
  }

  /** The connection is gone, or is not to be settled before something changes for it. */
  remove(connection: Connection): void {
    connection.isQueued = false;
    connection.isWaiting = false;
  }

  #nextToTry(): Connection | undefined {
    while (this.#tries > 0) {
      const first = this.#line.shift();
      if (first === undefined) break;
      first.isInLine = false;
      if (!first.isWaiting) continue;
      first.isWaiting = false;
      this.#tries--;
      this.#tried = first;
      return first;
    }
    this.#tries = 0;
    return undefined;
  }
}
