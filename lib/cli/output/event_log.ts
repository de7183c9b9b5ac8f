/**
 * Standard output with `--json`: events as lines, for as long as somebody reads them.
 *
 * Whoever reads slowly gets less, not later: of figures only the newest wait, and once a lot waits the
 * events that come in any number are left out and counted.
 *
 * @module
 */

import type { TransferEvent } from "../../../mod.ts";
import type { BufferedOutput, Parcel } from "./buffered_output.ts";
import { type JsonEvent, jsonEvent } from "./json_events.ts";

const FIGURES_MS = 1000;

/** Only the newest of such an event is worth telling. */
const FIGURES: ReadonlySet<JsonEvent["type"]> = new Set(["hashing", "progress", "swarms"]);
/** Events of which there is one in a run, or a handful. The others may be left out. */
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
  "onDone",
  "error",
  "stopped",
]);
/** Before these the figures are told as they have become. */
const TURNS: ReadonlySet<JsonEvent["type"]> = new Set(["complete", "error", "stopped"]);

// What could steer a terminal, or pass for the end of a line. JSON itself escapes the rest of them.
const UNSAFE = /[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** Writes events to an {@link BufferedOutput}; without one it does nothing. */
export class EventLog {
  readonly #out: { outlet: BufferedOutput; sink: Parcel["sink"]; nowMs: () => number } | undefined;
  readonly #latest = new Map<JsonEvent["type"], Parcel>();
  #figures: (() => JsonEvent) | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #toldFigures = "";
  #hashingMs = -Infinity;
  #dropped = 0;

  /** `nowMs` is the time of day, in milliseconds since 1970. */
  constructor(out?: { outlet: BufferedOutput; sink: Parcel["sink"]; nowMs: () => number }) {
    this.#out = out;
  }

  /** Whether events are wanted. */
  get isOn(): boolean {
    return this.#out !== undefined;
  }

  /** Tells what happened in a transfer; bound, so that it can be handed over as a listener. */
  readonly transfer = (event: TransferEvent): void => {
    if (this.isOn) this.tell(jsonEvent(event));
  };

  /** Tells what happened. */
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

  /** Asks for the figures once a second from now on, and tells them when they have changed. */
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

  /** Hashing is told of at its beginning, at its end, and once a second between. */
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

/** `value` as one line of JSON that can be shown on a terminal as it is. */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value).replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${text}\n`;
}
