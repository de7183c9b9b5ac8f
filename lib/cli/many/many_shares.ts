/**
 * The shares of a seeder with several: those of its arguments, and those of watched folders.
 *
 * @module
 */

import { basename, resolve } from "@std/path";
import { type Client, FolderWatch, type Seeder, type Share } from "../../../mod.ts";
import { diskError } from "../../disk/disk_error.ts";
import { ShoalError } from "../../errors.ts";
import { Slots } from "../../runtime/slots.ts";
import type { seederProgram } from "../command_line/seeder_program.ts";
import { failureFor } from "../error_report.ts";
import { metadataEvent, progressEvent, sharingEvent } from "../output/json_events.ts";
import type { Run } from "../program.ts";
import type { TorrentsDisplay } from "../terminal/torrents_display.ts";
import { foreign } from "../text/terminal_text.ts";
import { formatBytes } from "../text/units.ts";
import { distinctPaths } from "./distinct_paths.ts";
import { TorrentRoll } from "./torrent_roll.ts";

type SeederRun = Run<typeof seederProgram.options>;

/** How many are hashed, or announced for the first time, at the same time. */
const STARTED_AT_ONCE = 16;

/** A watched file that is shared already, by another path, needs no share of its own. */
const SHARED_ELSEWHERE: Share = { done: new Promise(() => {}), close: () => Promise.resolve() };

interface Running {
  readonly path: string;
  readonly seeder: Seeder;
  readonly ended: Promise<void>;
}

/** The shares of one program. */
export class ManyShares {
  readonly #run: SeederRun;
  readonly #client: Client;
  readonly #roll: TorrentRoll;
  readonly #slots = new Slots(STARTED_AT_ONCE);
  readonly #running = new Map<number, Running>();
  /** The numbers of what is shared of watched folders, by path. */
  readonly #watched = new Map<string, number>();
  #count = 0;

  /** Nothing is shared yet. */
  constructor(run: SeederRun, client: Client, display: TorrentsDisplay) {
    this.#run = run;
    this.#client = client;
    this.#roll = new TorrentRoll(run, display, run.options.onDone);
  }

  /** How many have been started so far. */
  get count(): number {
    return this.#count;
  }

