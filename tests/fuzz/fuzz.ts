/**
 * Feeds every codec and parser, the tracker's core, the peer-state machine and the page with hostile
 * inputs, and says what should not have happened.
 *
 *     deno task fuzz SECONDS [SEED [TARGET]]
 *
 * The same seed makes the same inputs in the same order. A finding names the command that makes its
 * input again: 0 seconds are one round. Exit code 1 with findings.
 * @module
 */

import { type Finding, fuzz, type Report } from "./fuzzer.ts";
import { Targets } from "./targets.ts";

/** An input may take that long, and the process that much memory. */
const LIMITS = { slowMs: 50, maxResident: 300 * 2 ** 20 };

const [seconds, seed, name] = readArguments(Deno.args);
console.log(`seed ${seed}`);
await using targets = await Targets.open();
const chosen = targets.all.filter((target) => name === undefined || target.name === name);
if (chosen.length === 0) {
  throw new Error(
    `no target is called ${name}; there are ${targets.all.map((t) => t.name).join(", ")}`,
  );
}
const endMs = performance.now() + 1000 * seconds;
const isOver = (rounds: number) => rounds > 0 && performance.now() >= endMs;
const report = await fuzz(chosen, { seed, isOver }, LIMITS);
print(report);
if (report.findings.length > 0) Deno.exitCode = 1;

function readArguments([seconds, seed, ...name]: string[]): [number, number, string | undefined] {
  const numbers = [Number(seconds), Number(seed ?? Date.now() >>> 0)] as const;
  if (seconds === undefined || !numbers.every((n) => n >= 0)) {
    console.error("usage: deno task fuzz SECONDS [SEED [TARGET]]");
    Deno.exit(2);
  }
  return [...numbers, name.length > 0 ? name.join(" ") : undefined];
}

function print({ counts, findings, peakResident }: Report): void {
  console.log("\n| target | taken | refused | slowest, ms |\n| --- | --- | --- | --- |");
  let inputs = 0;
  for (const [name, { taken, refused, slowestMs }] of counts) {
    inputs += taken + refused;
    console.log(`| ${name} | ${taken} | ${refused} | ${slowestMs.toFixed(1)} |`);
  }
  const mebibytes = Math.round(peakResident / 2 ** 20);
  console.log(`\n${inputs} inputs, at most ${mebibytes} MiB resident, ${findings.length} findings`);
  for (const finding of findings) console.log(described(finding));
}

function described({ target, what, seed }: Finding): string {
  return `- ${target}: ${what}\n  again: deno task fuzz 0 ${seed} ${target}`;
}
