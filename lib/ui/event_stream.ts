/**
 * Server-sent events for all open tabs: the whole state and the whole map, whenever they have changed; of a
 * list what has changed in it. A tab that reconnects needs nothing from before.
 *
 * @module
 */

import { utf8 } from "../codec/bytes.ts";
import { type EventName, EventReader } from "./event_reader.ts";
import type { PageSource, PageView, Query } from "./snapshot.ts";
import type { ListView } from "./torrents/list_snapshot.ts";

/** The most readers at a time; each costs memory and work. */
export const MAX_READERS = 50;
/** How often changes are sent. */
const INTERVAL_MS = 1000;
/** The share of the time that making states may take. In huge swarms they are made less often. */
const MOST_LOAD = 1 / 20;
/** After this time without a break the stream yields, above all to requests of a tracker's clients. */
const SLICE_MS = 5;
/** The state is sent this often even without changes. A longer silence looks like a lost connection. */
const HEARTBEAT_MS = 5_000;
/** A reader that has read nothing for this long is dropped; its machine may be asleep. */
const STALLED_MS = 60_000;

/** Fields that change with time. They alone do not make a state new. */
const VOLATILE = new Set(["elapsedSeconds", "nextSeconds", "lastSeenSeconds", "history"]);

/** An event that is ready to be sent. */
interface Ready {
  readonly name: EventName;
  readonly event: Uint8Array;
  /** The content without {@link VOLATILE} fields, as JSON; of a list its revision. */
  readonly stableJson: string;
}

/** The readers of one page. */
export class EventStream {
  readonly #source: PageSource;
  readonly #readers = new Map<EventReader, Query>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** @param source looked at only while there are readers */
  constructor(source: PageSource) {
    this.#source = source;
  }

  /** How many readers there are. */
  get size(): number {
    return this.#readers.size;
  }

  /**
   * Adds a reader and sends it the full state. When there are too many, a reader that does not read is
   * dropped; when there is none, this returns `undefined`.
   */
  open(query: Query): ReadableStream<Uint8Array> | undefined {
    if (this.#isClosed) return undefined;
    if (this.#readers.size >= MAX_READERS) this.#dropOneStalled(performance.now());
    if (this.#readers.size >= MAX_READERS) return undefined;
    const reader: EventReader = new EventReader(() => this.#readers.delete(reader));
    this.#readers.set(reader, query);
    this.#offer(reader, new Round(this.#source.view()), query, performance.now());
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

  /** Drops the reader that has read nothing for longest, unless it has only just come. */
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
    const round = new Round(this.#source.view());
    for (const [reader, query] of [...this.#readers]) {
      if (!this.#readers.has(reader)) continue;
      if (startMs - (reader.stalledSinceMs ?? startMs) > STALLED_MS) {
        this.#readers.delete(reader);
        reader.close();
        continue;
      }
      this.#offer(reader, round, query, startMs);
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

  #offer(reader: EventReader, round: Round, query: Query, nowMs: number): void {
    for (const { name, event, stableJson } of round.eventsFor(query, reader)) {
      const oldestMs = name === "map" ? -Infinity : nowMs - HEARTBEAT_MS;
      if (reader.needs(name, stableJson, oldestMs)) reader.offer(name, event, stableJson, nowMs);
    }
  }
}

/** The events of one look. Each is made once, for all readers who need the same. */
class Round {
  readonly #view: PageView;
  readonly #made = new Map<string, readonly Ready[]>();

  constructor(view: PageView) {
    this.#view = view;
  }

  /** The events that answer this query, with no regard to what the reader has already but of a list. */
  eventsFor(query: Query, reader: EventReader): readonly Ready[] {
    const list = this.#view.list?.(query);
    const base = list && reader.delivered("list");
    const { torrent, files, swarm, search } = query;
    const key = list ? `list since ${base}` : [torrent, files, swarm, search].join(" ");
    const made = this.#made.get(key) ??
      (list ? [listEvent(list, base)] : [stateEvent(this.#view, query), ...map(this.#view, query)]);
    this.#made.set(key, made);
    return made;
  }
}

/** A list is new when its revision is; the event says what has changed since revision `base`. */
function listEvent(list: ListView, base: string | undefined): Ready {
  const update = list.since(base === undefined ? undefined : Number(base));
  const event = eventOf("list", JSON.stringify(update));
  return { name: "list", event, stableJson: `${list.revision}` };
}

function stateEvent(view: PageView, query: Query): Ready {
  const snapshot = view.snapshot(query);
  const steady = (key: string, value: unknown) => VOLATILE.has(key) ? undefined : value;
  return {
    name: "state",
    event: eventOf("state", JSON.stringify(snapshot)),
    stableJson: JSON.stringify(snapshot, steady),
  };
}

function map(view: PageView, query: Query): Ready[] {
  const map = view.map(query);
  if (map === undefined) return [];
  const text = JSON.stringify(map);
  return [{ name: "map", event: eventOf("map", text), stableJson: text }];
}

/** JSON has no line breaks, so it fits in one line of data. */
function eventOf(name: EventName, json: string): Uint8Array {
  return utf8(`event: ${name}\ndata: ${json}\n\n`);
}
