/**
 * The torrents whose own page somebody looks at. Their rates are noted once a second; those of the others
 * are not.
 *
 * @module
 */

import type { TransferEvent } from "../../session/events.ts";
import type { WatchedTransfer } from "../watched_transfer.ts";

const SAMPLE_MS = 1000;
/** A torrent is watched for so long after the last look at it. */
const KEPT_MS = 60_000;
/** The most torrents to watch: as many as there can be readers. */
export const MAX_WATCHED = 50;

interface Entry {
  readonly watched: WatchedTransfer;
  lookedMs: number;
}

/** The watched torrents, by number. */
export class WatchedTorrents {
  readonly #entries = new Map<number, Entry>(); // the longest unseen first
  readonly #isKept: (id: number) => boolean;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param isKept whether a torrent is watched even if nobody looks at it */
  constructor(isKept: (id: number) => boolean) {
    this.#isKept = isKept;
  }

  /** Whether this torrent is watched. */
  has(id: number): boolean {
    return this.#entries.has(id);
  }

  /** A look at this torrent, which `make` starts to watch if it is not watched yet. */
  watch(id: number, make: () => WatchedTransfer): WatchedTransfer {
    const watched = this.#entries.get(id)?.watched ?? make();
    this.#entries.delete(id);
    this.#entries.set(id, { watched, lookedMs: performance.now() });
    if (this.#entries.size > MAX_WATCHED) this.delete(this.#entries.keys().next().value!);
    this.#timer ??= setInterval(() => this.#sample(), SAMPLE_MS);
    return watched;
  }

  /** Takes an event of a torrent, which may be watched. */
  note(id: number, event: TransferEvent): void {
    this.#entries.get(id)?.watched.onEvent(event);
  }

  /** Watches this torrent no longer. */
  delete(id: number): void {
    this.#entries.delete(id);
    if (this.#entries.size === 0) this.close();
  }

  /** Stops the timer. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #sample(): void {
    const oldestMs = performance.now() - KEPT_MS;
    for (const [id, { watched, lookedMs }] of this.#entries) {
      if (lookedMs < oldestMs && !this.#isKept(id)) this.delete(id);
      else watched.sample();
    }
  }
}
