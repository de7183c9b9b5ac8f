/**
 * Takes turns, so that a slow phase of the machine affects all programs.
 *
 * @module
 */

import { median } from "./table.ts";

/** Something to be measured repeatedly. */
export interface Entry<T> {
  label: string;
  measure: () => Promise<T>;
}

/** Each entry's results by round; `undefined` where it failed. */
export type Results<T> = Map<string, (T | undefined)[]>;

export interface RoundOptions {
  rounds: number;
  /** Continue after a failure; the round then has no result. */
  keepGoing: boolean;
  /** Aborts the benchmark. */
  signal: AbortSignal;
}

/**
 * Measures every entry once a round, reversing the order each time.
 *
 * @param tell returns the text to print on stderr about a result
 */
export async function runRounds<T>(
  entries: readonly Entry<T>[],
  { rounds, keepGoing, signal }: RoundOptions,
  tell: (result: T) => string,
): Promise<Results<T>> {
  const results: Results<T> = new Map(entries.map(({ label }) => [label, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { label, measure } of round % 2 === 0 ? entries : [...entries].reverse()) {
      signal.throwIfAborted();
      try {
        const result = await measure();
        results.get(label)![round] = result;
        console.error(`round ${round + 1}, ${label}: ${tell(result)}`);
      } catch (error) {
        if (!keepGoing || signal.aborted) throw error;
        results.get(label)![round] = undefined;
        console.error(`round ${round + 1}, ${label} failed: ${error}`);
      }
    }
  }
  return results;
}

/** The median of one figure, over the rounds with a result. */
export function medianOf<T>(
  results: Results<T>,
  label: string,
  figure: (result: T) => number,
): number {
  const there = (results.get(label) ?? []).filter((result) => result !== undefined);
  return median(there.map(figure));
}

/** The median, over the rounds, of the ratio of `label` to `other` in the same round. */
export function medianRatio<T>(
  results: Results<T>,
  label: string,
  other: string,
  figure: (result: T) => number,
): number {
  const others = results.get(other) ?? [];
  const ratios = (results.get(label) ?? []).flatMap((result, round) => {
    const against = others[round];
    return result === undefined || against === undefined ? [] : [figure(result) / figure(against)];
  });
  return median(ratios);
}
