/**
 * Helpers for reading sizes and printing figures in the benchmarks.
 *
 * @module
 */

/** "64M" or "1G" in bytes; the suffixes are binary. */
export function parseSize(text: string): number {
  const match = /^(\d+)([KMG]?)$/i.exec(text);
  if (match === null) throw new Error(`a size is a number with K, M or G, not ${text}`);
  const power = ["", "K", "M", "G"].indexOf((match[2] ?? "").toUpperCase());
  return Number(match[1]) * 1024 ** power;
}

/** A size in MiB, or in GiB from 1 GiB on. */
export function sizeText(bytes: number): string {
  const gibibytes = bytes / 2 ** 30;
  return gibibytes >= 1 ? `${+gibibytes.toFixed(2)} GiB` : `${+(bytes / 2 ** 20).toFixed(2)} MiB`;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** Prints a Markdown table; a row may be shorter than the headings. */
export function printTable(headings: string[], rows: string[][]): void {
  const lines = [headings, headings.map(() => "---"), ...rows];
  const widths = headings.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  for (const line of lines) {
    const cells = widths.map((width, i) => {
      const cell = line[i] ?? "";
      return cell === "---" ? "-".repeat(width) : cell.padEnd(width);
    });
    console.log(`| ${cells.join(" | ")} |`);
  }
}
