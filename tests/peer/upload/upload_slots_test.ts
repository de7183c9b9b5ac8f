/** How many peers are served at once. @module */

import { assert, assertEquals } from "@std/assert";
import { UploadSlots } from "../../../lib/peer/upload/choker.ts";

const permissions = "none";

/** The slots after each look, one a second, with the speed that `rateOf` says so many slots bring. */
function watch(slots: UploadSlots, seconds: number, rateOf: (count: number) => number): number[] {
  const counts = [];
  for (let second = 0; second <= seconds; second++) {
    slots.look(true, rateOf(slots.count), second * 1000);
    counts.push(slots.count);
  }
  return counts;
}

Deno.test({
  name: "a line that a few peers fill is shared by few, but for a trial now and then",
  permissions,
  fn() {
    const counts = watch(new UploadSlots(8), 60, () => 1_000_000);
    assertEquals(counts.slice(0, 12), [8, 8, 8, 8, 16, 16, 16, 16, 8, 8, 8, 8]);
    assertEquals(new Set(counts.slice(8, 48)), new Set([8]));
  },
});

Deno.test({
  name: "where each peer takes a part of the line only, ever more are served until it is full",
  permissions,
  fn() {
    const counts = watch(new UploadSlots(8), 60, (count) => Math.min(count, 50) * 1000);
    assert(counts.at(-1)! >= 50);
  },
});

Deno.test({
  name: "slots that nobody waits for stay as many, and who serves nobody never begins to",
  permissions,
  fn() {
    const slots = new UploadSlots(8);
    for (let nowMs = 0; nowMs < 60_000; nowMs += 1000) slots.look(false, nowMs, nowMs);
    assertEquals(slots.count, 8);
    assertEquals(watch(new UploadSlots(0), 60, () => 0).at(-1), 0);
  },
});
