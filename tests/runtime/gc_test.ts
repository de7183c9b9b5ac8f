import { assertEquals, assertStrictEquals } from "@std/assert";
import { GcPacer } from "../../lib/runtime/gc.ts";

/** What a weak reference was looked at for, or made for, is kept until the end of the turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

Deno.test("once in so many things a thread frees what nobody refers to, however old it is", async () => {
  const garbage = new GcPacer(1000);
  let kept: object | undefined = {};
  const seen = new WeakRef(kept);
  for (let i = 0; i < 3; i++, await nextTurn()) garbage.add(1000); // grows old
  assertStrictEquals(seen.deref(), kept);
  kept = undefined;
  for (let i = 0; i < 10; i++) {
    await nextTurn();
    garbage.add(1000);
  }
  assertStrictEquals(seen.deref(), undefined);
});

Deno.test("where a collection takes long there are fewer, for a fiftieth of the time at most", () => {
  const begun: number[] = [];
  let nowMs = 0;
  const garbage = new GcPacer(10, 1 / 50, { nowMs: () => nowMs }, () => {
    begun.push(nowMs);
    nowMs += 8;
  });
  for (; nowMs < 1000; nowMs++) garbage.add(1);
  assertEquals(begun, [9, 409, 809]);
});

Deno.test("a collection waits until there is enough to collect", () => {
  const counts: number[] = [];
  let count = 0;
  const garbage = new GcPacer(100, 1, { nowMs: () => 0 }, () => void counts.push(count));
  for (count = 1; count <= 350; count++) garbage.add(1);
  assertEquals(counts, [100, 200, 300]);
});
