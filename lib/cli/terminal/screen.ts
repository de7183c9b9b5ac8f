/**
 * The standard error stream as users see it: sentences, and below them a progress line and perhaps a table.
 * They are redrawn in place on a terminal, and printed now and then in a pipe.
 *
 * @module
 */

import { bold, yellow } from "@std/fmt/colors";
import type { Sentence } from "../text/messages.ts";
import { printable } from "../text/terminal_text.ts";
import { count } from "../text/units.ts";
import { fitLine, type Glyphs, type Line, plainLine } from "./progress.ts";
import { erase, redraw } from "./redraw.ts";

const REDRAW_MS = 200;
const PIPE_LINE_MS = 3000;
const PIPE_TABLE_MS = 10_000;
/** Some terminals wrap as soon as the last cell is written, and most show ^C at the end of the line. */
const FREE_CELLS = 3;
/** Rows left free, so that the last sentences stay visible above a table. */
const FREE_ROWS = 4;
/** A table in a pipe is as wide as a wide terminal. */
const PIPE_COLUMNS = 120;
const PIPE_ROWS = 40;
/** So many lines of {@link View.lines} are printed at a time in a pipe. */
const PIPE_LINES = 20;

/** The verbosity (number of -v) from which a sentence of this level is shown. */
const VERBOSITY: Readonly<Record<Sentence["level"], number>> = {
  warning: 0,
  news: 0,
  detail: 1,
  trace: 2,
};

/** The destination of a {@link Screen}. */
export interface Surface {
  /** Writes `text` unchanged. */
  write(text: string): void;
  /** Whether everything written is out, so that a drawing is seen at once. */
  readonly isReady: boolean;
  /** Whether so much is waiting to be read that details should be left out. */
  readonly isFull: boolean;
  /** Whether lines can be redrawn in place. */
  readonly redraws: boolean;
  /** The characters it can show. */
  readonly glyphs: Glyphs;
  /** The size in cells, read again for each drawing. */
  size(): { readonly columns: number; readonly rows: number };
}

/** What is shown at all. */
export interface Loudness {
  /** Only errors. */
  readonly quiet: boolean;
  /** 1: details too; 2: each single chunk as well. */
  readonly verbosity: number;
}

/** The room for a table. */
export interface Room {
  readonly columns: number;
  readonly rows: number;
  readonly glyphs: Glyphs;
}

/** What to show, read again for each drawing. */
interface View {
  /** The progress line; `undefined` for none. */
  line(): Line | undefined;
  /** Lines above it, at most `most`. */
  lines?(most: number): readonly Line[];
  /** Lines below it, for -v; each fits `room`. */
  table?(room: Room): readonly string[];
}

/** Shows sentences and a {@link View} on one {@link Surface}. */
export class Screen {
  readonly #surface: Surface;
  readonly #loudness: Loudness;
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #view: View | undefined;
  #drawn: readonly string[] = [];
  /** The lines printed last in a pipe. */
  #told: ReadonlySet<string> = new Set();
  #leftOut = 0;

  /** Creates a screen that shows nothing yet. */
  constructor(surface: Surface, loudness: Loudness) {
    this.#surface = surface;
    this.#loudness = loudness;
  }

  /** Whether the progress line is redrawn in place. */
  get isLive(): boolean {
    return this.#surface.redraws;
  }

  /** Whether even very frequent events are shown one by one. */
  get tellsEach(): boolean {
    return !this.#loudness.quiet && this.#loudness.verbosity >= VERBOSITY.trace;
  }

  /** Prints lines of news, unless quiet. */
  say(...lines: readonly string[]): void {
    for (const line of lines) this.tell({ text: line, level: "news" });
  }

  /** Prints a sentence if its level is shown; skips it while the reader lags behind. */
  tell({ text, level }: Sentence): void {
    if (this.#loudness.quiet || this.#loudness.verbosity < VERBOSITY[level]) return;
    if (this.#surface.isFull) this.#leftOut++;
    else this.#print(level === "warning" ? yellow(`warning: ${printable(text)}`) : printable(text));
  }

  /** Prints an error: always, and in bold on a terminal. */
  error(text: string): void {
    this.#print(text.split("\n").map((line) => bold(printable(line))).join("\n"));
  }

  /** Shows `view` until {@link close}. */
  follow(view: View): void {
    this.#view = view;
    if (this.#loudness.quiet || this.#timers.length > 0) return;
    this.#timers.push(
      setInterval(() => this.draw(), this.#surface.redraws ? REDRAW_MS : PIPE_LINE_MS),
    );
    if (this.#surface.redraws || this.#loudness.verbosity === 0) return;
    this.#timers.push(setInterval(() => this.printTable(), PIPE_TABLE_MS));
  }

  /**
   * Draws the current progress lines, unless the previous drawing is still being written. In a pipe, prints
   * those that have changed.
   */
  draw(): void {
    if (this.#loudness.quiet || !this.#surface.isReady) return;
    if (this.#surface.redraws) return this.#redraw();
    const texts = new Set(this.#lines(PIPE_LINES).map(plainLine));
    for (const text of texts) if (!this.#told.has(text)) this.#surface.write(text + "\n");
    this.#told = texts;
  }

  /** Prints the table as lines, for a pipe. */
  printTable(): void {
    if (this.#loudness.quiet || this.#loudness.verbosity === 0 || !this.#surface.isReady) return;
    const room = { columns: PIPE_COLUMNS, rows: PIPE_ROWS, glyphs: this.#surface.glyphs };
    for (const row of this.#view?.table?.(room) ?? []) this.#surface.write(row + "\n");
  }

  /** Erases the progress line and stops drawing it; sentences can still follow. */
  close(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    this.#view = undefined;
    this.pause();
    this.#write(this.#gap());
  }

  /** Erases the progress line until the next drawing, so that something else can be printed. */
  pause(): void {
    this.#write(erase(this.#drawn));
    this.#drawn = [];
  }

  #redraw(): void {
    const lines = this.#block();
    const isOld = lines.length === this.#drawn.length &&
      lines.every((text, i) => text === this.#drawn[i]);
    if (!isOld) this.#write(redraw(this.#drawn, lines));
    this.#drawn = lines;
  }

  #block(): string[] {
    const { glyphs } = this.#surface;
    const size = this.#surface.size();
    const columns = size.columns - FREE_CELLS;
    const rows = size.rows - FREE_ROWS;
    const lines = this.#lines(Math.max(0, rows - 1));
    if (lines.length === 0) return [];
    const room = { columns, rows: rows - lines.length + 1, glyphs };
    const table = this.#loudness.verbosity > 0 ? this.#view?.table?.(room) ?? [] : [];
    return [...lines.map((line) => fitLine(line, columns, glyphs)), ...table];
  }

  /** The progress lines, the most important last. */
  #lines(most: number): Line[] {
    const line = this.#view?.line();
    return line ? [...this.#view?.lines?.(most) ?? [], line] : [];
  }

  #print(text: string): void {
    const above = `${erase(this.#drawn)}${this.#gap()}${text}\n`;
    if (this.#timers.length === 0) this.#drawn = [];
    this.#write(above + redraw([], this.#drawn));
  }

  /** A line that counts the sentences left out so far. */
  #gap(): string {
    if (this.#leftOut === 0) return "";
    const text = `(${count(this.#leftOut, "line")} left out, not read fast enough)\n`;
    this.#leftOut = 0;
    return text;
  }

  #write(text: string): void {
    if (text !== "") this.#surface.write(text);
  }
}
