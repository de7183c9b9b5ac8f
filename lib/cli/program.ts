/**
 * Runs a program: reads its command line, handles Ctrl-C, broken pipes and bugs, and sets the exit code.
 *
 * @module
 */

import manifest from "../../deno.json" with { type: "json" };
import type { ClientListener, Page, TransferEvent, TransferListener } from "../../mod.ts";
import { ExitCode, ShoalError } from "../errors.ts";
import { environmentVariable } from "../runtime/permissions.ts";
import {
  environmentUnread,
  type generalOptions,
  parseCommandLine,
  type Program,
} from "./command_line/flags.ts";
import { helpText } from "./command_line/help.ts";
import type { Values } from "./command_line/options.ts";
import { failureFor } from "./error_report.ts";
import { FailedArguments } from "./failed_arguments.ts";
import { EventLog } from "./output/event_log.ts";
import { isPlainTerminal, Outputs } from "./output/output_streams.ts";
import { outputFailure, ReaderGone, writeResult } from "./output/standard_streams.ts";
import { type Loudness, Screen } from "./terminal/screen.ts";
import type { TorrentsDisplay } from "./terminal/torrents_display.ts";
import type { TransferDisplay } from "./terminal/transfer_display.ts";
import { aborted, stopOnSignals, untilStopped } from "./stop_signals.ts";
import { printable } from "./text/terminal_text.ts";

/** How long an ending program waits for a reader that does not read its output. */
const FLUSH_TIMEOUT_MS = 2000;
/** A long result is written in parts of about this many characters. */
const RESULT_CHUNK_LENGTH = 64 * 1024;

/** What the body of a program is given. */
export interface Run<T extends typeof generalOptions> {
  /** The options of the command line, checked. */
  readonly options: Values<T>;
  /** The arguments. */
  readonly arguments: readonly string[];
  /** The first argument; empty without one. */
  readonly argument: string;
  /** Standard error. */
  readonly screen: Screen;
  /** Writes events to standard output with `--json`; without it, discards them. */
  readonly events: EventLog;
  /** Aborts at the first Ctrl-C, SIGTERM, or end of its terminal; its reason is the error to end with. */
  readonly signal: AbortSignal;
  /**
   * Makes a listener that passes each event of a transfer to the screen, to `events`, and to the page.
   *
   * @param number of the torrent in the events, if there are several
   */
  listener(display: TransferDisplay, page?: Page, number?: number): TransferListener;
  /** As {@link listener}, for a client with several torrents. */
  clientListener(display: TorrentsDisplay): ClientListener;
  /**
   * Reports that one of several arguments failed. The program goes on, and ends with the exit code of the
   * first of them, in the order in which they were given.
   *
   * @param torrent its number in the events, if it has one
   */
  failed(argument: string, error: ShoalError, torrent?: number): void;
  /**
   * Prints lines of result on standard output, unless events go there. Resolves when they are written, or
   * when the program is to stop: then the end of the program waits for them.
   */
  result(lines: string | Iterable<string>): Promise<void>;
  /** Declares the work done: from now on an interrupt ends the program with success. */
  markDone(): void;
}

/**
 * Runs `body` as the program and ends the process with its exit code.
 *
 * @param body returns when the program is finished; throws what it fails with
 */
export async function main<T extends typeof generalOptions>(
  program: Program<T>,
  body: (run: Run<T>) => Promise<void>,
): Promise<never> {
  const runner = new ProgramRunner(program);
  const onFault = (event: Event, error: unknown) => {
    event.preventDefault(); // the runner ends the process
    void runner.end(error);
  };
  addEventListener("unhandledrejection", (event) => onFault(event, event.reason));
  addEventListener("error", (event) => onFault(event, event.error));
  try {
    await body(runner.begin());
  } catch (error) {
    return await runner.end(error);
  }
  return await runner.end();
}

