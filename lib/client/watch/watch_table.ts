/**
 * The entries of a watched folder, and what becomes of each. It is told what is there, and says what to
 * share and what to stop. Pure: time comes with every call.
 *
 * | state    | the entry                                     | leaves by                                     |
 * | -------- | --------------------------------------------- | --------------------------------------------- |
 * | arriving | has just been listed                          | the first look -> settling                    |
 * | settling | was seen, perhaps still growing               | still for {@link STILL_MS} -> starting        |
 * | starting | is being hashed                               | started -> shared; failed -> failed           |
 * | shared   | is shared as it was last seen                 | another stamp -> changed                      |
 * | changed  | is shared as it was before                    | still -> starting; as before again -> shared  |
 * | failed   | could not be shared                           | another stamp -> settling; in time -> starting |
 *
 * An entry that is listed no more is gone, from any state.
 *
 * @module
 */

/** How long nothing in an entry may change before it is shared. */
export const STILL_MS = 2000;
/** What has not changed for this long when the watch begins is shared at once. */
export const OLD_MS = 10_000;
/** How often an entry is looked at that is shared, or could not be: often when it changed lately, */
export const LOOK_MS = 4000;
/** and less and less often when it did not. */
export const LONGEST_LOOK_MS = 30_000;
const LOOK_AGE_FACTOR = 8;
/** Looks at an entry that is shared take at most one part in so many of the time; */
const SHARED_LOOK_FACTOR = 300;
/** and at one that is arriving or changing. */
const OPEN_LOOK_FACTOR = 4;
/** When sharing failed, it is tried again after this, then after twice as long, and so on. */
const RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 3_600_000;
/**
 * After an entry was hashed, it is not hashed again for so many times as long: a large one that changes all
 * the time would keep the disk busy for ever.
 */
const REST_FACTOR = 4;
/** The most entries. Each is a torrent, with memory, an announce and perhaps connections of its own. */
export const MOST_ENTRIES = 10_000;

/** What a look at an entry found. */
export interface Look {
  /** Differs whenever a file in it does, by name, size or time. */
  readonly stamp: string;
  /** How many files there are. */
  readonly files: number;
  /** How long ago the last change was, by the times on the disk. */
  readonly stillMs: number;
  /** How long the look took. */
  readonly tookMs: number;
}

/** What to do about an entry. `reshare` is: stop it, then share it. */
export interface Action {
  readonly type: "share" | "reshare" | "stop";
  readonly name: string;
}

type State = "arriving" | "settling" | "starting" | "shared" | "changed" | "failed";

interface Entry {
  state: State;
  /** What is being shared, or could not be. */
  stamp: string;
  /** What was seen last, and since when. */
  seen: string;
  sinceMs: number;
  /** When it changed last, as far as is known. */
  changedMs: number;
  /** When it is to be looked at again. */
  lookMs: number;
  /** When sharing it began, and until when it is not shared anew. */
  startMs: number;
  restMs: number;
  /** How often in a row sharing failed, and when it is tried again. */
  failures: number;
  retryMs: number;
  /** Whether it was there when the watch began. */
  readonly isFirst: boolean;
  /** Whether a look has found no file in it. */
  isEmpty: boolean;
}

/** The table of one folder. */
export class WatchTable {
  readonly #entries = new Map<string, Entry>();
  #hasListed = false;

