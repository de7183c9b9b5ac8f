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
  "added",
  "removed",
  "failed",
  "error",
  "stopped",
]);
/** Events that are written even if nobody seems to read. */
const LAST: ReadonlySet<JsonEvent["type"]> = new Set(["error", "stopped"]);
/** Before these events, the current statistics are emitted: of the torrent they are about, or of all. */
const TURNS: ReadonlySet<JsonEvent["type"]> = new Set(["complete", "removed", "error", "stopped"]);

// Characters that could control a terminal or pass for a line end, except those that JSON escapes itself.
const UNSAFE = /[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** The number of a torrent, where there may be several. */
type TorrentNumber = number | undefined;

/** The statistics of all torrents, or of one of them. */
type Figures = (only?: number) => Iterable<readonly [torrent: TorrentNumber, event: JsonEvent]>;

/** What is remembered of each torrent. */
interface Told {
  /** The newest event of each type that may still be waiting to be written. */
  readonly latest: Map<JsonEvent["type"], Parcel>;
  figures: string;
  hashingMs: number;
}

/** Writes events to a {@link BufferedOutput}; without one it does nothing. */
export class EventLog {
  readonly #out: { outlet: BufferedOutput; sink: Parcel["sink"]; nowMs: () => number } | undefined;
  readonly #told = new Map<TorrentNumber, Told>();
  #figures: Figures | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #dropped = 0;

  /** `nowMs` returns the time of day, in milliseconds since 1970. */
  constructor(out?: { outlet: BufferedOutput; sink: Parcel["sink"]; nowMs: () => number }) {
    this.#out = out;
  }

  /** Whether events are written. */
  get isOn(): boolean {
    return this.#out !== undefined;
  }

  /** Writes a transfer's event: of a torrent by its number, where there may be several. */
  transfer(event: TransferEvent, torrent?: number): void {
    if (this.isOn) this.tell(jsonEvent(event), torrent);
  }

  /** Writes an event: of a torrent by its number, where there may be several. */
  tell(event: JsonEvent, torrent?: number): void {
    if (this.#out === undefined) return;
    if (event.type === "hashing" && !this.#isTime(event, torrent)) return;
    if (TURNS.has(event.type)) this.#look(torrent);
    const hasRoom = this.#hasRoomFor(event.type, this.#out.outlet);
    if (hasRoom && this.#dropped > 0) this.#put({ type: "dropped", events: this.#dropped });
    if (hasRoom) this.#dropped = 0;
    if (hasRoom || FIGURES.has(event.type)) this.#put(event, torrent);
    else this.#dropped++;
    if (event.type === "removed" || event.type === "failed") this.#told.delete(torrent);
  }

  /** Polls `figures` once a second from now on, and writes them when they have changed. */
  follow(figures: () => JsonEvent): void {
    this.followEach(() => [[undefined, figures()]]);
  }

  /** As {@link follow}, for several torrents. */
  followEach(figures: Figures): void {
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

  #hasRoomFor(type: JsonEvent["type"], { isFull, isStuck }: BufferedOutput): boolean {
    return !isFull || (PRECIOUS.has(type) && !isStuck) || LAST.has(type);
  }

  #look(only?: number): void {
    for (const [torrent, figures] of this.#figures?.(only) ?? []) {
      const text = JSON.stringify(figures);
      const told = this.#toldOf(torrent);
      if (text === told.figures) continue;
      told.figures = text;
      this.tell(figures, torrent);
    }
  }

  /** Hashing is reported at its start, at its end, and once a second in between. */
  #isTime(
    { doneBytes, totalBytes }: JsonEvent & { type: "hashing" },
    torrent: TorrentNumber,
  ): boolean {
    const nowMs = this.#out!.nowMs();
    const told = this.#toldOf(torrent);
    const isTime = doneBytes >= totalBytes || !(Math.abs(nowMs - told.hashingMs) < FIGURES_MS);
    if (isTime) told.hashingMs = doneBytes >= totalBytes ? -Infinity : nowMs;
    return isTime;
  }

  #put({ type, ...fields }: JsonEvent, torrent?: TorrentNumber): void {
    const { outlet, sink, nowMs } = this.#out!;
    const time = new Date(nowMs()).toISOString();
    const about = torrent === undefined ? {} : { torrent };
    const latest = FIGURES.has(type) ? this.#toldOf(torrent).latest : undefined;
    const before = latest?.get(type);
    if (before !== undefined) outlet.withdraw(before);
    const parcel = outlet.put(sink, jsonLine({ type, time, ...about, ...fields }));
    latest?.set(type, parcel);
  }

  #toldOf(torrent: TorrentNumber): Told {
    let told = this.#told.get(torrent);
    if (told === undefined) {
      told = { latest: new Map(), figures: "", hashingMs: -Infinity };
      this.#told.set(torrent, told);
    }
    return told;
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
