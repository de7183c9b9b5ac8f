/**
 * Standard output with `--json`: events as lines, for as long as there is a reader.
 *
 * A slow reader gets fewer events instead of late ones. Only the newest statistics are queued, and once
 * much is queued, frequent events are dropped and counted.
 *
 * @module
 */

import type { TransferEvent } from "../../../mod.ts";
import type { BufferedOutput, Parcel } from "./buffered_output.ts";
import { type JsonEvent, jsonEvent } from "./json_events.ts";

const FIGURES_MS = 1000;

/** Events of which only the newest matters. */
const FIGURES: ReadonlySet<JsonEvent["type"]> = new Set(["hashing", "progress", "swarms"]);
/** Events that occur once in a run, or a few times. The others may be dropped. */
const PRECIOUS: ReadonlySet<JsonEvent["type"]> = new Set([
  "started",
  "page",
  "listening",
  "lookup",
  "metadata",
  "sharing",
  "resumed",
  "complete",
  "torrent",
  "verified",
  "rollCall",
  "machine",
  "onDone",
  "error",
  "stopped",
]);
/** Before these events, the current statistics are emitted. */
const TURNS: ReadonlySet<JsonEvent["type"]> = new Set(["complete", "error", "stopped"]);

// Characters that could control a terminal or pass for a line end, except those that JSON escapes itself.
const UNSAFE = /[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** Writes events to a {@link BufferedOutput}; without one it does nothing. */
export class EventLog {
  readonly #out: { outlet: BufferedOutput; sink: Parcel["sink"]; nowMs: () => number } | undefined;
  readonly #latest = new Map<JsonEvent["type"], Parcel>();
  #figures: (() => JsonEvent) | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #toldFigures = "";
  #hashingMs = -Infinity;
  #dropped = 0;

  /** `nowMs` returns the time of day, in milliseconds since 1970. */
  constructor(out?: { outlet: BufferedOutput; sink: Parcel["sink"]; nowMs: () => number }) {
    this.#out = out;
  }

  /** Whether events are written. */
  get isOn(): boolean {
    return this.#out !== undefined;
  }

  /** Writes a transfer's event; bound, so that it can be used as a listener. */
  readonly transfer = (event: TransferEvent): void => {
    if (this.isOn) this.tell(jsonEvent(event));
  };

  /** Writes an event. */
  tell(event: JsonEvent): void {
    if (this.#out === undefined) return;
    if (event.type === "hashing" && !this.#isTime(event)) return;
    if (TURNS.has(event.type)) this.#look();
    const hasRoom = PRECIOUS.has(event.type) || !this.#out.outlet.isFull;
    if (hasRoom && this.#dropped > 0) this.#put({ type: "dropped", events: this.#dropped });
    if (hasRoom) this.#dropped = 0;
    if (hasRoom || FIGURES.has(event.type)) this.#put(event);
    else this.#dropped++;
  }

  /** Polls `figures` once a second from now on, and writes them when they have changed. */
  follow(figures: () => JsonEvent): void {
    if (!this.isOn) return;
    this.#figures = figures;
    this.#timer ??= setInterval(() => this.#look(), FIGURES_MS);
  }

  /** Ends {@link follow}. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#figures = undefined;
  }

  #look(): void {
    const figures = this.#figures?.();
    if (figures === undefined) return;
    const text = JSON.stringify(figures);
    if (text === this.#toldFigures) return;
    this.#toldFigures = text;
    this.tell(figures);
  }

  /** Hashing is reported at its start, at its end, and once a second in between. */
  #isTime({ doneBytes, totalBytes }: JsonEvent & { type: "hashing" }): boolean {
    const nowMs = this.#out!.nowMs();
    const isTime = doneBytes >= totalBytes || !(Math.abs(nowMs - this.#hashingMs) < FIGURES_MS);
    if (isTime) this.#hashingMs = doneBytes >= totalBytes ? -Infinity : nowMs;
    return isTime;
  }

  #put({ type, ...fields }: JsonEvent): void {
    const { outlet, sink, nowMs } = this.#out!;
    const time = new Date(nowMs()).toISOString();
    const before = this.#latest.get(type);
    if (before !== undefined) outlet.withdraw(before);
    const parcel = outlet.put(sink, jsonLine({ type, time, ...fields }));
    if (FIGURES.has(type)) this.#latest.set(type, parcel);
  }
}

/** `value` as one line of JSON that is safe to show on a terminal. */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value).replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${text}\n`;
}
