/**
 * The process's own standard output and standard error, written in the background.
 *
 * @module
 */

import { setColorEnabled } from "@std/fmt/colors";
import { environmentVariable } from "../../runtime/permissions.ts";
import type { Glyphs } from "../terminal/progress.ts";
import type { Surface } from "../terminal/screen.ts";
import { BufferedOutput } from "./buffered_output.ts";

const FALLBACK_SIZE = { columns: 80, rows: 24 };

/** Both streams; where they share a terminal, what is written to them stays in order. */
export class Outputs {
  readonly #stdout: BufferedOutput;
  readonly #stderr: BufferedOutput;

  /** `onStdoutFailure` hears that standard output takes no more. */
  constructor(onStdoutFailure: (error: unknown) => void) {
    this.#stdout = new BufferedOutput(onStdoutFailure);
    const isShared = Deno.stdout.isTerminal() && Deno.stderr.isTerminal();
    // When it fails there is nobody left to say so to, and the work goes on: a download is worth
    // finishing even if the window that watched it is gone.
    this.#stderr = isShared ? this.#stdout : new BufferedOutput(() => {});
  }

  /** Standard output. */
  get stdout(): BufferedOutput {
    return this.#stdout;
  }

  /** Standard error, for a screen that redraws its lines or does not. */
  surface(redraws: boolean): Surface {
    setColorEnabled((isPlainTerminal() || redraws) && !Deno.noColor);
    const outlet = this.#stderr;
    return {
      write: (text) => void outlet.put(Deno.stderr, text),
      get isReady() {
        return outlet.isIdle;
      },
      get isFull() {
        return outlet.isFull;
      },
      redraws,
      glyphs: glyphs(),
      size: terminalSize,
    };
  }

  /**
   * Waits until all is written.
   *
   * @param patienceMs how long to wait for readers who take nothing: of results, and of notices
   */
  async flush(patienceMs: { readonly results: number; readonly notices: number }): Promise<void> {
    await this.#stderr.flush(patienceMs.notices);
    await this.#stdout.flush(patienceMs.results);
  }
}

/** Whether people watch standard error on a terminal that can redraw. */
export function isPlainTerminal(): boolean {
  return Deno.stderr.isTerminal() && environmentVariable("TERM") !== "dumb";
}

/**
 * What may be drawn with: the locale may say that the terminal knows no UTF-8, and the console of
 * Linux has few signs. Without a word from either it is taken for what terminals are today.
 */
function glyphs(): Glyphs {
  const locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(environmentVariable).find(Boolean);
  const isSimple = /^(dumb|linux)$/.test(environmentVariable("TERM") ?? "");
  return isSimple || (locale && !/utf-?8/i.test(locale)) ? "ascii" : "unicode";
}

function terminalSize(): { columns: number; rows: number } {
  try {
    const { columns, rows } = Deno.consoleSize();
    return { columns: columns || FALLBACK_SIZE.columns, rows: rows || FALLBACK_SIZE.rows };
  } catch {
    return FALLBACK_SIZE;
  }
}
