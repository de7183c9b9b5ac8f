/**
 * Events and figures of one transfer, put on the screen.
 *
 * @module
 */

import type { PieceView, TransferDetails, TransferEvent, TransferStats } from "../../../mod.ts";
import { peerTable } from "./peer_table.ts";
import { hashingLine, type Line, transferLine } from "./progress.ts";
import type { Room, Screen } from "./screen.ts";
import { stallText } from "../text/advice.ts";
import { sentenceFor } from "../text/messages.ts";
import { foreign } from "../text/terminal_text.ts";

const COUNT_MS = 1000;

/** What can be asked of a transfer, be it a leecher or a seeder. */
interface Watched {
  stats(): TransferStats;
  details(): Pick<TransferDetails, "pieces">;
}

/** Shows a transfer on a {@link Screen}: hashing first, then what {@link watch} was told to ask. */
export class TransferDisplay {
  readonly #screen: Screen;
  readonly #verb: string;
  readonly #nowMs: () => number;
  readonly #troubled = new Set<string>();
  readonly #changed = new Set<string>();
  #watched: Watched | undefined;
  #pieces: PieceView | undefined;
  #name: string;
  #hashing: { event: Extract<TransferEvent, { type: "hashing" }>; sinceMs: number } | undefined;
  #waitingReason: string | undefined;
  #countedMs = -Infinity;

  /**
   * @param verb what reading the file from disk is for: `hashing` or `checking`
   * @param nowMs a clock
   * @param name what is read, as far as that is known from the start
   */
  constructor(screen: Screen, verb: string, nowMs: () => number, name = "") {
    this.#screen = screen;
    this.#verb = verb;
    this.#nowMs = nowMs;
    this.#name = name;
    screen.follow({ line: () => this.line(), table: (room) => this.table(room) });
  }

  /** Takes what happened; bound, so that it can be handed over as a listener. */
  readonly event = (event: TransferEvent): void => {
    if (event.type === "hashing") return this.#hash(event);
    if (event.type === "tracker" && this.#isOldNews(event)) return;
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
    const isRepeated = event.type === "pieceLost" && this.#isKnownToChange(event.path);
    this.#screen.tell(isRepeated ? { ...sentence, level: "trace" } : sentence);
  };

  /** Asks `watched` for the figures from now on. */
  watch(watched: Watched): void {
    this.#watched = watched;
  }

  /** What the progress line says now. */
  line(): Line | undefined {
    if (this.#hashing) {
      const { event, sinceMs } = this.#hashing;
      const elapsedSeconds = (this.#nowMs() - sinceMs) / 1000;
      const title = `${this.#verb} ${foreign(this.#name)}`.trimEnd();
      return hashingLine(title, event.doneBytes, event.totalBytes, elapsedSeconds);
    }
    const stats = this.#watched?.stats();
    if (stats === undefined) return undefined;
    // In a pipe a line is printed when it has changed: seconds that pass are no change.
    const now = this.#screen.isLive ? stats.waiting : undefined;
    const reason = now === undefined ? this.#waitingReason : stallText(now);
    return transferLine(stats, reason && foreign(reason), this.#piecesOf(stats));
  }

  /** What the table of peers shows now. */
  table(room: Room): readonly string[] {
    return peerTable(this.#watched?.stats().connections ?? [], room);
  }

  /** They are asked for once: what they are does not change, and how they are can be read off them. */
  #piecesOf({ pieces }: TransferStats): PieceView | undefined {
    if (pieces > 0) this.#pieces ??= this.#watched?.details().pieces;
    return this.#pieces;
  }

  /** Where there is no line for each chunk, there is one a second at most that counts them. */
  #countPieces(): void {
    const nowMs = this.#nowMs();
    if (this.#watched === undefined || nowMs - this.#countedMs < COUNT_MS) return;
    this.#countedMs = nowMs;
    const { havePieces, pieces } = this.#watched.stats();
    this.#screen.tell({ text: `chunk ${havePieces} of ${pieces} verified`, level: "detail" });
  }

  #hash(event: Extract<TransferEvent, { type: "hashing" }>): void {
    const isOver = event.doneBytes >= event.totalBytes;
    const sinceMs = this.#hashing?.sinceMs ?? this.#nowMs();
    this.#hashing = isOver ? undefined : { event, sinceMs };
  }

  /** A file that was replaced loses thousands of chunks: the first says it, the others are details. */
  #isKnownToChange(path: string): boolean {
    const isKnown = this.#changed.has(path);
    this.#changed.add(path);
    return isKnown;
  }

  /** A tracker that stays silent is told of once, and once more when it is back. */
  #isOldNews(event: Extract<TransferEvent, { type: "tracker" }>): boolean {
    const wasTroubled = this.#troubled.has(event.url);
    if (event.ok) {
      this.#troubled.delete(event.url);
      if (wasTroubled) this.#screen.tell({ text: `tracker ${event.url} is back`, level: "news" });
      return wasTroubled;
    }
    this.#troubled.add(event.url);
    return wasTroubled;
  }
}
