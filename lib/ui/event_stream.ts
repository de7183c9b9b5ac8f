/**
 * Server-sent events to all who look at the page: the whole state, and the whole map, whenever they have
 * changed. Who comes back after a break needs no memory of before.
 *
 * @module
 */

import { utf8 } from "../codec/bytes.ts";
import { type EventName, EventReader } from "./event_reader.ts";
import type { PageSource, PageView, Query } from "./snapshot.ts";

/** More tabs than anybody has open; each costs memory and work. */
export const MAX_READERS = 50;
/** Changes are sent at this distance. */
const INTERVAL_MS = 1000;
/** Making a state may take this part of the time: in huge swarms it is made less often. */
const MOST_LOAD = 1 / 20;
/** After so long without a break others get their turn: what a tracker is asked, above all. */
const SLICE_MS = 5;
/** Silence for longer looks like a broken connection. */
const HEARTBEAT_MS = 5_000;
/** Who has read nothing for so long, such as a machine asleep, makes room for others. */
const STALLED_MS = 60_000;

/** What alone makes no new state: it changes by the passing of time. */
const VOLATILE = new Set(["elapsedSeconds", "nextSeconds", "lastSeenSeconds", "history"]);

/** An event ready to be sent, and what it comes down to. */
interface Ready {
  readonly name: EventName;
  readonly event: Uint8Array;
  readonly essence: string;
}

/** All who read the events of one page. */
export class EventStream {
  readonly #source: PageSource;
  readonly #readers = new Map<EventReader, Query>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** Asks `source` for the state, as long as somebody reads. */
  constructor(source: PageSource) {
    this.#source = source;
  }

  /** How many read. */
  get size(): number {
    return this.#readers.size;
  }

  /**
   * One more reader, with the full state on its way; `undefined` when there are too many. When they are,
   * one that does not read makes room.
   */
  open(question: Query): ReadableStream<Uint8Array> | undefined {
    if (this.#isClosed) return undefined;
    if (this.#readers.size >= MAX_READERS) this.#dropOneStalled(performance.now());
    if (this.#readers.size >= MAX_READERS) return undefined;
    const reader: EventReader = new EventReader(() => this.#readers.delete(reader));
    this.#readers.set(reader, question);
    const view = this.#source.view();
    this.#offer(reader, [state(view, question), ...map(view)], performance.now());
    this.#timer ??= setTimeout(this.#tick, INTERVAL_MS);
    return reader.stream;
  }

  /** Ends all streams. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const reader of this.#readers.keys()) reader.close();
    this.#readers.clear();
  }

  /** The one that has read nothing for longest, if it had time to. */
  #dropOneStalled(nowMs: number): void {
    const since = (reader: EventReader) => reader.stalledSinceMs ?? nowMs;
    const [longest] = this.#readers.keys().toArray().sort((a, b) => since(a) - since(b));
    if (longest === undefined || nowMs - since(longest) < INTERVAL_MS) return;
    this.#readers.delete(longest);
    longest.close();
  }

  readonly #tick = async (): Promise<void> => {
    const startMs = performance.now();
    let sliceMs = startMs, spentMs = 0;
    const view = this.#source.view();
    const maps = map(view);
    const states = new Map<string, Ready>(); // by question: most tabs ask the same
    for (const [reader, question] of [...this.#readers]) {
      if (!this.#readers.has(reader)) continue;
      if (startMs - (reader.stalledSinceMs ?? startMs) > STALLED_MS) {
        this.#readers.delete(reader);
        reader.close();
        continue;
      }
      const key = `${question.swarm ?? ""} ${question.search}`;
      const ready = states.get(key) ?? state(view, question);
      states.set(key, ready);
      this.#offer(reader, [ready, ...maps], startMs);
      if (performance.now() - sliceMs < SLICE_MS) continue;
      spentMs += performance.now() - sliceMs;
      await new Promise((resolve) => this.#timer = setTimeout(resolve, 0));
      if (this.#isClosed) return;
      sliceMs = performance.now();
    }
    spentMs += performance.now() - sliceMs;
    const pauseMs = Math.min(HEARTBEAT_MS, Math.max(INTERVAL_MS, spentMs / MOST_LOAD));
    this.#timer = this.#readers.size > 0 ? setTimeout(this.#tick, pauseMs) : undefined;
  };

  #offer(reader: EventReader, ready: readonly Ready[], nowMs: number): void {
    for (const { name, event, essence } of ready) {
      const oldestMs = name === "state" ? nowMs - HEARTBEAT_MS : -Infinity;
      if (reader.needs(name, essence, oldestMs)) reader.offer(name, event, essence, nowMs);
    }
  }
}

function state(view: PageView, question: Query): Ready {
  const snapshot = view.snapshot(question);
  const steady = (key: string, value: unknown) => VOLATILE.has(key) ? undefined : value;
  return {
    name: "state",
    event: eventOf("state", JSON.stringify(snapshot)),
    essence: JSON.stringify(snapshot, steady),
  };
}

function map(view: PageView): Ready[] {
  const map = view.map();
  if (map === undefined) return [];
  const text = JSON.stringify(map);
  return [{ name: "map", event: eventOf("map", text), essence: text }];
}

/** JSON has no line breaks, so one line of data holds it. */
function eventOf(name: EventName, json: string): Uint8Array {
  return utf8(`event: ${name}\ndata: ${json}\n\n`);
}
