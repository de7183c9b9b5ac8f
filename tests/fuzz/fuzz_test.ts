/**
 * The fuzzer itself: it reaches what it is to reach, and it notices.
 * @module
 */

import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { fuzz, type Meters, systemMeters, taken, type Target } from "./fuzzer.ts";
import { Input } from "./input.ts";
import { Targets } from "./targets.ts";

const LIMITS = { slowMs: 1000, maxResident: Infinity };
const rounds = (n: number, seed = 1) => ({ seed, isOver: (done: number) => done >= n });

Deno.test("hostile inputs reach every target, are taken by it and are refused by it, and nothing else happens", async () => {
  await using targets = await Targets.open();
  const { counts, findings } = await fuzz(targets.all, rounds(400), LIMITS);
  assertEquals(findings, []);
  for (const { name } of targets.all) {
    const { taken, refused } = counts.get(name)!;
    assertGreater(taken, 0, `${name}: nothing was taken`);
    assertGreater(refused, 0, `${name}: nothing was refused`);
  }
});

Deno.test("the same seed makes the same inputs", () => {
  const made = (seed: number) => {
    const input = new Input(seed);
    return [
      input.bytes(20),
      input.damaged(input.bytes(50)),
      input.edge(),
      input.damagedText("abc"),
    ];
  };
  assertEquals(made(7), made(7));
  assert(JSON.stringify(made(7)) !== JSON.stringify(made(8)));
});

Deno.test("a finding names the seed of its input, with which it is found again", async () => {
  const fragile: Target = {
    name: "fragile",
    run: (input) => {
      if (input.oneIn(50)) throw new TypeError("x is undefined");
      return true;
    },
  };
  const { findings } = await fuzz([fragile], rounds(1000), LIMITS);
  assertEquals(findings.length, 1);
  assertMatch(findings[0]!.what, /^TypeError: x is undefined/);
  const again = await fuzz([fragile], rounds(1, findings[0]!.seed), LIMITS);
  assertEquals(again.findings, findings);
});

Deno.test("an error that refuses an input is no finding, every other error is one", () => {
  const refuse = () => {
    throw new RangeError("no");
  };
  assertEquals(taken(refuse, SyntaxError, RangeError), false);
  let error: unknown;
  try {
    taken(refuse, SyntaxError);
  } catch (thrown) {
    error = thrown;
  }
  assert(error instanceof RangeError);
});

Deno.test("an input that is always slow is found, one that was slow once, or on a busy machine, is not", async () => {
  let [nowMs, processorMs] = [0, 0];
  const meters: Meters = { nowMs: () => nowMs, processorMs: () => processorMs, resident: () => 0 };
  const work = (ms: number, ofProcessorMs: number) => {
    nowMs += ms;
    processorMs += ofProcessorMs;
    return true;
  };
  let runs = 0;
  const once: Target = { name: "once", run: () => runs++ === 0 ? work(60, 60) : work(1, 1) };
  const busy: Target = { name: "busy", run: () => work(60, 1) };
  const always: Target = { name: "always", run: () => work(60, 60) };
  const limits = { ...LIMITS, slowMs: 50 };
  const { findings } = await fuzz([once, busy, always], rounds(2), limits, meters);
  assertEquals(findings.map(({ target, what }) => [target, what]), [
    ["always", "an input takes too long"],
  ]);
});

Deno.test("a process that takes too much memory is found", async () => {
  const idle: Target = { name: "idle", run: () => true };
  const limits = { ...LIMITS, maxResident: 100 };
  const meters = { ...systemMeters, resident: () => 101 * 2 ** 20 };
  const { findings } = await fuzz([idle], rounds(3), limits, meters);
  assertEquals(findings.map(({ what }) => what), ["the process takes 101 MiB"]);
});
