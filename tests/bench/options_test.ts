/**
 * The command line of the benchmark.
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { parseOptions, TABLES } from "../../bench/options.ts";

Deno.test("without arguments the benchmark prints all tables, with a gibibyte and five rounds", () => {
  assertEquals(parseOptions([]), {
    tables: TABLES,
    rounds: 5,
    bytes: 2 ** 30,
    smallFiles: 0,
    keepGoing: true,
  });
});

Deno.test("tables are chosen by name, alone or in groups, and printed in their own order", () => {
  assertEquals(parseOptions(["start", "transfer", "1-4"]).tables, ["1-1", "4-1", "1-4", "start"]);
  assertEquals(parseOptions(["--strict", "many"]).tables, ["many"]);
});

Deno.test("the benchmark's options are read", () => {
  const words = "1-1 --runs 3 --size 64M --only Shoal,nginx --folder 50 --strict";
  assertEquals(parseOptions(words.split(" ")), {
    tables: ["1-1"],
    rounds: 3,
    bytes: 64 * 2 ** 20,
    smallFiles: 50,
    only: ["shoal", "nginx"],
    keepGoing: false,
  });
});

Deno.test("what the benchmark does not understand it says", () => {
  const cases: [string, string][] = [
    ["--big", "--big"],
    ["nothing", "no table nothing; there are transfer, 1-1"],
    ["--runs 0", "--runs"],
    ["--runs many", "--runs"],
    ["--folder 1.5", "--folder"],
    ["--size huge", "huge"],
    ["--only shole", "shole"],
  ];
  for (const [words, text] of cases) {
    assertThrows(() => parseOptions(words.split(" ")), Error, text);
  }
});
