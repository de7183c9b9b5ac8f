/**
 * Reads made at once while they are quick.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { ReadStrategy } from "../../lib/disk/file_reader.ts";

/** How many reads another thread makes until one is tried at once. */
function restOf(pace: ReadStrategy): number {
  let reads = 0;
  for (; !pace.isQuick; reads++) pace.rested();
  return reads;
}

Deno.test("quick reads are made at once after a few by another thread", () => {
  const pace = new ReadStrategy();
  assertEquals(restOf(pace), 16);
  for (let i = 0; i < 1000; i++) pace.took(0.1);
  assert(pace.isQuick);
});

Deno.test("a slow disk is tried ever more rarely, and trusted again once it is quick", () => {
  const pace = new ReadStrategy();
  const rests: number[] = [];
  for (let i = 0; i < 12; i++) {
    rests.push(restOf(pace));
    pace.took(8);
  }
  assertEquals(rests, [16, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 4096, 4096]);
  restOf(pace);
  pace.took(0.1);
  pace.took(8);
  assertEquals(restOf(pace), 16);
});
