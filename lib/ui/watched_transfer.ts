/**
 * A leecher or a seeder as its page sees it. Events reach it through {@link WatchedTransfer.onEvent}
 * alone; figures are read from the transfer when they are asked for.
 *
 * @module
 */

import type { TransferDetails } from "../session/details.ts";
import type { TransferEvent, TransferStats } from "../session/events.ts";
import { pieceMap } from "./piece_map.ts";
import { History } from "./rate_history.ts";
import type { PieceMap, TransferSnapshot } from "./snapshot.ts";
import { transferSnapshot } from "./transfer_snapshot.ts";

/** How long the map marks a piece that failed its hash check. */
const FAILED_SHOWN_MS = 10_000;
/** The most failed pieces to remember: a file that was replaced loses thousands at once. */
const MAX_FAILED = 4000;

/** The part of a leecher or a seeder that its page reads. */
export interface TransferHandle {
  /** The TCP port it listens on. */
  readonly port: number;
  stats(): TransferStats;
  details(): TransferDetails;
}

const NO_STATS: TransferStats = {
  name: "",
  state: "lookup",
  totalBytes: 0,
  haveBytes: 0,
  downloadedBytes: 0,
  uploadedBytes: 0,
  wastedBytes: 0,
  downloadRate: 0,
  uploadRate: 0,
  pieces: 0,
  havePieces: 0,
  copies: 0,
  peers: { known: 0, connecting: 0, connected: 0, away: 0, banned: 0 },
  connections: [],
  sources: [],
};

/** One look at a transfer. */
export interface TransferLook {
  snapshot(query?: { readonly files?: number }): TransferSnapshot;
  map(): PieceMap | undefined;
}

/** What a page knows of one transfer. */
export class WatchedTransfer {
  readonly #program: "leecher" | "seeder";
  readonly #startMs = performance.now();
  readonly #history = new History();
  readonly #failed = new Map<number, number>(); // until when each is marked, oldest first
  #transfer: TransferHandle | undefined;
  #hashing: Extract<TransferEvent, { type: "hashing" }> | undefined;
  #name = "";
  #port = 0;

  constructor(program: "leecher" | "seeder") {
    this.#program = program;
  }

  /** Reads the figures of this transfer from now on. Until then the page shows what the events say. */
  show(transfer: TransferHandle): void {
    this.#transfer = transfer;
  }

  /** Looks at the transfer now. State and map of one look fit together. */
  view(): TransferLook {
    const details = this.#transfer?.details();
    const input = {
      program: this.#program,
      stats: this.#transfer?.stats() ?? this.#statsBeforeStart(),
      details,
      hashing: this.#hashing,
      port: this.#transfer?.port ?? this.#port,
      elapsedSeconds: Math.floor((performance.now() - this.#startMs) / 1000),
      history: this.#history.toJSON(),
    };
    return {
      snapshot: ({ files = 0 } = {}) => transferSnapshot({ ...input, skippedFiles: files }),
      map: () => details?.pieces && pieceMap(details.pieces, this.#recentlyFailed()),
    };
  }

  /** Takes an event of the transfer, from before it has started until its end. */
  onEvent(event: TransferEvent): void {
    switch (event.type) {
      case "hashing":
        this.#hashing = event.doneBytes < event.totalBytes ? event : undefined;
        return;
      case "lookup":
        this.#name = event.name;
        return;
      case "listening":
        this.#port = event.port;
        return;
      case "pieceFailed":
      case "pieceLost":
        return this.#markFailed(event.piece);
    }
  }

  /** Adds the present rates to the history. Call it once a second. */
  sample(): void {
    this.#history.sample(this.#transfer?.stats() ?? NO_STATS, performance.now());
  }

  #statsBeforeStart(): TransferStats {
    return {
      ...NO_STATS,
      name: this.#name,
      state: this.#hashing === undefined ? "lookup" : "hashing",
    };
  }

  #markFailed(piece: number): void {
    this.#failed.delete(piece);
    this.#failed.set(piece, performance.now() + FAILED_SHOWN_MS);
    if (this.#failed.size > MAX_FAILED) this.#failed.delete(this.#failed.keys().next().value!);
  }

  #recentlyFailed(): Iterable<number> {
    const nowMs = performance.now();
    for (const [piece, untilMs] of this.#failed) {
      if (untilMs > nowMs) break;
      this.#failed.delete(piece);
    }
    return this.#failed.keys();
  }
}
