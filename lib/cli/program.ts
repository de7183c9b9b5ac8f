/**
 * The frame around a program: command line in, exit code out, Ctrl-C, broken pipes and bugs in between.
 *
 * @module
 */

import manifest from "../../deno.json" with { type: "json" };
import { ExitCode, ShoalError } from "../errors.ts";
import { environmentVariable } from "../runtime/permissions.ts";
import { EventLog } from "./output/event_log.ts";
import { failureFor } from "./error_report.ts";
import {
  environmentUnread,
  type generalOptions,
  parseCommandLine,
  type Program,
} from "./command_line/flags.ts";
import { isHangUpIgnored } from "./hang_up.ts";
import { helpText } from "./command_line/help.ts";
import type { Values } from "./command_line/options.ts";
import { isPlainTerminal, Outputs } from "./output/output_streams.ts";
import { type Loudness, Screen } from "./terminal/screen.ts";
import { outputFailure, ReaderGone, writeResult } from "./output/standard_streams.ts";
import { printable } from "./text/terminal_text.ts";

/** One Ctrl-C can arrive twice at once: from the terminal and, passed on, from `deno task` or npx. */
const SAME_PRESS_MS = 100;
/** So long an ending program waits for somebody who does not read what it has said. */
const PATIENCE_MS = 2000;
/** Of a long result so many characters are written before more are made. */
const RESULT_LENGTH = 64 * 1024;

/** What a program's body works with. */
export interface Run<T extends typeof generalOptions> {
  /** The options given, checked. */
  readonly options: Values<T>;
  /** The argument; empty for a program that takes none. */
  readonly argument: string;
  /** Standard error. */
  readonly screen: Screen;
  /** Standard output with `--json`; without it, events go nowhere. */
  readonly events: EventLog;
  /** Aborts at the first Ctrl-C, SIGTERM, or end of its terminal; its reason is the error to end with. */
  readonly signal: AbortSignal;
  /**
   * Prints lines of result on standard output, unless events go there. Resolves when they are written, or
   * when the program is to stop: then the end of the program waits for them.
   */
  result(lines: string | Iterable<string>): Promise<void>;
  /** Says that the work is done: to be stopped from now on is no failure. */
  markDone(): void;
}

/**
 * Runs `body` as the program and ends the process with its exit code.
 *
 * @param body returns when the program is over; it throws what the program fails with
 */
export async function main<T extends typeof generalOptions>(
  program: Program<T>,
  body: (run: Run<T>) => Promise<void>,
): Promise<never> {
  const frame = new ProgramRunner(program);
  const onFault = (event: Event, error: unknown) => {
    event.preventDefault(); // the frame ends the process
    void frame.end(error);
  };
  addEventListener("unhandledrejection", (event) => onFault(event, event.reason));
  addEventListener("error", (event) => onFault(event, event.error));
  try {
    await body(frame.begin());
  } catch (error) {
    return await frame.end(error);
  }
  return await frame.end();
}

/**
 * Waits for `promise`, but not beyond the moment at which `signal` aborts.
 *
 * @throws the reason of `signal`, or what `promise` rejects with
 */
