/**
 * Suggests which known word the user meant by a mistyped one.
 *
 * @module
 */

/**
 * The number of letters to insert, remove, replace or swap with a neighbour to get from `a` to `b` (optimal
 * string alignment).
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, beforeLast[j - 2]! + 1);
      }
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/**
 * The word of `known` closest to `word`: the first that starts with it, else the one with the least
 * {@link editDistance}; the first of several.
 *
 * @throws RangeError when `known` is empty
 */
export function nearest(word: string, known: readonly string[]): string {
  const bounded = word.slice(0, 64).toLowerCase();
  const begun = bounded === ""
    ? undefined
    : known.find((candidate) => candidate.startsWith(bounded));
  if (begun !== undefined) return begun;
  const distances = known.map((candidate) => editDistance(bounded, candidate));
  const best = known[distances.indexOf(Math.min(...distances))];
  if (best === undefined) throw new RangeError("there is no word to choose from");
  return best;
}
