import { assertEquals, assertThrows } from "@std/assert";
import { editDistance, nearest } from "../../lib/cli/command_line/suggest.ts";

const pure = { permissions: "none" } as const;

Deno.test("the distance counts insertions, removals, replacements and swaps", pure, () => {
  assertEquals(editDistance("", "abc"), 3);
  assertEquals(editDistance("tracker", "tracker"), 0);
  assertEquals(editDistance("traker", "tracker"), 1);
  assertEquals(editDistance("tracekr", "tracker"), 1);
  assertEquals(editDistance("kitten", "sitting"), 3);
});

Deno.test("the distance is the same both ways", pure, () => {
  const words = ["port", "prot", "peer", "max-peers", "seed-time", ""];
  let pairs = 0;
  for (const a of words) {
    for (const b of words) {
      assertEquals(editDistance(a, b), editDistance(b, a));
      pairs++;
    }
  }
  assertEquals(pairs, 36);
});

Deno.test("a mistyped word finds the one that was meant", pure, () => {
  const known = ["tracker", "port", "upload-limit", "download-limit", "seed-time", "seed-ratio"];
  assertEquals(nearest("trakcer", known), "tracker");
  assertEquals(nearest("prot", known), "port");
  assertEquals(nearest("upload", known), "upload-limit");
  assertEquals(nearest("uplaod-limit", known), "upload-limit");
  assertEquals(nearest("SEED-RATIO", known), "seed-ratio");
  assertEquals(nearest("x".repeat(1_000_000), known).length > 0, true);
});

Deno.test("there must be something to choose from", pure, () => {
  assertThrows(() => nearest("x", []), RangeError);
});
