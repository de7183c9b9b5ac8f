/**
 * Takes turns: a machine that is slow for a while is so for everybody.
 * @module
 */

import { median } from "./table.ts";

/** Something to be measured, over and over. */
export interface Entry<T> {
  label: string;
  measure: () => Promise<T>;
}

/** What each entry gave, by round; `undefined` where it failed. */
export type Results<T> = Map<string, (T | undefined)[]>;

export interface RoundOptions {
  rounds: number;
  /** Go on after a failure; the round is without a result. */
  keepGoing: boolean;
  /** Aborted when no more is wanted. */
  signal: AbortSignal;
}

/**
 * Measures every entry once a round, each time in the other order.
 * @param tell what to say of a result on stderr
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

/** The median of one figure, over the rounds in which there was a result. */
export function medianOf<T>(
  results: Results<T>,
  label: string,
  figure: (result: T) => number,
): number {
  const there = (results.get(label) ?? []).filter((result) => result !== undefined);
  return median(there.map(figure));
}

/** The median, over the rounds, of what the figure of `label` is to that of `other` in the same round. */
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
