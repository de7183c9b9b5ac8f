/**
 * The message and exit code of a program that ends with an error.
 *
 * @module
 */

import { STALL_CODES } from "../error_codes.ts";
import { ExitCode, ShoalError } from "../errors.ts";
import { describeDenial } from "../runtime/permissions.ts";
import { errorText, namedErrorText } from "./text/advice.ts";
import { printable } from "./text/terminal_text.ts";

/** The error codes that appear in events; docs/events.md lists them. */
const TOLD_CODES: ReadonlySet<string> = new Set([
  ...Object.keys(STALL_CODES),
  "needs-unstable-net",
]);

/** The final message of a program. */
export interface Failure {
  /** One sentence, followed by indented lines: the choices, or the requested details. */
  readonly text: string;
  /** The exit code of the process. */
  readonly exitCode: ExitCode;
  /** A stable name for why no data moved, if that is the reason. */
  readonly code?: string;
}

/**
 * The message and exit code for `error`.
 *
 * @param signal aborted when the user has stopped the program; its reason then replaces errors that only
 * say something was aborted
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

/** Whether the error may be a missing Deno permission; a module that may not be read is a TypeError. */
function isOfDeno(error: unknown): boolean {
  return error instanceof Deno.errors.NotCapable || error instanceof TypeError;
}

/**
 * Indents all lines but the first, which list choices, so that a line break in untrusted text cannot pass
 * for a line of the program's own.
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
  // Guards against a cyclic chain of causes.
  for (let cause = error.cause; cause !== undefined && lines.length < 8;) {
    lines.push(`  because: ${printable(namedErrorText(cause))}`);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return lines;
}
