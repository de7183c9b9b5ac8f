/**
 * Torrents that are not there yet: their data is being hashed, or a tracker is asked for their name.
 * Only events tell of them.
 *
 * @module
 */

import type { TransferEvent } from "../../session/events.ts";
import type { Preparation } from "./torrent_row.ts";

/** One of which nothing is heard for so long has been given up. */
const FORGOTTEN_MS = 60_000;

interface Entry {
  /** The last event of each type. */
  readonly events: Map<TransferEvent["type"], TransferEvent>;
  heardMs: number;
}

/** The torrents under preparation, by number. */
export class Preparations {
  readonly #entries = new Map<number, Entry>();

  /** The only one; `undefined` when there are several, or none. */
  get onlyId(): number | undefined {
    return this.#entries.size === 1 ? this.#entries.keys().next().value : undefined;
  }

  /** How many there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** Takes an event of a torrent that is not there yet. */
  note(id: number, event: TransferEvent, nowMs = performance.now()): void {
    if (event.type !== "hashing" && event.type !== "lookup") return;
    const entry = this.#entries.get(id) ?? { events: new Map(), heardMs: 0 };
    entry.events.set(event.type, event);
    entry.heardMs = nowMs;
    this.#entries.set(id, entry);
  }

  /** What has been heard of a torrent. */
  heardOf(id: number): Iterable<TransferEvent> {
    return this.#entries.get(id)?.events.values() ?? [];
  }

  /** Drops a torrent that has arrived. */
  delete(id: number): void {
    this.#entries.delete(id);
  }

  /** Drops torrents that have arrived unnoticed, or are not heard of any more. */
  sweep(arrived: ReadonlySet<number>, nowMs = performance.now()): void {
    for (const [id, { heardMs }] of this.#entries) {
      if (arrived.has(id) || nowMs - heardMs > FORGOTTEN_MS) this.#entries.delete(id);
    }
  }

  /** How far all of them are together; `undefined` when there are none. */
  sum(): Preparation | undefined {
    if (this.#entries.size === 0) return undefined;
    const sum = { count: this.#entries.size, doneBytes: 0, totalBytes: 0 };
    for (const { events } of this.#entries.values()) {
      const hashing = events.get("hashing");
      if (hashing?.type !== "hashing") continue;
      sum.doneBytes += hashing.doneBytes;
      sum.totalBytes += hashing.totalBytes;
    }
    return sum;
  }
}
