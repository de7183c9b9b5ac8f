/**
 * Watches a folder, and shares each file and folder of its first level once nothing in it has changed for
 * two seconds.
 *
 * The folder is looked at every two seconds, because notifications of the system miss network disks and
 * overflow. Names are read again only when the folder's own time has changed, and once in a while.
 *
 * @module
 */

import { join } from "@std/path";
import { diskError } from "../disk/disk_error.ts";
import { DiskError, ExitCode } from "../errors.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { isOperational } from "../runtime/operational_errors.ts";
import { lookAt } from "./watch/entry_look.ts";
import { type LeftOutKind, type Listing, listNames } from "./watch/listing.ts";
import { type Share, ShareQueue } from "./watch/share_queue.ts";
import { type Action, MOST_ENTRIES, WatchTable } from "./watch/watch_table.ts";

export type { Share } from "./watch/share_queue.ts";

const POLL_MS = 2000;
/** Who asks for a name that is not known yet has the folder looked at sooner, this long after the last time. */
const SOONEST_POLL_MS = 100;
/** Names are read again after this in any case: some disks do not keep the time of a folder. */
const RELIST_MS = 10_000;
/** A folder's time as near as this to its reading may stay the same when it changes again. */
const YOUNG_MS = 3000;
/** A reading of the names is followed by none for so many times its length. */
const REST_FACTOR = 20;
/** The files to look at in one round, of entries that are shared. One entry may have more. */
const FILES_PER_ROUND = 100;

/** What is said of the first entry of a kind that is left out, after its path. */
const LEFT_OUT: Readonly<Record<LeftOutKind, string>> = {
  torrent: "is left out, like every .torrent file here: share the file that it describes",
  link: "is left out, like every link here: a link may lead to what is not meant to be shared",
  special: "is neither a file nor a folder: it is left out",
  name: "has a name that is not UTF-8: it is left out",
};

/** What a watch calls. Every path begins with that of the folder, as it was given. */
export interface FolderWatchHandlers {
  /** Shares what is at `path`. If it rejects with an operational error, `onFailed` gets that. */
  share(path: string, signal: AbortSignal): Promise<Share>;
  /**
   * A share is being ended because its files are gone, or have changed. If they have changed, it is shared
   * anew next.
   */
  onEnded?(path: string, why: "gone" | "changed"): void;
  /** An entry could not be shared. That is tried again when it changes, and after a while. */
  onFailed?(path: string, error: Error): void;
  /** The folder is gone or cannot be read, or something in it is left out: a sentence. */
  onWarning?(message: string): void;
  /** The folder is there again. */
  onBack?(): void;
}

/** Options of a watch. */
export interface FolderWatchOptions {
  /** Ends the watch and all that it shares. */
  readonly signal?: AbortSignal;
}

/**
 * A watched folder.
 *
 * @example
 * ```ts
 * import { Client, FolderWatch } from "@shoal/shoal";
 *
 * await using client = await Client.start();
 * await using watch = await FolderWatch.start("images", {
 *   share: (path, signal) => client.seed(path, { signal }),
 * });
 * await watch.done;
 * ```
 */
export class FolderWatch implements AsyncDisposable {
  /** Resolves when the watch has ended, and with it all that it shared. */
  readonly done: Promise<void>;
  readonly #folder: string;
  readonly #handlers: FolderWatchHandlers;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #table = new WatchTable();
  readonly #shares: ShareQueue;
  /** The warnings given, by kind; forgotten when the folder is gone. */
  readonly #warned = new Set<string>();
  #hurry = new AbortController();
  #polledMs = -Infinity;
  #stamp = "";
  #listedMs = -Infinity;
  #listTookMs = 0;
  #isMissing = false;