  /** What is shared now. */
  get seeders(): Seeder[] {
    return [...this.#running.values()].map(({ seeder }) => seeder);
  }

  /** Resolves when all programs of `--on-done` have ended. */
  get programsDone(): Promise<void> {
    return this.#roll.programsDone;
  }

  /** Resolves when everything has reached a limit. */
  async allEnded(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  /** The statistics of all torrents, or of one. */
  *figures(only?: number) {
    for (const [torrent, { seeder }] of this.#running) {
      if (only !== undefined && only !== torrent) continue;
      yield [torrent, progressEvent(seeder.stats())] as const;
    }
  }

  /** Shares the arguments. Returns the link of each; an empty one when it cannot be shared. */
  async sharePaths(): Promise<Promise<string>[]> {
    const links = new Map<string, Promise<string>>();
    return (await distinctPaths(this.#run.arguments)).map(({ path, sameAs }) => {
      const known = sameAs === undefined ? undefined : links.get(sameAs);
      if (known !== undefined) this.#warn(`${path} is the same as ${sameAs}: it is shared once`);
      const link = known ?? this.#slots.run(() => this.#linkOf(path));
      links.set(path, link);
      return link;
    });
  }

  /**
   * Shares what is in the watched folders from now on.
   *
   * @throws {DiskError} when there is no such folder
   */
  async watchFolders(): Promise<FolderWatch[]> {
    const watches: Promise<FolderWatch>[] = [];
    for (const { path, sameAs } of await distinctPaths(this.#run.options.watch ?? [])) {
      if (sameAs === undefined) watches.push(this.#watch(path));
      else this.#warn(`${path} is the same as ${sameAs}: it is watched once`);
    }
    return await Promise.all(watches);
  }

  async #watch(folder: string): Promise<FolderWatch> {
    const { screen, signal } = this.#run;
    const watch = await FolderWatch.start(folder, {
      share: (path, stop) => this.#slots.run(() => this.#shareWatched(path, stop)),
      onEnded: (path, why) => {
        const what = why === "gone"
          ? "is gone, and shared no more"
          : "has changed: sharing it anew";
        screen.say(`${foreign(path)} ${what}`);
        this.#forget(path, why);
      },
      onFailed: (path, error) => {
        const known = error instanceof ShoalError ? error : diskError(error, path);
        const { text, ...about } = failureFor(known, signal, false);
        screen.tell({ text: foreign(`${path} is not shared: ${text}`), level: "warning" });
        const failed = { type: "failed", argument: path, message: text, ...about } as const;
        this.#run.events.tell(failed, this.#watched.get(path));
        this.#forget(path);
      },
      onWarning: (message) => this.#warn(message),
      onBack: () => screen.say(`${foreign(folder)} is back`),
    }, { signal });
    if (!this.#run.options.private) this.#client.offerSoon((name) => watch.isComing(name));
    screen.say(`watching ${foreign(folder)}`);
    return watch;
  }

  async #linkOf(path: string): Promise<string> {
    const torrent = this.#roll.add(path, nameOf(path));
    try {
      return (await this.#share(torrent, path)).magnet;
    } catch (error) {
      if (this.#run.signal.aborted) return "";
      if (!(error instanceof ShoalError)) throw error;
      this.#run.failed(path, error, torrent);
      this.#roll.remove(torrent);
      return "";
    }
  }

  async #shareWatched(path: string, stop: AbortSignal): Promise<Share> {
    stop.throwIfAborted();
    const torrent = this.#roll.add(path, nameOf(path));
    this.#watched.set(path, torrent);
    try {
      const seeder = await this.#share(torrent, path, stop);
      void this.#run.result(seeder.magnet);
      return seeder;
    } catch (error) {
      if (!(error instanceof ShoalError) || error.code !== "duplicate-torrent") throw error;
      this.#warn(`${path} is shared already, by another path`);
      this.#forget(path, "duplicate");
      return SHARED_ELSEWHERE;
    }
  }

  async #share(torrent: number, path: string, signal?: AbortSignal): Promise<Seeder> {
    const { options, events, screen } = this.#run;
    const { port: _, host: __, uploadLimit: ___, downloadLimit: ____, ...seedOptions } = options;
    const startMs = performance.now();
    const seeder = await this.#client.seed(path, { ...seedOptions, ...(signal && { signal }) });
    if (signal?.aborted) await seeder.close();
    signal?.throwIfAborted();
    this.#count++;
    this.#roll.watch(torrent, seeder);
    events.tell(metadataEvent(seeder.torrent), torrent);
    events.tell(sharingEvent(seeder, undefined), torrent);
    screen.say(`sharing ${foreign(path)}, ${formatBytes(seeder.torrent.length)}`);
    const ended = seeder.done.then(() => {
      if (!this.#running.delete(torrent) || this.#run.signal.aborted) return;
      screen.say(`${foreign(path)} was shared as long as it was asked to`);
      const seconds = (performance.now() - startMs) / 1000;
      const { length: bytes } = seeder.torrent;
      this.#roll.runOnDone(torrent, { path, torrent: seeder.torrent, bytes, seconds });
      this.#roll.remove(torrent, "limit");
    });
    this.#running.set(torrent, { path, seeder, ended });
    return seeder;
  }

  /** A watched path is not shared any more under its number. */
  #forget(path: string, because?: "gone" | "changed" | "duplicate"): void {
    const torrent = this.#watched.get(path);
    if (torrent === undefined) return;
    this.#watched.delete(path);
    this.#running.delete(torrent);
    this.#roll.remove(torrent, because);
  }

  #warn(message: string): void {
    this.#run.screen.tell({ text: foreign(message), level: "warning" });
    this.#run.events.tell({ type: "warning", message });
  }
}

function nameOf(path: string): string {
  return basename(resolve(path));
}
