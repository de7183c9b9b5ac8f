/**
 * Events and figures of one transfer, put on the screen.
 *
 * @module
 */

import type { TransferEvent, TransferStats } from "../../mod.ts";
import { hashingLine, type Line, transferLine } from "./progress.ts";
import type { Screen } from "./screen.ts";
import { sentenceFor } from "./sentences.ts";

/** Shows a transfer on a {@link Screen}: hashing first, then what {@link watch} was told to ask. */
export class TransferDisplay {
  readonly #screen: Screen;
  readonly #verb: string;
  readonly #nowMs: () => number;
  readonly #troubled = new Set<string>();
  readonly #changed = new Set<string>();
  #stats: (() => TransferStats) | undefined;
  #hashing: { event: Extract<TransferEvent, { type: "hashing" }>; sinceMs: number } | undefined;
  #waitingReason: string | undefined;

  /**
   * @param verb what reading the file from disk is for: `hashing` or `checking`
   * @param nowMs a clock
   */
  constructor(screen: Screen, verb: string, nowMs: () => number) {
    this.#screen = screen;
    this.#verb = verb;
    this.#nowMs = nowMs;
    screen.follow(() => this.line());
  }

  /** Takes what happened; bound, so that it can be handed over as a listener. */
  readonly event = (event: TransferEvent): void => {
    if (event.type === "hashing") return this.#hash(event);
    if (event.type === "tracker" && this.#isOldNews(event)) return;
    if (event.type === "waiting") {
      if (event.reason === this.#waitingReason) return;
      this.#waitingReason = event.reason;
    }
    if (event.type === "piece") this.#waitingReason = undefined;
    const sentence = sentenceFor(event);
    if (sentence === undefined) return;
    const isRepeated = event.type === "piece-lost" && this.#isKnownToChange(event.path);
    this.#screen.tell(isRepeated ? { ...sentence, level: "detail" } : sentence);
  };

  /** Asks `stats` for the figures from now on. */
  watch(stats: () => TransferStats): void {
    this.#stats = stats;
  }

  /** What the progress line says now. */
  line(): Line | undefined {
    if (this.#hashing) {
      const { event, sinceMs } = this.#hashing;
      const elapsedSeconds = (this.#nowMs() - sinceMs) / 1000;
      return hashingLine(this.#verb, event.doneBytes, event.totalBytes, elapsedSeconds);
    }
    return this.#stats && transferLine(this.#stats(), this.#waitingReason);
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
