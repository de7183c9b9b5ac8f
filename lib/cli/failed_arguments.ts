/**
 * The arguments that failed while others went on.
 *
 * @module
 */

import type { Failure } from "./error_report.ts";
import { clipMiddle, foreign } from "./text/terminal_text.ts";

/** The most arguments that the last message names. */
const MOST_NAMED = 3;
/** A link may be very long. */
const MOST_CELLS = 60;

/** Those of one run. */
export class FailedArguments {
  readonly #failed: { readonly argument: string; readonly failure: Failure }[] = [];

  /** Adds one. Returns the line that says so. */
  add(argument: string, failure: Failure): string {
    this.#failed.push({ argument, failure });
    const { text } = failure;
    return text.includes(argument) ? text : `${shown(argument)}: ${text}`;
  }

  /** What a program with these arguments ends with; `undefined` if none of them has failed. */
  verdict(all: readonly string[]): Failure | undefined {
    const places = new Map(all.map((argument, i) => [argument, i]));
    const failed = this.#failed.toSorted((a, b) =>
      places.get(a.argument)! - places.get(b.argument)!
    );
    const [first] = failed;
    if (first === undefined) return undefined;
    const named = failed.slice(0, MOST_NAMED).map(({ argument }) => shown(argument));
    const others = failed.length > MOST_NAMED ? " and others" : "";
    const text = `${failed.length} of ${all.length} failed: ${named.join(", ")}${others}`;
    return { ...first.failure, text };
  }
}

function shown(argument: string): string {
  return clipMiddle(foreign(argument), MOST_CELLS);
}
