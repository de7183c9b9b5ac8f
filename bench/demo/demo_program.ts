/**
 * One of Shoal's programs in the demo: a real process whose output is read, and shown to the user as far as
 * it belongs to the story.
 *
 * @module
 */

import { dirname, fromFileUrl, join } from "@std/path";
import { writeNotice } from "../../lib/cli/output/standard_streams.ts";
import { foreign } from "../../lib/cli/text/terminal_text.ts";
import { ShoalError } from "../../lib/errors.ts";

const ROOT = join(dirname(fromFileUrl(import.meta.url)), "..", "..");
/** How long a program may take to end on request. */
const GRACE_MS = 3000;
const CLEAR_LINE = "\r\x1b[K";
// deno-lint-ignore no-control-regex
const STYLE = /\x1b\[[\d;]*m/g;

/** How a program is started. */
export interface DemoProgramOptions {
  /** Its name in the demo: `seeder 1`. */
  readonly label: string;
  readonly args: readonly string[];
  /** The program's working directory. */
  readonly cwd: string;
  /** Its output is shown to the user until a line matches; absent: nothing is shown. */
  readonly showUntil?: RegExp;
  /** Aborts when the demo is stopped. */
  readonly signal: AbortSignal;
}

interface Waiter {
  readonly pattern: RegExp;
  readonly found: (match: RegExpExecArray) => void;
  readonly failed: (error: unknown) => void;
}

/** A running program. */
export class DemoProgram {
  /** Its name in the demo. */
  readonly label: string;
  /** Every line it has printed, on either stream. */
  readonly lines: string[] = [];
  readonly #script: string;
  readonly #child: Deno.ChildProcess;
  readonly #waiters = new Set<Waiter>();
  readonly #showUntil: RegExp | undefined;
  readonly #over: Promise<void>;
  #shows: boolean;
  #isOver = false;
  #failure: unknown;

  /** Starts one of the three programs. */
  constructor(script: "tracker" | "seeder" | "leecher", options: DemoProgramOptions) {
    this.label = options.label;
    this.#script = script;
    this.#showUntil = options.showUntil;
    this.#shows = options.showUntil !== undefined;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", join(ROOT, `${script}.ts`), ...options.args],
      cwd: options.cwd,
      clearEnv: true,
      env: environment(),
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#over = this.#watch();
    options.signal.addEventListener("abort", () => this.#giveUp(options.signal.reason));
    if (options.signal.aborted) this.#giveUp(options.signal.reason);
  }

  /**
   * The first matching line, already printed or yet to come.
   *
   * @throws ShoalError when the program ends first; the reason of the demo's signal when that aborts
   */
  line(pattern: RegExp): Promise<RegExpExecArray> {
    for (const line of this.lines) {
      const match = pattern.exec(line);
      if (match) return Promise.resolve(match);
    }
    if (this.#isOver) return Promise.reject(this.#failure);
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    this.#waiters.add({ pattern, found: resolve, failed: reject });
    return promise;
  }

  /** Resolves when the program has ended and all its output is read. */
  get over(): Promise<void> {
    return this.#over;
  }

  /** Ends the program in order, or kills it if that takes too long. */
  async stop(): Promise<void> {
    this.#kill("SIGTERM");
    const timer = setTimeout(() => this.kill(), GRACE_MS);
    await this.#over.finally(() => clearTimeout(timer));
  }

  /** Kills the program. */
  kill(): void {
    this.#kill("SIGKILL");
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch { /* it has ended already */ }
  }

  async #watch(): Promise<void> {
    const { stdout, stderr, status } = this.#child;
    const [{ code }] = await Promise.all([status, this.#read(stdout, false), this.#read(stderr)]);
    const error = this.lines.findLast((line) => line.startsWith(`${this.#script}: `));
    const last = error ?? this.lines.at(-1) ?? "it said nothing";
    this.#giveUp(
      new ShoalError(`${this.label} ended too early, with exit code ${code}: ${foreign(last)}`),
    );
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>, isNotice = true): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      for (const part of text.split(/(?<=\n)/)) {
        rest += part;
        const isWhole = part.endsWith("\n");
        if (isWhole) this.#add(plain(rest), isNotice);
        if (isNotice && this.#shows) writeNotice(part);
        if (isWhole) rest = "";
      }
    }
    if (rest !== "") this.#add(plain(rest), isNotice);
  }

  #add(line: string, isNotice: boolean): void {
    if (line === "") return;
    this.lines.push(line);
    if (isNotice && this.#showUntil?.test(line)) this.#hide();
    for (const waiter of [...this.#waiters]) {
      const match = waiter.pattern.exec(line);
      if (!match) continue;
      this.#waiters.delete(waiter);
      waiter.found(match);
    }
  }

  #hide(): void {
    if (this.#shows && Deno.stderr.isTerminal()) writeNotice(CLEAR_LINE);
    this.#shows = false;
  }

  #giveUp(failure: unknown): void {
    this.#hide();
    this.#isOver = true;
    this.#failure ??= failure;
    for (const { failed } of this.#waiters) failed(this.#failure);
    this.#waiters.clear();
  }
}

/** Leaves out the user's own settings and LSD, which would change what the demo shows. */
function environment(): Record<string, string> {
  const kept = Object.entries(Deno.env.toObject()).filter(([name]) => !name.startsWith("SHOAL_"));
  return { ...Object.fromEntries(kept), SHOAL_LOCAL_DISCOVERY: "off", SHOAL_HIDDEN: "on" };
}

/** A line without colours and without what was drawn before it on the same line. */
function plain(line: string): string {
  const from = line.lastIndexOf(CLEAR_LINE);
  const said = from === -1 ? line : line.slice(from + CLEAR_LINE.length);
  return said.replace(STYLE, "").trimEnd();
}
