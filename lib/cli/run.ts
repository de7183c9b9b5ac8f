/**
 * The frame around a program: command line in, exit code out, Ctrl-C, broken pipes and bugs in between.
 *
 * @module
 */

import { setColorEnabled } from "@std/fmt/colors";
import manifest from "../../deno.json" with { type: "json" };
import { ExitCode, ShoalError } from "../errors.ts";
import { failureFor } from "./failure.ts";
import { type generalOptions, parseCommandLine, type Program } from "./flags.ts";
import { helpText } from "./help.ts";
import type { Values } from "./options.ts";
import { Screen, type Surface } from "./screen.ts";
import { ReaderGone, writeNotice, writeResult } from "./streams.ts";
import { printable } from "./text.ts";

/** One Ctrl-C can arrive twice at once: from the terminal and, passed on, from `deno task` or npx. */
const SAME_PRESS_MS = 100;
const FALLBACK_COLUMNS = 80;

/** What a program's body works with. */
export interface Run<T extends typeof generalOptions> {
  /** The options given, checked. */
  readonly options: Values<T>;
  /** The argument; empty for a program that takes none. */
  readonly argument: string;
  /** Standard error. */
  readonly screen: Screen;
  /** Aborts at the first Ctrl-C or SIGTERM; its reason is the error to end with. */
  readonly signal: AbortSignal;
  /** Prints one line of result on standard output. */
  result(line: string): void;
  /** Says that the work is done: to be stopped from now on is no failure. */
  workIsDone(): void;
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
  let loudness = { quiet: false, verbose: Deno.args.includes("-v") };
  let screen = new Screen(standardError(isPlainTerminal()), loudness);
  const stop = new AbortController();
  let isDone = false;

  const exitWith = (error: unknown): never => {
    screen.close();
    const isStopped = stop.signal.aborted && isDone;
    if (isStopped || error instanceof ReaderGone) Deno.exit(ExitCode.ok);
    const failure = failureFor(error, stop.signal, loudness.verbose);
    screen.complain(`${program.name}: ${failure.text}`);
    return Deno.exit(failure.exitCode);
  };
  addEventListener("unhandledrejection", (event) => exitWith(event.reason));
  addEventListener("error", (event) => exitWith(event.error));

  try {
    const commandLine = parseCommandLine(program, Deno.args, (name) => Deno.env.get(name));
    if (commandLine.type === "help") writeResult(helpText(program, manifest.version));
    if (commandLine.type === "version") writeResult(versionText(program.name));
    if (commandLine.type !== "run") Deno.exit(ExitCode.ok);
    const { options, argument = "" } = commandLine;
    const general: Values<typeof generalOptions> = options;
    loudness = { quiet: general.quiet === true, verbose: general.verbose === true };
    screen = new Screen(standardError(isLive(general.progress)), loudness);
    stopOnSignals(stop, screen, program.interrupted);
    await body({
      options,
      argument,
      screen,
      signal: stop.signal,
      result: (line) => printResult(line, screen),
      workIsDone: () => isDone = true,
    });
  } catch (error) {
    exitWith(error);
  }
  screen.close();
  return Deno.exit(ExitCode.ok);
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

/** The first signal asks the program to end well; the second one, pressed on purpose, ends it. */
function stopOnSignals(stop: AbortController, screen: Screen, interrupted: string): void {
  let firstMs: number | undefined;
  const onSignal = () => {
    if (firstMs === undefined) {
      firstMs = performance.now();
      screen.close();
      screen.say("stopping; Ctrl-C again ends it at once");
      stop.abort(new ShoalError(interrupted, ExitCode.interrupted));
    } else if (performance.now() - firstMs > SAME_PRESS_MS) {
      Deno.exit(ExitCode.secondInterrupt);
    }
  };
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener(Deno.build.os === "windows" ? "SIGBREAK" : "SIGTERM", onSignal);
}

/** A result reaches other programs byte for byte, and a terminal without anything that steers it. */
function printResult(line: string, screen: Screen): void {
  screen.pause();
  writeResult(`${Deno.stdout.isTerminal() ? printable(line) : line}\n`);
}

function versionText(name: string): string {
  return `${name} (Shoal) ${manifest.version}, Deno ${Deno.version.deno}\n`;
}

function isPlainTerminal(): boolean {
  return Deno.stderr.isTerminal() && Deno.env.get("TERM") !== "dumb";
}

/** Whether the progress line is redrawn in place; asked for by hand, into a pipe too. */
function isLive(progress: "auto" | "live" | "lines" = "auto"): boolean {
  return progress === "auto" ? isPlainTerminal() : progress === "live";
}

function standardError(redraws: boolean): Surface {
  setColorEnabled((isPlainTerminal() || redraws) && !Deno.noColor);
  return { write: writeNotice, redraws, columns: terminalColumns };
}

function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns || FALLBACK_COLUMNS;
  } catch {
    return FALLBACK_COLUMNS;
  }
}
