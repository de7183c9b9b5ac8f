/**
 * A leecher or a seeder while it is watched: what it tells is kept for the page, from before it has
 * started.
 *
 * @module
 */

import type { TransferDetails } from "../session/details.ts";
import type { TransferEvent, TransferListener, TransferStats } from "../session/events.ts";
import { History } from "./rate_history.ts";
import { pieceMap } from "./piece_map.ts";
import type { PageSource, PieceMap, TransferSnapshot } from "./snapshot.ts";
import { transferSnapshot } from "./transfer_snapshot.ts";

const SAMPLE_MS = 1000;
/** So long a piece is shown as failed after it was. */
const FAILED_SHOWN_MS = 10_000;
/** So many failed pieces are remembered: a file that was replaced loses thousands at once. */
const MAX_FAILED = 4000;

/** What a page needs of a leecher or a seeder. */
export interface Watched {
  /** Where peers connect to. */
  readonly port: number;
  /** The figures of this moment. */
  stats(): TransferStats;
  /** A closer look. */
  details(): TransferDetails;
  /** Registers a listener; the returned function takes it back. */
  on(listener: TransferListener): () => void;
}

const NOTHING: TransferStats = {
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

/** The page of one transfer. */
export class TransferPage implements PageSource {
  readonly #program: "leecher" | "seeder";
  readonly #startMs = performance.now();
  readonly #history = new History();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #failed = new Map<number, number>(); // until when each is shown, oldest first
  #watched: Watched | undefined;
  #leave: (() => void) | undefined;
  #hashing: Extract<TransferEvent, { type: "hashing" }> | undefined;
  #name = "";
  #port = 0;

  /** Nothing has started yet; {@link recordEvent} is to be told what happens until {@link show}. */
  constructor(program: "leecher" | "seeder") {
    this.#program = program;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  /** From now on this transfer is shown. */
  show(watched: Watched): void {
    this.#leave?.();
    this.#watched = watched;
    this.#leave = watched.on((event) => this.#hear(event));
  }

  /** What is told before there is a transfer to be shown; afterwards that is heard from itself. */
  recordEvent(event: TransferEvent): void {
    if (this.#watched === undefined) this.#hear(event);
  }

  snapshot(): TransferSnapshot {
    const details = this.#watched?.details();
    return transferSnapshot({
      program: this.#program,
      stats: this.#watched?.stats() ?? this.#beforeStart(),
      details,
      hashing: this.#hashing,
      port: this.#watched?.port ?? this.#port,
      elapsedSeconds: Math.floor((performance.now() - this.#startMs) / 1000),
      history: this.#history.toJSON(),
    });
  }

  map(): PieceMap | undefined {
    const view = this.#watched?.details().pieces;
    return view && pieceMap(view, this.#failedLately());
  }

  close(): void {
    clearInterval(this.#timer);
    this.#leave?.();
  }

  #hear(event: TransferEvent): void {
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
        return this.#remember(event.piece);
    }
  }

  #beforeStart(): TransferStats {
    return {
      ...NOTHING,
      name: this.#name,
      state: this.#hashing === undefined ? "lookup" : "hashing",
    };
  }

  #sample(): void {
    this.#history.sample(this.#watched?.stats() ?? NOTHING, performance.now());
  }

  #remember(piece: number): void {
    this.#failed.delete(piece);
    this.#failed.set(piece, performance.now() + FAILED_SHOWN_MS);
    if (this.#failed.size > MAX_FAILED) this.#failed.delete(this.#failed.keys().next().value!);
  }

  #failedLately(): Iterable<number> {
    const nowMs = performance.now();
    for (const [piece, untilMs] of this.#failed) {
      if (untilMs > nowMs) break;
      this.#failed.delete(piece);
    }
    return this.#failed.keys();
  }
}
