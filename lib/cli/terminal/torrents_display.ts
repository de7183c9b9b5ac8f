/**
 * Shows the events and statistics of several transfers on the screen: a line for each that is not complete,
 * as far as there is room, and one for all together.
 *
 * @module
 */

import type { ClientEvent, TransferEvent, TransferStats } from "../../../mod.ts";
import { type Sentence, sentenceFor } from "../text/messages.ts";
import { count, formatRate } from "../text/units.ts";
import type { Line } from "./progress.ts";
import type { Room, Screen } from "./screen.ts";
import { isComplete, torrentTable, totalsLine } from "./torrent_table.ts";
import { TrackerNews } from "./tracker_news.ts";
import { TransferDisplay, type TransferHandle } from "./transfer_display.ts";

/** Statistics are read anew after so many milliseconds for each torrent, so that reading them costs little. */
const AGE_MS_PER_TORRENT = 5;

interface Shown {
  readonly display: TransferDisplay;
  transfer?: TransferHandle;
}

/** Statistics of all torrents at one moment. */
interface Snapshot {
  readonly atMs: number;
  readonly stats: ReadonlyMap<number, TransferStats>;
}

/** Shows the torrents of a program on a {@link Screen}. */
export class TorrentsDisplay {
  readonly #screen: Screen;
  readonly #program: "seeder" | "leecher";
  readonly #nowMs: () => number;
  readonly #torrents = new Map<number, Shown>();
  readonly #trackers: TrackerNews;
  /** The last sentence on the client as a whole, by the type of event. */
  readonly #told = new Map<TransferEvent["type"], string>();
  #snapshot: Snapshot = { atMs: -Infinity, stats: new Map() };

  /** Shows nothing but the sums yet. */
  constructor(screen: Screen, program: "seeder" | "leecher", nowMs: () => number) {
    this.#screen = screen;
    this.#program = program;
    this.#nowMs = nowMs;
    this.#trackers = new TrackerNews(nowMs);
    screen.follow(this);
  }

  /** Shows a torrent from now on. `name` stands for it until its own is known. */
  add(torrent: number, name: string): void {
    const verb = this.#program === "seeder" ? "hashing" : "checking";
    const display = new TransferDisplay(this.#screen, verb, this.#nowMs, name, true);
    this.#torrents.set(torrent, { display });
  }

  /** Shows the statistics of this transfer from now on. */
  watch(torrent: number, transfer: TransferHandle): void {
    const shown = this.#torrents.get(torrent);
    if (shown === undefined) return;
    shown.transfer = transfer;
    shown.display.watch(transfer);
    this.#snapshot = { atMs: -Infinity, stats: new Map() };
  }

  /** Shows a torrent no more. */
  remove(torrent: number): void {
    this.#torrents.delete(torrent);
    this.#snapshot = { atMs: -Infinity, stats: new Map() };
  }

  /** Handles an event of a torrent, or of the client as a whole. */
  readonly onEvent = ({ torrent, ...rest }: ClientEvent): void => {
    const event = rest as TransferEvent;
    if (event.type === "tracker") return this.#say(this.#trackers.sentenceFor(event));
    if (torrent !== undefined) return this.#torrents.get(torrent)?.display.onEvent(event);
    const sentence = sentenceFor(event);
    if (sentence === undefined || this.#told.get(event.type) === sentence.text) return;
    this.#told.set(event.type, sentence.text);
    this.#say(sentence);
  };

  /** The sums over all torrents. */
  line(): Line {
    const stats = [...this.#stats().values()];
    return totalsLine(this.#program, stats, this.#torrents.size - stats.length);
  }

  /** A line for each torrent that is not complete; the last may be for all that have no room. */
  lines(most: number): Line[] {
    const stats = this.#stats();
    const open = [...this.#torrents].filter(([torrent, { display, transfer }]) => {
      const known = stats.get(torrent);
      return display.isHashing || (transfer !== undefined && known && !isComplete(known));
    });
    if (most < 1) return [];
    const shown = open.length <= most ? open : open.slice(0, most - 1);
    const lines = shown.flatMap(([, { display }]) => display.line() ?? []);
    const others = open.slice(shown.length).map(([torrent]) => stats.get(torrent));
    return others.length === 0 ? lines : [...lines, othersLine(others)];
  }

  /** The rows of the table of torrents. */
  table(room: Room): readonly string[] {
    return torrentTable([...this.#stats().values()], room);
  }

  #say(sentence: Sentence | undefined): void {
    if (sentence !== undefined) this.#screen.tell(sentence);
  }

  #stats(): ReadonlyMap<number, TransferStats> {
    const nowMs = this.#nowMs();
    const age = nowMs - this.#snapshot.atMs;
    if (age < AGE_MS_PER_TORRENT * this.#torrents.size) return this.#snapshot.stats;
    const stats = new Map<number, TransferStats>();
    for (const [torrent, { transfer }] of this.#torrents) {
      if (transfer !== undefined) stats.set(torrent, transfer.stats());
    }
    this.#snapshot = { atMs: nowMs, stats };
    return stats;
  }
}

function othersLine(others: readonly (TransferStats | undefined)[]): Line {
  const downloadRate = others.reduce((sum, stats) => sum + (stats?.downloadRate ?? 0), 0);
  return {
    title: `and ${count(others.length, "other")}`,
    figures: [`↓ ${formatRate(downloadRate)}`],
  };
}
