/**
 * What a program says, and exits with, when an error ends it.
 *
 * @module
 */

import { ExitCode, ShoalError, STALL_CODES } from "../errors.ts";
import { describeDenial } from "../runtime/permissions.ts";
import { errorText, namedErrorText } from "./text/advice.ts";
import { printable } from "./text/terminal_text.ts";

/** Events carry these codes of errors; docs/events.md lists them. */
const TOLD_CODES: ReadonlySet<string> = new Set([
  ...Object.keys(STALL_CODES),
  "needs-unstable-net",
]);

/** The last words of a program. */
interface Failure {
  /** One sentence; after it, one a line and indented, what to choose from or the details asked for. */
  readonly text: string;
  /** What the process exits with. */
  readonly exitCode: ExitCode;
  /** Why nothing moved, by a stable name, where that is why. */
  readonly code?: string;
}

/**
 * The sentence and exit code for `error`.
 *
 * @param signal aborted when the user has stopped the program; its reason then explains errors that
 *   only say that something was aborted
 * @param verbose adds the causes, or the stack of a bug
 */
export function failureFor(error: unknown, signal: AbortSignal, verbose: boolean): Failure {
  if (error instanceof ShoalError) {
    const details = verbose ? causes(error) : [];
    const { code, exitCode } = error;
    const text = [indented(errorText(error)), ...details].join("\n");
    return { text, exitCode, ...(TOLD_CODES.has(code) && { code }) };
  }
  const isAbort = error instanceof DOMException && error.name === "AbortError";
  if (isAbort && signal.aborted && signal.reason !== error) {
    return failureFor(signal.reason, signal, verbose);
  }
  const refusal = isOfDeno(error) ? describeDenial(error) : undefined;
  if (refusal !== undefined) return { text: printable(refusal), exitCode: ExitCode.other };
  return { text: bugText(error, verbose), exitCode: ExitCode.other };
}

/** Whether Deno may have refused it; a module that may not be read is a TypeError. */
function isOfDeno(error: unknown): boolean {
  return error instanceof Deno.errors.NotCapable || error instanceof TypeError;
}

/**
 * A message of several lines lists what to choose from. All but the first are indented, so that a
 * line break in a stranger's words cannot pass for a line of the program's own.
 */
function indented(message: string): string {
  return message.split("\n").map(printable).filter((line) => line !== "").join("\n  ");
}

function bugText(error: unknown, verbose: boolean): string {
  const sentence = `this is a bug in Shoal (${printable(String(error))})`;
  if (!verbose) {
    return `${sentence}; please report it with what the same command prints with -v added`;
  }
  const stack = error instanceof Error ? error.stack ?? "" : "";
  return `${sentence}; please report it with the lines below\n${stack}`;
}

function causes(error: Error): string[] {
  const lines: string[] = [];
  // A cause that is its own cause must not keep us here.
  for (let cause = error.cause; cause !== undefined && lines.length < 8;) {
    lines.push(`  because: ${printable(namedErrorText(cause))}`);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return lines;
}