  private constructor(
    folder: string,
    handlers: FolderWatchHandlers,
    { signal, clock = systemClock }: FolderWatchOptions & { clock?: Clock },
  ) {
    this.#folder = folder;
    this.#handlers = handlers;
    this.#clock = clock;
    this.#shares = new ShareQueue({
      share: (name, signal) => handlers.share(this.#path(name), signal),
      onStarted: (name) => this.#table.started(name, clock.nowMs()),
      onFailed: (name, error) => {
        this.#table.failed(name, clock.nowMs());
        handlers.onFailed?.(this.#path(name), error);
      },
    });
    if (signal?.aborted) this.#stop.abort();
    signal?.addEventListener("abort", () => this.#stop.abort(), { signal: this.#stop.signal });
    this.done = this.#run();
  }

  /**
   * Begins to watch the folder at `path`.
   *
   * @throws {DiskError} when there is no such folder
   */
  static async start(
    path: string,
    handlers: FolderWatchHandlers,
    options: FolderWatchOptions = {},
  ): Promise<FolderWatch> {
    let info: Deno.FileInfo;
    try {
      info = await Deno.stat(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw diskError(error, path);
      throw new DiskError(`${path} does not exist: check the path`, {
        exitCode: ExitCode.notFound,
        cause: error,
      });
    }
    if (!info.isDirectory) throw new DiskError(`${path} is a file, and only folders are watched`);
    return new FolderWatch(path, handlers, options);
  }

  /** The number of entries that are there, shared or not yet. */
  get size(): number {
    return this.#table.size;
  }

  /**
   * Whether an entry of this name will be shared soon, or shared anew. For a name that has not been seen yet,
   * the folder is looked at soon: ask again after a moment.
   */
  isComing(name: string): boolean {
    const spellings = [name, name.normalize("NFC"), name.normalize("NFD")];
    if (spellings.some((spelling) => this.#table.isComing(spelling))) return true;
    const isSeen = spellings.some((spelling) => this.#table.stateOf(spelling) !== undefined);
    if (!isSeen && this.#clock.nowMs() - this.#polledMs >= SOONEST_POLL_MS) this.#hurry.abort();
    return false;
  }

  /** Ends the watch and all that it shares. */
  close(): Promise<void> {
    this.#stop.abort();
    return this.done;
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#hurry = new AbortController();
      this.#polledMs = this.#clock.nowMs();
      await this.#round();
      await this.#clock.sleep(POLL_MS, AbortSignal.any([signal, this.#hurry.signal]));
    }
    await this.#shares.endAll();
  }

  async #round(): Promise<void> {
    const info = await this.#folderInfo();
    if (info === undefined) return;
    await this.#listIfDue(info);
    const { open, settled } = this.#table.due(this.#clock.nowMs());
    for (const name of open) await this.#look(name);
    let files = 0;
    for (const name of settled) {
      if (files >= FILES_PER_ROUND) return;
      files += await this.#look(name);
    }
  }

  /** Returns how many files were looked at. */
  async #look(name: string): Promise<number> {
    if (this.#stop.signal.aborted) return 0;
    const startMs = this.#clock.nowMs();
    const seen = await lookAt(this.#path(name), Date.now());
    const nowMs = this.#clock.nowMs();
    const look = seen && { ...seen, tookMs: nowMs - startMs };
    const action = this.#table.looked(name, look, nowMs);
    if (action !== undefined) this.#act(action);
    return seen?.lookedAt ?? 1;
  }

  /** `undefined` when the folder is gone, or cannot be looked at now. */
  async #folderInfo(): Promise<Deno.FileInfo | undefined> {
    let info: Deno.FileInfo | undefined;
    try {
      info = await Deno.stat(this.#folder);
    } catch (error) {
      if (!isOperational(error)) throw error;
      if (!(error instanceof Deno.errors.NotFound)) return void this.#warnUnreadable(error);
    }
    if (!info?.isDirectory) return void this.#lose();
    if (this.#isMissing) this.#handlers.onBack?.();
    this.#isMissing = false;
    return info;
  }

  #lose(): void {
    if (this.#isMissing) return;
    this.#isMissing = true;
    this.#stamp = "";
    this.#warned.clear();
    this.#warn("gone", `${this.#folder} is gone: nothing in it is shared until it is back`);
    this.#table.clear().forEach((action) => this.#act(action));
  }

  async #listIfDue({ dev, ino, mtime }: Deno.FileInfo): Promise<void> {
    const stamp = `${dev} ${ino} ${mtime?.getTime()}`;
    const startMs = this.#clock.nowMs();
    const sinceMs = startMs - this.#listedMs;
    if (stamp === this.#stamp && sinceMs < RELIST_MS) return;
    if (sinceMs < REST_FACTOR * this.#listTookMs) return;
    let listing: Listing;
    try {
      listing = await listNames(this.#folder, this.#table.names, MOST_ENTRIES);
    } catch (error) {
      if (!isOperational(error)) throw error;
      return this.#warnUnreadable(error);
    }
    this.#warned.delete("unreadable");
    const isYoung = Math.abs(Date.now() - (mtime?.getTime() ?? 0)) < YOUNG_MS;
    this.#stamp = isYoung ? "" : stamp;
    this.#listedMs = this.#clock.nowMs();
    this.#listTookMs = this.#listedMs - startMs;
    this.#warnOfLeftOut(listing);
    const actions = this.#table.list(listing.names, this.#listedMs);
    for (const action of actions) this.#act(action);
  }

  #act({ type, name }: Action): void {
    const path = this.#path(name);
    if (type !== "share") {
      void this.#shares.end(name);
      this.#handlers.onEnded?.(path, type === "stop" ? "gone" : "changed");
    }
    if (type !== "stop") this.#shares.start(name);
  }

  /** Each kind of thing that is left out is told of once, with one name for all. */
  #warnOfLeftOut({ leftOut, tooMany }: Listing): void {
    for (const [kind, name] of leftOut) this.#warn(kind, `${this.#path(name)} ${LEFT_OUT[kind]}`);
    if (tooMany === 0) return;
    this.#warn(
      "too many",
      `${this.#folder} holds more than ${MOST_ENTRIES} files and folders, and ${tooMany} of them are ` +
        "left out: put some of them together into folders",
    );
  }

  #warnUnreadable(error: unknown): void {
    this.#warn("unreadable", diskError(error, this.#folder).message);
  }

  #warn(kind: string, message: string): void {
    if (this.#warned.has(kind)) return;
    this.#warned.add(kind);
    this.#handlers.onWarning?.(message);
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}
