/**
 * Shoal's targets, as ratios within one run, and whether they are met.
 *
 * @module
 */

import { printTable } from "./table.ts";

export interface Target {
  what: string;
  /** The least or the largest allowed value of the figure. */
  bound: { least: number } | { most: number };
  /** NaN when there is nothing to compare with: then the target is not shown. */
  figure: number;
  /** Printed after the figures. */
  unit?: string;
}

/** Whether the figure is within its bound. */
export function isMet({ bound, figure }: Target): boolean {
  return "least" in bound ? figure >= bound.least : figure <= bound.most;
}

/** Prints the targets that have a figure. */
export function printTargets(targets: readonly Target[]): void {
  const rows = targets.filter(({ figure }) => !Number.isNaN(figure)).map((target) => {
    const { what, bound, figure, unit = "" } = target;
    const wanted = "least" in bound ? `≥ ${bound.least}${unit}` : `≤ ${bound.most}${unit}`;
    const digits = figure >= 100 ? 0 : 2;
    return [what, wanted, `${figure.toFixed(digits)}${unit}`, isMet(target) ? "met" : "missed"];
  });
  if (rows.length === 0) return;
  console.log();
  printTable(["target", "wanted", "measured", ""], rows);
}
