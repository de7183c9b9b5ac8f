/**
 * The standard error stream as people watch it: sentences, and below them one progress line that is
 * redrawn in place on a terminal and printed now and then in a pipe.
 *
 * @module
 */

import { bold, yellow } from "@std/fmt/colors";
import { fitLine, type Line, plainLine } from "./progress.ts";
import type { Sentence } from "./sentences.ts";
import { printable } from "./text.ts";

const REDRAW_MS = 200;
const PIPE_LINE_MS = 3000;
const CLEAR_LINE = "\r\x1b[K";
/** Some terminals wrap as soon as the last cell is written, and most show ^C where the line ends. */
const FREE_CELLS = 3;

/** What a {@link Screen} draws on. */
export interface Surface {
  /** Puts `text` out, as it is. */
  write(text: string): void;
  /** Whether a line can be redrawn in place. */
  readonly redraws: boolean;
  /** The width of a line in cells; asked anew for each drawing. */
  columns(): number;
}

/** What is shown at all. */
export interface Loudness {
  /** Nothing but errors. */
  readonly quiet: boolean;
  /** Details too. */
  readonly verbose: boolean;
}

/** Sentences and a progress line on one {@link Surface}. */
export class Screen {
  readonly #surface: Surface;
  readonly #loudness: Loudness;
  #source: (() => Line | undefined) | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #drawn = "";

  /** A screen that shows nothing yet. */
  constructor(surface: Surface, loudness: Loudness) {
    this.#surface = surface;
    this.#loudness = loudness;
  }

  /** Whether the progress line is redrawn in place. */
  get isLive(): boolean {
    return this.#surface.redraws;
  }

  /** Prints lines that are news to the user, unless quiet. */
  say(...lines: readonly string[]): void {
    if (this.#loudness.quiet) return;
    for (const line of lines) this.#print(printable(line));
  }

  /** Prints a sentence if somebody wants to read it. */
  tell(sentence: Sentence): void {
    if (this.#loudness.quiet) return;
    if (sentence.level === "detail" && !this.#loudness.verbose) return;
    const text = printable(sentence.text);
    this.#print(sentence.level === "warning" ? yellow(`warning: ${text}`) : text);
  }

  /** Prints an error: always, and bold on a terminal. */
  complain(text: string): void {
    this.#print(text.split("\n").map((line) => bold(printable(line))).join("\n"));
  }

  /** Shows what `source` says, from now on until {@link close}; undefined shows nothing. */
  follow(source: () => Line | undefined): void {
    this.#source = source;
    if (this.#loudness.quiet || this.#timer !== undefined) return;
    const interval = this.#surface.redraws ? REDRAW_MS : PIPE_LINE_MS;
    this.#timer = setInterval(() => this.draw(), interval);
  }

  /** Draws the progress line as it is now. A pipe gets it only when it has changed. */
  draw(): void {
    if (this.#loudness.quiet) return;
    const line = this.#source?.();
    if (this.#surface.redraws) {
      const text = line ? fitLine(line, this.#surface.columns() - FREE_CELLS) : "";
      if (text !== this.#drawn) this.#surface.write(CLEAR_LINE + text);
      this.#drawn = text;
      return;
    }
    const text = line ? plainLine(line) : "";
    if (text !== "" && text !== this.#drawn) this.#surface.write(text + "\n");
    this.#drawn = text;
  }

  /** Takes the progress line away and stops drawing it; sentences can still follow. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#source = undefined;
    this.pause();
  }

  /** Takes the progress line away until it is drawn next, so that something else can be printed. */
  pause(): void {
    if (!this.#surface.redraws || this.#drawn === "") return;
    this.#surface.write(CLEAR_LINE);
    this.#drawn = "";
  }

  #print(text: string): void {
    const drawn = this.#drawn;
    this.pause();
    this.#surface.write(text + "\n");
    if (this.#surface.redraws && drawn !== "" && this.#timer !== undefined) {
      this.#surface.write(drawn);
      this.#drawn = drawn;
    }
  }
}
