/**
 * Shows the events and statistics of one transfer on the screen.
 *
 * @module
 */

import type { PieceView, TransferDetails, TransferEvent, TransferStats } from "../../../mod.ts";
import { stallText } from "../text/advice.ts";
import { sentenceFor } from "../text/messages.ts";
import { foreign } from "../text/terminal_text.ts";
import { peerTable } from "./peer_table.ts";
import { hashingLine, type Line, transferLine } from "./progress.ts";
import type { Room, Screen } from "./screen.ts";

const COUNT_MS = 1000;

/** Events whose sentence says nothing of the torrent it is about. */
const NAMELESS: ReadonlySet<TransferEvent["type"]> = new Set([
  "resumed",
  "peer",
  "piece",
  "pieceFailed",
  "stalled",
  "warning",
]);

/** The part of a leecher or a seeder that the display reads. */
export interface TransferHandle {
  stats(): TransferStats;
  details(): Pick<TransferDetails, "pieces">;
}

/** Shows a transfer on a {@link Screen}: first the progress of hashing, then the transfer's statistics. */
export class TransferDisplay {
  readonly #screen: Screen;
  readonly #verb: string;
  readonly #nowMs: () => number;
  readonly #isOneOfMany: boolean;
  readonly #failing = new Set<string>();
  readonly #changedFiles = new Set<string>();
  #transfer: TransferHandle | undefined;
  #pieces: PieceView | undefined;
  #name: string;
  #hashing: { event: Extract<TransferEvent, { type: "hashing" }>; sinceMs: number } | undefined;
  #waitingReason: string | undefined;
  #lastCountMs = -Infinity;

  /**
   * @param verb why the file is read from disk: `hashing`, `checking` or `reading`
   * @param name of the file, if it is known from the start
   * @param isOneOfMany the screen shows others too: sentences name the file, and the caller shows the line
   */
  constructor(
    screen: Screen,
    verb: string,
    nowMs: () => number,
    name = "",
    isOneOfMany = false,
  ) {
    this.#screen = screen;
    this.#verb = verb;
    this.#nowMs = nowMs;
    this.#name = name;
    this.#isOneOfMany = isOneOfMany;
    if (!isOneOfMany) screen.follow(this);
  }

  /** Handles an event of the transfer. */
  readonly onEvent = (event: TransferEvent): void => {
    if (event.type === "hashing") return this.#showHashing(event);
    if (event.type === "tracker" && this.#noteTracker(event)) return;
    if (event.type === "stalled") {
      const reason = stallText({ ...event, sentence: event.reason });
      if (reason === this.#waitingReason) return;
      this.#waitingReason = reason;
    }
    if (event.type === "piece") this.#waitingReason = undefined;
    if (event.type === "metadata") this.#name = event.name;
    if (event.type === "piece" && !this.#screen.tellsEach) return this.#countPieces();
    const sentence = sentenceFor(event);
    if (sentence === undefined) return;
    const isRepeated = event.type === "pieceLost" && this.#noteChangedFile(event.path);
    const text = NAMELESS.has(event.type) ? this.#named(sentence.text) : sentence.text;
    this.#screen.tell({ text, level: isRepeated ? "trace" : sentence.level });
  };

  /** Shows the statistics of this transfer from now on. */
  watch(transfer: TransferHandle): void {
    this.#transfer = transfer;
  }

  /** Whether files are being read and hashed. */
  get isHashing(): boolean {
    return this.#hashing !== undefined;
  }

  /** The current progress line; `undefined` before there is anything to show. */
  line(): Line | undefined {
    if (this.#hashing) {
      const { event, sinceMs } = this.#hashing;
      const elapsedSeconds = (this.#nowMs() - sinceMs) / 1000;
      const title = `${this.#verb} ${foreign(this.#name)}`.trimEnd();
      return hashingLine(title, event.doneBytes, event.totalBytes, elapsedSeconds);
    }
    const stats = this.#transfer?.stats();
    if (stats === undefined) return undefined;
    // A pipe gets a line whenever it changes, and a count of seconds would change all the time.
    const now = this.#screen.isLive ? stats.waiting : undefined;
    const reason = now === undefined ? this.#waitingReason : stallText(now);
    return transferLine(stats, reason && foreign(reason), this.#piecesOf(stats));
  }

  /** The rows of the peer table. */
  table(room: Room): readonly string[] {
    return peerTable(this.#transfer?.stats().connections ?? [], room);
  }

  /** The view is live, so one is enough. */
  #piecesOf({ pieces }: TransferStats): PieceView | undefined {
    if (pieces > 0) this.#pieces ??= this.#transfer?.details().pieces;
    return this.#pieces;
  }

  /**
   * A screen that does not print every chunk gets their count, at most once a second; not of one of many,
   * which has its line.
   */
  #countPieces(): void {
    if (this.#isOneOfMany) return;
    const nowMs = this.#nowMs();
    if (this.#transfer === undefined || nowMs - this.#lastCountMs < COUNT_MS) return;
    this.#lastCountMs = nowMs;
    const { havePieces, pieces } = this.#transfer.stats();
    this.#screen.tell({ text: `chunk ${havePieces} of ${pieces} verified`, level: "detail" });
  }

  #named(text: string): string {
    return this.#isOneOfMany ? `${foreign(this.#name)}: ${text}` : text;
  }

  #showHashing(event: Extract<TransferEvent, { type: "hashing" }>): void {
    const isOver = event.doneBytes >= event.totalBytes;
    const sinceMs = this.#hashing?.sinceMs ?? this.#nowMs();
    this.#hashing = isOver ? undefined : { event, sinceMs };
  }

  /** A replaced file loses thousands of chunks: only the first of them is worth a line. */
  #noteChangedFile(path: string): boolean {
    const isKnown = this.#changedFiles.has(path);
    this.#changedFiles.add(path);
    return isKnown;
  }

  /** A tracker that does not answer is mentioned once, and again when it is back. */
  #noteTracker(event: Extract<TransferEvent, { type: "tracker" }>): boolean {
    const wasFailing = this.#failing.has(event.url);
    if (event.ok) {
      this.#failing.delete(event.url);
      if (wasFailing) this.#screen.tell({ text: `tracker ${event.url} is back`, level: "news" });
      return wasFailing;
    }
    this.#failing.add(event.url);
    return wasFailing;
  }
}
