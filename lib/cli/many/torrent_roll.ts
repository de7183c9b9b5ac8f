/**
 * The torrents of a program with several: their numbers, what they were asked for as, and their
 * `--on-done` programs.
 *
 * @module
 */

import { type Done, runOnDone } from "../on_done.ts";
import type { EventLog } from "../output/event_log.ts";
import type { JsonEvent } from "../output/json_events.ts";
import type { Screen } from "../terminal/screen.ts";
import type { TorrentsDisplay } from "../terminal/torrents_display.ts";
import type { TransferHandle } from "../terminal/transfer_display.ts";

/** What the torrents of a program report to. */
interface RollContext {
  readonly screen: Screen;
  readonly events: EventLog;
  readonly signal: AbortSignal;
}

/** Why a torrent is not there any more. */
export type Removal = Extract<JsonEvent, { type: "removed" }>["because"];

/** Counts torrents as their client does: by 1 for every torrent that it is asked for. */
export class TorrentRoll {
  readonly #context: RollContext;
  readonly #display: TorrentsDisplay;
  readonly #onDone: string | undefined;
  #next = 1;
  #programs: Promise<void> = Promise.resolve();

  /** @param onDone the program of `--on-done` */
  constructor(context: RollContext, display: TorrentsDisplay, onDone: string | undefined) {
    this.#context = context;
    this.#display = display;
    this.#onDone = onDone;
  }

  /** Gives a number to what the client is asked for next. `name` stands for it until its own is known. */
  add(argument: string, name: string): number {
    const torrent = this.#next++;
    this.#display.add(torrent, name);
    this.#context.events.tell({ type: "added", argument }, torrent);
    return torrent;
  }

  /** It has started. */
  watch(torrent: number, transfer: TransferHandle): void {
    this.#display.watch(torrent, transfer);
  }

  /** Its number is not used any more. */
  remove(torrent: number, because?: Removal): void {
    if (because !== undefined) this.#context.events.tell({ type: "removed", because }, torrent);
    this.#display.remove(torrent);
  }

  /** Runs the program of `--on-done`, if there is one, after those before it. */
  runOnDone(torrent: number, done: Done): void {
    const command = this.#onDone;
    if (command === undefined) return;
    this.#programs = this.#programs.then(() => runOnDone(command, done, this.#context, torrent));
  }

  /** Resolves when all programs of `--on-done` have ended. */
  get programsDone(): Promise<void> {
    return this.#programs;
  }
}