export async function untilStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  const onAbort = () => stopped.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([promise, stopped.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Resolves when `signal` has aborted. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** One run of a program. */
class ProgramRunner<T extends typeof generalOptions> {
  readonly #program: Program<T>;
  readonly #startMs = performance.now();
  readonly #stop = new AbortController();
  readonly #outputs = new Outputs((error) => this.#nobodyReads(error));
  #loudness: Loudness = { quiet: false, verbosity: Deno.args.some(isVerbose) ? 1 : 0 };
  #screen = new Screen(this.#outputs.surface(isPlainTerminal()), this.#loudness);
  #events = this.#eventLog(Deno.args.includes("--json"));
  #isDone = false;
  #isEnding = false;
  /** Why standard output takes no more. */
  #outputFailure: ShoalError | undefined;

  constructor(program: Program<T>) {
    this.#program = program;
  }

  /** Reads the command line. Help and version are printed, and end the process. */
  begin(): Run<T> {
    const { name, interrupted } = this.#program;
    const commandLine = parseCommandLine(this.#program, Deno.args, environmentVariable);
    const unread = environmentUnread(this.#program);
    if (commandLine.type === "help") writeResult(helpText(this.#program, manifest.version, unread));
    if (commandLine.type === "version") writeResult(versionText(name));
    if (commandLine.type !== "run") Deno.exit(ExitCode.ok);
    const { options, argument } = commandLine;
    const general: Values<typeof generalOptions> = options;
    this.#loudness = { quiet: general.quiet === true, verbosity: general.verbose ?? 0 };
    this.#screen = new Screen(this.#outputs.surface(isLive(general.progress)), this.#loudness);
    this.#events = this.#eventLog("json" in options && options.json === true);
    if (unread !== undefined) this.#screen.tell({ text: unread, level: "detail" });
    stopOnSignals(this.#stop, this.#screen, interrupted);
    this.#events.tell({
      type: "started",
      program: name,
      version: manifest.version,
      pid: Deno.pid,
      ...(argument !== undefined && { argument }),
    });
    return {
      options,
      argument: argument ?? "",
      screen: this.#screen,
      events: this.#events,
      signal: this.#stop.signal,
      result: (lines) => this.#printResult(typeof lines === "string" ? [lines] : lines),
      markDone: () => this.#isDone = true,
    };
  }

  /** Says the last words and ends the process; only the first call counts. */
  async end(...failed: [error?: unknown]): Promise<never> {
    if (this.#isEnding) return await new Promise<never>(() => {});
    this.#isEnding = true;
    this.#screen.close();
    const exitCode = this.#lastWords(failed);
    this.#events.close();
    // Results are waited for until somebody reads them, or the user has waited long enough.
    const flushed = this.#outputs.flush({ results: Infinity, notices: PATIENCE_MS });
    const { signal } = this.#stop;
    await untilStopped(flushed, signal).catch(() =>
      this.#outputs.flush({ results: PATIENCE_MS, notices: PATIENCE_MS })
    );
    return Deno.exit(exitCode);
  }

  #lastWords(failed: readonly unknown[]): ExitCode {
    if (this.#outputFailure instanceof ReaderGone) return ExitCode.ok;
    const isStopped = this.#stop.signal.aborted && this.#isDone && !this.#outputFailure;
    if (failed.length === 0 || isStopped) {
      const seconds = Math.round(performance.now() - this.#startMs) / 1000;
      this.#events.tell({ type: "stopped", exitCode: ExitCode.ok, seconds });
      return ExitCode.ok;
    }
    const failure = failureFor(failed[0], this.#stop.signal, this.#loudness.verbosity > 0);
    this.#screen.error(`${this.#program.name}: ${failure.text}`);
    const { text, ...about } = failure;
    this.#events.tell({ type: "error", message: text, ...about });
    return failure.exitCode;
  }

  /** A result reaches other programs byte for byte, and a terminal without anything that steers it. */
  async #printResult(lines: Iterable<string>): Promise<void> {
    if (this.#events.isOn) return;
    this.#screen.pause();
    const isTerminal = Deno.stdout.isTerminal();
    const { stdout } = this.#outputs;
    const stopped = aborted(this.#stop.signal);
    let text = "";
    const write = async () => {
      stdout.put(Deno.stdout, text);
      text = "";
      // A signal is the body's to answer, now as later: what is not written yet waits for the last words.
      await Promise.race([stdout.flush(), stopped]);
      if (this.#outputFailure) throw this.#outputFailure;
    };
    for (const line of lines) {
      text += `${isTerminal ? printable(line) : line}\n`;
      if (text.length >= RESULT_LENGTH) await write();
    }
    await write();
  }

  #nobodyReads(error: unknown): void {
    this.#outputFailure = outputFailure(error);
    this.#stop.abort(this.#outputFailure);
  }

  #eventLog(isWanted: boolean): EventLog {
    const { stdout: outlet } = this.#outputs;
    return isWanted ? new EventLog({ outlet, sink: Deno.stdout, nowMs: Date.now }) : new EventLog();
  }
}

/** The first signal asks the program to end well; the second one, pressed on purpose, ends it. */
function stopOnSignals(stop: AbortController, screen: Screen, interrupted: string): void {
  let firstMs: number | undefined;
  const onSignal = () => {
    if (firstMs === undefined) {
      firstMs = performance.now();
      screen.close();
      screen.say("stopping; Ctrl-C again ends it at once");
      stop.abort(
        new ShoalError(interrupted, { code: "interrupted", exitCode: ExitCode.interrupted }),
      );
    } else if (performance.now() - firstMs > SAME_PRESS_MS) {
      Deno.exit(ExitCode.secondInterrupt);
    }
  };
  // A terminal that goes says so more than once, which is nobody's wish to end at once.
  const onHangUp = () => firstMs ?? onSignal();
  const isHangUpHeard = !isHangUpIgnored();
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener(Deno.build.os === "windows" ? "SIGBREAK" : "SIGTERM", onSignal);
  Deno.addSignalListener("SIGHUP", isHangUpHeard ? onHangUp : () => {});
}

/** Whether a word of a command line that makes no sense asks for details all the same. */
function isVerbose(word: string): boolean {
  return /^(-v+|--verbose)$/.test(word);
}

function versionText(name: string): string {
  return `${name} (Shoal) ${manifest.version}, Deno ${Deno.version.deno}\n`;
}

/** Whether the progress line is redrawn in place; asked for by hand, into a pipe too. */
function isLive(progress: "auto" | "live" | "lines" = "auto"): boolean {
  return progress === "auto" ? isPlainTerminal() : progress === "live";
}
