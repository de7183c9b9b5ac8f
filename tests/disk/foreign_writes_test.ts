/** Who wrote to a file: what our own writes left, and what they found. @module */

import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { idOf } from "../../lib/disk/exclusive_file.ts";
import { ForeignWrites, markOf } from "../../lib/disk/foreign_writes.ts";
import { WriteStamps } from "../../lib/disk/write_stamps.ts";
import { TempFolder } from "../../support/temp.ts";

const before = (file: number, mark: number, after: number) => ({ file, before: mark, after });

Deno.test("writes that find what others of ours left are nobody else's, in whatever order they are told", () => {
  const watch = new ForeignWrites([1, 10]);
  watch.wrote(before(0, 1, 2));
  watch.wrote(before(0, 3, 4)); // what left 3 is told later
  watch.wrote(before(0, 2, 3));
  watch.wrote(before(1, 10, 11));
  assertEquals([watch.isTouched(0, 4), watch.isTouched(1, 11)], [false, false]);
  assertEquals([watch.isTouched(0, 5), watch.isTouched(1, 12)], [true, true]);
});

Deno.test("what nobody of ours left was somebody else's doing, also when a write of ours followed", () => {
  const watch = new ForeignWrites([1, 10]);
  watch.wrote(before(0, 1, 2));
  watch.wrote(before(0, 7, 8));
  assertEquals([watch.isTouched(0, 8), watch.isTouched(1, 10)], [true, false]);
});

Deno.test("where nobody looked, nothing is said", () => {
  const watch = new ForeignWrites([NaN, 1]);
  watch.wrote(before(0, 5, 6));
  watch.wrote(before(1, NaN, NaN));
  assertEquals([watch.isTouched(0, 6), watch.isTouched(0, 7)], [false, true]);
  assertEquals([watch.isTouched(1, 1), watch.isTouched(1, 99)], [false, false]);
});

Deno.test("many writes to one file take bounded memory and none of them is strange", () => {
  const watch = new ForeignWrites([0]);
  for (let i = 0; i < 10_000; i++) watch.wrote(before(0, i, i + 1));
  assertEquals([watch.isTouched(0, 10_000), watch.isTouched(0, 3)], [false, true]);
});

Deno.test("a mark differs by size, by time and by time of change, and is no other's when all is gone", () => {
  const at = (size: number, mtimeMs: number, ctimeMs: number) =>
    markOf({ size, mtime: new Date(mtimeMs), ctime: new Date(ctimeMs) });
  const marks = [
    at(5, 1.8e12, 1.8e12),
    at(6, 1.8e12, 1.8e12),
    at(5, 1.8e12 + 1, 1.8e12),
    at(5, 1.8e12, 1.8e12 + 1000),
    markOf(undefined),
  ];
  assertEquals(new Set(marks).size, marks.length);
});

Deno.test("a write is looked at from both sides, and refused at another file's place", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("a", "one");
  const id = idOf(await Deno.lstat(path));
  const looked = new WriteStamps().around(path, id, () => Deno.writeTextFileSync(path, "longer"));
  assertNotEquals(looked.before, looked.after);
  assertEquals(looked.after, markOf(await Deno.lstat(path)));
  await Deno.rename(await temp.file("b", "one"), path);
  let written = false;
  const error = assertThrows(() => new WriteStamps().around(path, id, () => written = true), Error);
  assertEquals([(error as { code?: string }).code, written], ["EREPLACED", false]);
});
