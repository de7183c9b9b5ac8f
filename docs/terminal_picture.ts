/**
 * A program on a terminal of its own, and what that shows at a moment as HTML.
 * @module
 */

import { escape } from "@std/html/entities";
import xterm, { type IBufferLine } from "@xterm/headless";

const COLUMNS = 120;
const ROWS = 22;
/** What the sixteen colours of a terminal are here, on a dark ground. */
const PALETTE = [
  ..."#1d1f21 #e06c75 #98c379 #e5c07b #61afef #c678dd #56b6c2 #c8ccd4".split(" "),
  ..."#6b7280 #ff8a93 #b5e08f #ffd68a #8cc8ff #e0a3f5 #7fdbe6 #ffffff".split(" "),
];

/** A running program whose terminal is looked at; `await using` ends it. */
export class TerminalProgram implements AsyncDisposable {
  readonly #terminal = new xterm.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #onChange = Promise.withResolvers<void>();

  /** Starts a program on a pseudo-terminal, with `script` of util-linux. */
  constructor(command: string, args: readonly string[], cwd: string) {
    const words = [command, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
    const line = `stty cols ${COLUMNS} rows ${ROWS}; exec ${words}`;
    this.#child = new Deno.Command("script", {
      args: ["-qefc", line, "/dev/null"],
      cwd,
      env: { TERM: "xterm-256color", LANG: "C.UTF-8", SHOAL_LOCAL_DISCOVERY: "off" },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#reading = this.#read();
  }

  /** Resolves once a row of the terminal matches. */
  async until(pattern: RegExp): Promise<void> {
    while (!this.#rows().some((row) => pattern.test(row.translateToString(true)))) {
      await this.#onChange.promise;
    }
  }

  /** What the terminal shows now, as a `pre` with its colours. */
  html(): string {
    const rows = this.#rows().map(htmlOf);
    while (rows.at(-1) === "") rows.pop();
    return `<pre>${rows.join("\n")}</pre>`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
    await this.#reading;
    this.#terminal.dispose();
  }

  async #read(): Promise<void> {
    for await (const bytes of this.#child.stdout) {
      await new Promise<void>((resolve) => this.#terminal.write(bytes, resolve));
      this.#onChange.resolve();
      this.#onChange = Promise.withResolvers();
    }
  }

  #rows() {
    const { active } = this.#terminal.buffer;
    return Array.from({ length: ROWS }, (_, i) => active.getLine(active.baseY + i)!);
  }
}

function htmlOf(row: IBufferLine): string {
  let html = "";
  for (let x = 0; x < row.length; x++) {
    const cell = row.getCell(x)!;
    if (cell.getWidth() === 0) continue;
    const colour = cell.isFgPalette() ? `color:${PALETTE[cell.getFgColor()] ?? "inherit"};` : "";
    const style = `${colour}${cell.isBold() ? "font-weight:600;" : ""}${
      cell.isDim() ? "opacity:.65;" : ""
    }`;
    const text = escape(cell.getChars() || " ");
    html += style === "" ? text : `<span style="${style}">${text}</span>`;
  }
  return html.trimEnd();
}
