/**
 * The bound that bench/swarm.ts holds every program against.
 * @module
 */

import { assertAlmostEquals } from "@std/assert";
import { boundSeconds, type Scenario } from "../../bench/swarm/swarm_bound.ts";

const MEGABIT = 1e6;
/** Ten seconds at 200 Mbit/s. */
const BYTES = 250_000_000;

function scenario(rates: number[], halfway?: Scenario["halfway"]): Scenario {
  const shape = { name: "test", rates, seederLast: false, trace: false };
  return halfway === undefined ? shape : { ...shape, halfway };
}

function uplinks(count: number, megabits: number): number[] {
  return new Array<number>(count).fill(megabits * MEGABIT);
}

Deno.test("equal uplinks spread a file no faster than the seeder sends one copy", () => {
  assertAlmostEquals(boundSeconds(BYTES, scenario(uplinks(9, 200)), 0), 10);
});

Deno.test("slow uplinks of the leechers count, not only the seeder's", () => {
  const rates = [...uplinks(5, 200), ...uplinks(4, 20)];
  // Eight copies through 1,080 Mbit/s.
  assertAlmostEquals(boundSeconds(BYTES, scenario(rates), 0), 8 * 2000 / 1080);
});

Deno.test("a leecher that joins late lends its uplink late and needs time for its own copy", () => {
  const late = (rates: number[], joinSeconds: number) =>
    boundSeconds(BYTES, scenario(rates, "one more joins"), joinSeconds);
  // Nobody but the seeder and one leecher, 400 Mbit/s, can send to the one that joins.
  assertAlmostEquals(late(uplinks(3, 200), 6), 6 + 2000 / 400);
  // 340 Mbit/s for five seconds, then 360 for what is left of eight copies.
  assertAlmostEquals(late([...uplinks(1, 200), ...uplinks(8, 20)], 5), 5 + 14_300 / 360);
});

Deno.test("of leechers that are killed nothing is counted on", () => {
  assertAlmostEquals(boundSeconds(BYTES, scenario(uplinks(9, 200), "half are killed"), 5), 10);
});
