/**
 * The page of a leecher or a seeder.
 *
 * @module
 */

import type { TransferEvent } from "../session/events.ts";
import type { PageSource, PageView } from "./snapshot.ts";
import { type TransferHandle, WatchedTransfer } from "./watched_transfer.ts";

const SAMPLE_MS = 1000;

/** The page of one transfer, from before it starts. */
export class TransferPage implements PageSource {
  readonly #watched: WatchedTransfer;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(program: "leecher" | "seeder") {
    this.#watched = new WatchedTransfer(program);
    this.#timer = setInterval(() => this.#watched.sample(), SAMPLE_MS);
  }

  /** Reads the figures of this transfer from now on. */
  show(transfer: TransferHandle): void {
    this.#watched.show(transfer);
  }

  /** Takes an event of the transfer. */
  onEvent(event: TransferEvent): void {
    this.#watched.onEvent(event);
  }

  view(): PageView {
    return this.#watched.view();
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
