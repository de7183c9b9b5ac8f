/**
 * The definition of a scenario, and the bound that its uplinks set for every program.
 *
 * @module
 */

/** One seeder, its leechers, and what happens to them. */
export interface Scenario {
  name: string;
  /** Uplinks in bits per second: the seeder's, then each leecher's. */
  rates: number[];
  /** What happens once half of the leechers have half of the file. */
  halfway?: "one more joins" | "half are killed";
  /** Whether the leechers are started, and wait, before the seeder is. */
  seederLast: boolean;
  /** Whether the hosts' rates are printed every second. */
  trace: boolean;
}

/**
 * The least time in which these uplinks can spread the file: the seeder sends one copy, and all of them
 * together one per leecher. A leecher that joins late, `joinSeconds` after the others, contributes its
 * uplink only from then on. Killed leechers contribute nothing certain, so the bound is then the seeder's
 * copy.
 */
export function boundSeconds(bytes: number, scenario: Scenario, joinSeconds: number): number {
  const rates = scenario.rates.map((rate) => rate / 8);
  const all = rates.reduce((sum, rate) => sum + rate, 0);
  const wanted = (rates.length - 1) * bytes;
  const oneCopy = bytes / rates[0]!;
  if (scenario.halfway === "half are killed") return oneCopy;
  if (scenario.halfway === undefined) return Math.max(oneCopy, wanted / all);
  const early = all - rates.at(-1)!;
  const left = Math.max(0, wanted - early * joinSeconds);
  return Math.max(oneCopy, joinSeconds + left / all, joinSeconds + bytes / early);
}