  /** The names in the table. */
  get names(): ReadonlySet<string> {
    return new Set(this.#entries.keys());
  }

  /** The number of entries. */
  get size(): number {
    return this.#entries.size;
  }

  /** The state of an entry; `undefined` for one that is not there. */
  stateOf(name: string): State | undefined {
    return this.#entries.get(name)?.state;
  }

  /** Whether an entry will be shared soon, or shared anew. */
  isComing(name: string): boolean {
    const entry = this.#entries.get(name);
    return entry !== undefined && !entry.isEmpty && (isOpen(entry) || entry.state === "starting");
  }

  /** Takes a list of all names, at most {@link MOST_ENTRIES} of them. Returns what to stop. */
  list(names: Iterable<string>, nowMs: number): Action[] {
    const listed = new Set(names);
    const gone = [...this.#entries.keys()].filter((name) => !listed.has(name));
    const actions = gone.flatMap((name) => this.#remove(name));
    for (const name of listed) {
      if (this.#entries.has(name) || this.#entries.size >= MOST_ENTRIES) continue;
      this.#entries.set(name, {
        ...{ state: "arriving", stamp: "", seen: "", sinceMs: nowMs, lookMs: nowMs },
        ...{ changedMs: nowMs, startMs: nowMs, restMs: nowMs, isEmpty: false },
        ...{ failures: 0, retryMs: Infinity, isFirst: !this.#hasListed },
      });
    }
    this.#hasListed = true;
    return actions;
  }

  /** The folder is gone, and everything in it. Returns what to stop. */
  clear(): Action[] {
    const names = [...this.#entries.keys()];
    this.#hasListed = false;
    return names.flatMap((name) => this.#remove(name));
  }

  /**
   * The entries to look at now: those that are arriving or changing, and those that are shared or could not
   * be. Of either, those that waited longest come first.
   */
  due(nowMs: number): { readonly open: string[]; readonly settled: string[] } {
    const open: string[] = [];
    const settled: string[] = [];
    for (const [name, entry] of this.#entries) {
      if (entry.state === "starting" || entry.lookMs > nowMs) continue;
      (isOpen(entry) ? open : settled).push(name);
    }
    return { open, settled };
  }

  /** Takes what a look found; `undefined` when nothing was there any more. Returns what to do. */
  looked(name: string, look: Look | undefined, nowMs: number): Action | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.state === "starting") return undefined;
    if (look === undefined) return this.#remove(name)[0];
    this.#toTheEnd(name, entry);
    entry.isEmpty = look.files === 0;
    const hasChanged = entry.state === "arriving" || look.stamp !== entry.seen;
    if (hasChanged) {
      entry.seen = look.stamp;
      entry.sinceMs = nowMs;
      entry.changedMs = nowMs - Math.max(0, look.stillMs);
    }
    this.#move(entry, look, nowMs);
    const nextMs = isOpen(entry) ? OPEN_LOOK_FACTOR * look.tookMs : pause(entry, look, nowMs);
    entry.lookMs = nowMs + nextMs;
    return isOpen(entry) ? this.#settle(name, entry, look, nowMs) : this.#retry(name, entry, nowMs);
  }

  /** It is shared now. */
  started(name: string, nowMs: number): void {
    const entry = this.#entries.get(name);
    if (entry?.state !== "starting") return;
    entry.state = "shared";
    entry.restMs = nowMs + REST_FACTOR * (nowMs - entry.startMs);
    entry.failures = 0;
    entry.lookMs = nowMs + LOOK_MS;
  }

  /** It could not be shared. */
  failed(name: string, nowMs: number): void {
    const entry = this.#entries.get(name);
    if (entry?.state !== "starting") return;
    entry.state = "failed";
    entry.restMs = nowMs + REST_FACTOR * (nowMs - entry.startMs);
    entry.retryMs = nowMs + Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** entry.failures++);
    entry.lookMs = nowMs;
  }

  #move(entry: Entry, { stamp }: Look, nowMs: number): void {
    switch (entry.state) {
      case "arriving":
        entry.state = "settling";
        return;
      case "shared":
        if (stamp !== entry.stamp) entry.state = "changed";
        return;
      case "changed":
        if (stamp === entry.stamp) entry.state = "shared";
        return;
      case "failed":
        if (stamp === entry.stamp) return;
        entry.state = "settling";
        entry.sinceMs = nowMs;
        entry.failures = 0;
    }
  }

  /** Starts what has been still for long enough. A folder without files stays as it is. */
  #settle(name: string, entry: Entry, look: Look, nowMs: number): Action | undefined {
    const isOld = entry.isFirst && entry.stamp === "" && look.stillMs >= OLD_MS;
    if (!isOld && nowMs - entry.sinceMs < STILL_MS) return undefined;
    const wasShared = entry.state === "changed";
    if (look.files > 0) {
      if (nowMs < entry.restMs) return undefined;
      return this.#start(name, entry, wasShared ? "reshare" : "share", nowMs);
    }
    entry.state = "settling";
    entry.stamp = "";
    return wasShared ? { type: "stop", name } : undefined;
  }

  #retry(name: string, entry: Entry, nowMs: number): Action | undefined {
    if (entry.state !== "failed" || nowMs < entry.retryMs) return undefined;
    return this.#start(name, entry, "share", nowMs);
  }

  #start(name: string, entry: Entry, type: "share" | "reshare", nowMs: number): Action {
    entry.state = "starting";
    entry.startMs = nowMs;
    entry.stamp = entry.seen;
    return { type, name };
  }

  #remove(name: string): Action[] {
    const state = this.#entries.get(name)?.state;
    this.#entries.delete(name);
    const isUp = state === "starting" || state === "shared" || state === "changed";
    return isUp ? [{ type: "stop", name }] : [];
  }

  #toTheEnd(name: string, entry: Entry): void {
    this.#entries.delete(name);
    this.#entries.set(name, entry);
  }
}

/** Whether its state depends on the time. */
function isOpen({ state }: Entry): boolean {
  return state === "arriving" || state === "settling" || state === "changed";
}

/** How long an entry is left alone that is shared, or could not be. */
function pause({ changedMs }: Entry, { tookMs }: Look, nowMs: number): number {
  const byAge = Math.min(LONGEST_LOOK_MS, (nowMs - changedMs) / LOOK_AGE_FACTOR);
  return Math.max(LOOK_MS, byAge, SHARED_LOOK_FACTOR * tookMs);
}
