/**
 * Which answers of trackers are news: a silence is told of once, and its end.
 *
 * @module
 */

import type { TransferEvent } from "../../../mod.ts";
import { type Sentence, sentenceFor } from "../text/messages.ts";
import { foreign } from "../text/terminal_text.ts";

type TrackerEvent = Extract<TransferEvent, { type: "tracker" }>;

/** Among many torrents, one of them may fail at a tracker that answers all others. */
const SILENT_MS = 60_000;
/** Torrents of strangers name trackers as they like. */
const MOST_TRACKERS = 1000;

interface Standing {
  /** What was told last. */
  isTold: boolean;
  answeredMs: number;
}

/** The trackers of all torrents of a program. */
export class TrackerNews {
  readonly #trackers = new Map<string, Standing>();
  readonly #nowMs: () => number;

  /** `nowMs` returns milliseconds since a fixed moment. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The sentence for an answer or its absence; `undefined` when it is nothing new. */
  sentenceFor(event: TrackerEvent): Sentence | undefined {
    const nowMs = this.#nowMs();
    const known = this.#trackers.get(event.url);
    const standing = known ?? { isTold: event.ok, answeredMs: -Infinity };
    if (known === undefined) this.#add(event.url, standing);
    const wasTold = standing.isTold;
    if (event.ok) standing.answeredMs = nowMs;
    else if (nowMs - standing.answeredMs < SILENT_MS) return undefined;
    standing.isTold = event.ok;
    if (known !== undefined && wasTold === event.ok) return undefined;
    if (event.ok && known) return { text: `tracker ${foreign(event.url)} is back`, level: "news" };
    return sentenceFor(event);
  }

  #add(url: string, standing: Standing): void {
    this.#trackers.set(url, standing);
    if (this.#trackers.size > MOST_TRACKERS) {
      this.#trackers.delete(this.#trackers.keys().next().value!);
    }
  }
}
