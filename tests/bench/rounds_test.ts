/**
 * Measuring by turns, and what is said of the results.
 * @module
 */

import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import {
  type Entry,
  medianOf,
  medianRatio,
  type Results,
  runRounds,
} from "../../bench/measure/rounds.ts";
import { isMet } from "../../bench/measure/targets.ts";

const NEVER = new AbortController().signal;

/** Entries that note whose turn it was. */
function entries(log: string[], labels: string[], failing?: string): Entry<number>[] {
  return labels.map((label) => ({
    label,
    measure: () => {
      log.push(label);
      return label === failing ? Promise.reject(new Error("no luck")) : Promise.resolve(log.length);
    },
  }));
}

Deno.test("every second round is taken in the other order", async () => {
  const log: string[] = [];
  const options = { rounds: 3, keepGoing: false, signal: NEVER };
  const results = await runRounds(entries(log, ["a", "b", "c"]), options, String);
  assertEquals(log.join(""), "abccbaabc");
  assertEquals(results.get("a"), [1, 6, 7]);
});

Deno.test("a failure ends the benchmark, or costs its round only where that is wanted", async () => {
  const options = { rounds: 2, signal: NEVER };
  const strict = { ...options, keepGoing: false };
  await assertRejects(() => runRounds(entries([], ["a", "b"], "b"), strict, String), Error, "luck");
  const patient = { ...options, keepGoing: true };
  const results = await runRounds(entries([], ["a", "b"], "b"), patient, String);
  assertEquals(results.get("a"), [1, 4]);
  assertEquals(results.get("b"), [undefined, undefined]);
  assert(Number.isNaN(medianOf(results, "b", (figure) => figure)));
});

Deno.test("nothing is measured any more after an interruption", async () => {
  const stop = new AbortController();
  const log: string[] = [];
  const [first, second] = entries(log, ["a", "b"]) as [Entry<number>, Entry<number>];
  const measure = () => {
    stop.abort(new Error("interrupted"));
    return first.measure();
  };
  const options = { rounds: 5, keepGoing: true, signal: stop.signal };
  await assertRejects(
    () => runRounds([{ label: "a", measure }, second], options, String),
    Error,
    "interrupted",
  );
  assertEquals(log, ["a"]);
});

Deno.test("a ratio compares what was measured in the same round", () => {
  const results: Results<number> = new Map([
    ["fast", [10, undefined, 30, 8]],
    ["slow", [20, 20, 90, undefined]],
  ]);
  const figure = (value: number) => value;
  assertAlmostEquals(medianRatio(results, "slow", "fast", figure), 2.5);
  assertEquals(medianOf(results, "fast", figure), 10);
  assert(Number.isNaN(medianRatio(results, "fast", "absent", figure)));
});

Deno.test("a target is met from its bound on", () => {
  const target = { what: "speed", figure: 2.5 };
  assert(isMet({ ...target, bound: { least: 2.5 } }));
  assert(!isMet({ ...target, bound: { least: 2.6 } }));
  assert(isMet({ ...target, bound: { most: 2.5 } }));
  assert(!isMet({ ...target, bound: { most: 2.4 } }));
});
