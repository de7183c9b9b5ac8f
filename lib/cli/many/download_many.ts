/**
 * `leecher WHAT...`: gets several torrents at once, then shares them.
 *
 * @module
 */

import { Client, type Leecher } from "../../../mod.ts";
import { OptionError, ShoalError } from "../../errors.ts";
import { Slots } from "../../runtime/slots.ts";
import type { leecherProgram } from "../command_line/leecher_program.ts";
import { progressEvent } from "../output/json_events.ts";
import { openPage } from "../page.ts";
import type { Run } from "../program.ts";
import { untilStopped } from "../stop_signals.ts";
import { TorrentsDisplay } from "../terminal/torrents_display.ts";
import { clipMiddle, foreign } from "../text/terminal_text.ts";
import { count, formatBytes, formatElapsed } from "../text/units.ts";
import { TorrentRoll } from "./torrent_roll.ts";

type LeecherRun = Run<typeof leecherProgram.options>;

/** How many names and links are looked up at the same time. */
const LOOKED_UP_AT_ONCE = 32;
/** A link may be very long. */
const MOST_NAME_CELLS = 40;

/**
 * Gets all arguments. Each goes its own way: one that fails does not keep the others. Then shares them,
 * unless the program is to exit.
 *
 * @throws {OptionError} when an option fits one torrent only
 */
export async function downloadMany(run: LeecherRun): Promise<void> {
  const { options, screen, events, signal } = run;
  await requireForMany(options);
  const startMs = performance.now();
  const display = new TorrentsDisplay(screen, "leecher", () => performance.now());
  await using page = await openPage("leecher", options, screen);
  await using client = await Client.start({
    ...options,
    signal,
    onEvent: run.clientListener(display),
  });
  if (page) events.tell({ type: "page", url: page.url });
  page?.show(client);
  const downloads = new ManyDownloads(run, client, display);
  events.followEach((only) => downloads.figures(only));
  const whats = [...new Set(run.arguments)];
  if (whats.length < run.arguments.length) {
    screen.tell({ text: "what is named twice is downloaded once", level: "warning" });
  }
  await untilStopped(Promise.all(whats.map((what) => downloads.get(what))), signal);
  run.markDone();
  const seconds = (performance.now() - startMs) / 1000;
  screen.say(downloads.summary(whats.length, seconds, options.exit !== true));
  if (options.exit !== true) await untilStopped(downloads.allEnded(), signal);
  await downloads.programsDone;
}

/** @throws {OptionError} when `-o` names a file, or `--web-seed` the file of one torrent */
async function requireForMany({ out, webSeeds = [] }: LeecherRun["options"]): Promise<void> {
  const file = webSeeds.find((url) => !url.endsWith("/"));
  if (file !== undefined) {
    throw new OptionError(
      `--web-seed ${file} is the address of one file, and there are several to get: end it with / if it ` +
        "is a folder that has them all",
    );
  }
  if (out === undefined || /[/\\]$/.test(out)) return;
  const there = await Deno.stat(out).catch(() => undefined);
  if (there?.isDirectory) return;
  throw new OptionError(
    `-o ${
      foreign(out)
    } names one file, and there are several to get: name a folder, with / at its end if ` +
      "it is new",
  );
}

interface Running {
  readonly leecher: Leecher;
  /** Resolves when seeding has ended too, or the download has failed. */
  ended: Promise<void>;
}

/** The downloads of one program. */
class ManyDownloads {
  readonly #run: LeecherRun;
  readonly #client: Client;
  readonly #roll: TorrentRoll;
  readonly #slots = new Slots(LOOKED_UP_AT_ONCE);
  readonly #running = new Map<number, Running>();
  #complete = 0;
  #bytes = 0;

  constructor(run: LeecherRun, client: Client, display: TorrentsDisplay) {
    this.#run = run;
    this.#client = client;
    this.#roll = new TorrentRoll(run, display, run.options.onDone);
  }

  /** Resolves when all programs of `--on-done` have ended. */
  get programsDone(): Promise<void> {
    return this.#roll.programsDone;
  }

  /** Resolves when no torrent is shared any more. */
  async allEnded(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  /** The statistics of all torrents, or of one. */
  *figures(only?: number) {
    for (const [torrent, { leecher }] of this.#running) {
      if (only !== undefined && only !== torrent) continue;
      yield [torrent, progressEvent(leecher.stats())] as const;
    }
  }

  /** What became of so many downloads. */
  summary(all: number, seconds: number, seeds: boolean): string {
    const done = `${this.#complete} of ${count(all, "torrent")} complete`;
    const how = `${formatBytes(this.#bytes)} in ${formatElapsed(seconds)}`;
    const next = seeds && this.#complete > 0 ? "; seeding, Ctrl-C stops, -e exits when done" : "";
    return `${done}, ${how}${next}`;
  }

  /** Gets one torrent. Resolves when it is complete or has failed. */
  async get(what: string): Promise<void> {
    const torrent = this.#roll.add(what, nameIn(what));
    try {
      await this.#download(torrent, what);
    } catch (error) {
      if (this.#run.signal.aborted) return;
      if (!(error instanceof ShoalError)) throw error;
      this.#running.delete(torrent);
      if (error.code === "duplicate-torrent") return this.#skip(torrent, what);
      this.#run.failed(what, error, torrent);
      this.#roll.remove(torrent);
    }
  }

  async #download(torrent: number, what: string): Promise<void> {
    const { port: _, host: __, uploadLimit: ___, downloadLimit: ____, exit: _____, ...options } =
      this.#run.options;
    const leecher = await this.#slots.run(() => this.#client.download(what, options));
    this.#roll.watch(torrent, leecher);
    const running = { leecher, ended: Promise.resolve() };
    this.#running.set(torrent, running);
    const { sources: _sources, verifiedBy: _verifiedBy, ...done } = await leecher.complete;
    this.#complete++;
    this.#bytes += done.bytes;
    running.ended = this.#seed(torrent, what, leecher);
    this.#roll.runOnDone(torrent, { ...done, torrent: leecher.torrent! });
    await this.#run.result(done.path);
  }

  /** Resolves when a limit has ended the seeding, or it has failed. */
  async #seed(torrent: number, what: string, { done }: Leecher): Promise<void> {
    try {
      await done;
    } catch (error) {
      if (this.#run.signal.aborted) return;
      if (!(error instanceof ShoalError)) throw error;
      this.#running.delete(torrent);
      this.#run.failed(what, error, torrent);
      return this.#roll.remove(torrent);
    }
    if (!this.#running.delete(torrent) || this.#run.signal.aborted) return;
    this.#roll.remove(torrent, "limit");
  }

  #skip(torrent: number, what: string): void {
    const message = `${what} is the same torrent as another: it is downloaded once`;
    this.#run.screen.tell({ text: foreign(message), level: "warning" });
    this.#run.events.tell({ type: "warning", message }, torrent);
    this.#roll.remove(torrent, "duplicate");
  }
}

/** What stands for a torrent until its description is there. */
function nameIn(what: string): string {
  return clipMiddle(foreign(URL.parse(what)?.searchParams.get("dn") || what), MOST_NAME_CELLS);
}