/** One run of a program. */
class ProgramRunner<T extends typeof generalOptions> {
  readonly #program: Program<T>;
  readonly #startMs = performance.now();
  readonly #stop = new AbortController();
  readonly #outputs = new Outputs((error) => this.#onOutputError(error));
  #loudness: Loudness = { quiet: false, verbosity: Deno.args.some(isVerbose) ? 1 : 0 };
  #screen = new Screen(this.#outputs.surface(isPlainTerminal()), this.#loudness);
  #events = this.#eventLog(Deno.args.includes("--json"));
  #isDone = false;
  #isEnding = false;
  #arguments: readonly string[] = [];
  readonly #failures = new FailedArguments();
  /** Why standard output cannot be written any more. */
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
    const { options } = commandLine;
    const [argument = "", ...others] = commandLine.arguments;
    this.#arguments = commandLine.arguments;
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
      ...(argument !== "" && others.length === 0 && { argument }),
      ...(others.length > 0 && { arguments: this.#arguments }),
    });
    return {
      options,
      arguments: this.#arguments,
      argument,
      screen: this.#screen,
      events: this.#events,
      signal: this.#stop.signal,
      listener: (display, page, number) => (event) => {
        display.onEvent(event);
        this.#events.transfer(event, number);
        page?.onEvent(event);
      },
      clientListener: (display) => (event) => {
        display.onEvent(event);
        const { torrent, ...rest } = event;
        this.#events.transfer(rest as TransferEvent, torrent);
      },
      failed: (...failure) => this.#onFailure(...failure),
      result: (lines) => this.#printResult(typeof lines === "string" ? [lines] : lines),
      markDone: () => this.#isDone = true,
    };
  }

  /** Writes the final message and ends the process. Calls after the first never return. */
  async end(...failed: [error?: unknown]): Promise<never> {
    if (this.#isEnding) return await new Promise<never>(() => {});
    this.#isEnding = true;
    this.#screen.close();
    const exitCode = this.#finalMessage(failed);
    this.#events.close();
    // Results wait for their reader, until the user presses Ctrl-C.
    const flushed = this.#outputs.flush({ results: Infinity, notices: FLUSH_TIMEOUT_MS });
    const { signal } = this.#stop;
    await untilStopped(flushed, signal).catch(() =>
      this.#outputs.flush({ results: FLUSH_TIMEOUT_MS, notices: FLUSH_TIMEOUT_MS })
    );
    return Deno.exit(exitCode);
  }

  #onFailure(argument: string, error: ShoalError, torrent?: number): void {
    const failure = failureFor(error, this.#stop.signal, this.#loudness.verbosity > 0);
    this.#screen.error(`${this.#program.name}: ${this.#failures.add(argument, failure)}`);
    const { text, ...about } = failure;
    this.#events.tell({ type: "failed", argument, message: text, ...about }, torrent);
  }

  #finalMessage(failed: readonly unknown[]): ExitCode {
    if (this.#outputFailure instanceof ReaderGone) return ExitCode.ok;
    const isStopped = this.#stop.signal.aborted && this.#isDone && !this.#outputFailure;
    const isOver = failed.length === 0 || isStopped;
    const verdict = isOver ? this.#failures.verdict(this.#arguments) : undefined;
    if (isOver && verdict === undefined) {
      const seconds = Math.round(performance.now() - this.#startMs) / 1000;
      this.#events.tell({ type: "stopped", exitCode: ExitCode.ok, seconds });
      return ExitCode.ok;
    }
    const isVerbose = this.#loudness.verbosity > 0;
    const failure = verdict ?? failureFor(failed[0], this.#stop.signal, isVerbose);
    this.#screen.error(`${this.#program.name}: ${failure.text}`);
    const { text, ...about } = failure;
    this.#events.tell({ type: "error", message: text, ...about });
    return failure.exitCode;
  }

  /** Other programs get the result byte for byte, a terminal gets it without control characters. */
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
      // After a signal the body goes on, and end() writes the rest.
      await Promise.race([stdout.flush(), stopped]);
      if (this.#outputFailure) throw this.#outputFailure;
    };
    for (const line of lines) {
      text += `${isTerminal ? printable(line) : line}\n`;
      if (text.length >= RESULT_CHUNK_LENGTH) await write();
    }
    await write();
  }

  #onOutputError(error: unknown): void {
    this.#outputFailure = outputFailure(error);
    this.#stop.abort(this.#outputFailure);
  }

  #eventLog(isWanted: boolean): EventLog {
    const { stdout: outlet } = this.#outputs;
    return isWanted ? new EventLog({ outlet, sink: Deno.stdout, nowMs: Date.now }) : new EventLog();
  }
}

/** Reads the verbosity without the parser, for the case that the command line is wrong. */
function isVerbose(word: string): boolean {
  return /^(-v+|--verbose)$/.test(word);
}

function versionText(name: string): string {
  return `${name} (Shoal) ${manifest.version}, Deno ${Deno.version.deno}\n`;
}

/** Whether the progress line is redrawn in place. The user can ask for that in a pipe too. */
function isLive(progress: "auto" | "live" | "lines" = "auto"): boolean {
  return progress === "auto" ? isPlainTerminal() : progress === "live";
}
