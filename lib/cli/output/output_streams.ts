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

/** Both streams; if they share a terminal, their output stays in order. */
export class Outputs {
  readonly #stdout: BufferedOutput;
  readonly #stderr: BufferedOutput;

  /** Calls `onStdoutFailure` when standard output can no longer be written. */
  constructor(onStdoutFailure: (error: unknown) => void) {
    this.#stdout = new BufferedOutput(onStdoutFailure);
    const isShared = Deno.stdout.isTerminal() && Deno.stderr.isTerminal();
    // When this fails there is no way to report it, and the work continues: a download is worth finishing
    // even if its window is closed.
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
   * Waits until everything is written.
   *
   * @param patienceMs how long to wait for a reader that makes no progress: for results, and for notices
   */
  async flush(patienceMs: { readonly results: number; readonly notices: number }): Promise<void> {
    await this.#stderr.flush(patienceMs.notices);
    await this.#stdout.flush(patienceMs.results);
  }
}

/** Whether standard error is a terminal that can redraw. */
export function isPlainTerminal(): boolean {
  return Deno.stderr.isTerminal() && environmentVariable("TERM") !== "dumb";
}

/**
 * The characters to draw with. The locale may say that the terminal has no UTF-8, and the Linux console has
 * few characters. Otherwise assumes Unicode.
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
