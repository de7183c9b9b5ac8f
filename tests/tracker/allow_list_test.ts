import { assertEquals, assertThrows } from "@std/assert";
import { OptionError } from "../../lib/errors.ts";
import { readAllowList } from "../../lib/tracker/core/allow_list.ts";

const permissions = "none";

/** All hashes of a list. */
function hashesIn(text: string): Set<string> {
  const reading = readAllowList(text);
  for (;;) {
    const { done, value } = reading.next();
    if (done) return value;
  }
}

Deno.test("a list of allowed torrents has one hash a line, and comments", { permissions }, () => {
  const text = `\ufeff# course material\r\n${"Ab".repeat(20)}\r\n\n  ${"01".repeat(32)}  \n`;
  assertEquals([...hashesIn(text)], ["ab".repeat(20), "01".repeat(20)]);
  assertEquals(hashesIn("").size, 0);
});

Deno.test("a line that is no hash is named", { permissions }, () => {
  for (const line of ["ab".repeat(19), "zz".repeat(20), "ab".repeat(20) + " # x"]) {
    assertThrows(() => hashesIn(`\n${line}\n`), OptionError, "line 2 is not an info-hash");
  }
});

Deno.test("a list of 100,000 lines is read in many short steps", { permissions: "none" }, () => {
  const lines = Array.from({ length: 100_000 }, (_, i) => i.toString(16).padStart(40, "0"));
  const reading = readAllowList(lines.join("\n"));
  let steps = 0;
  let last = reading.next();
  for (; !last.done; steps++) last = reading.next();
  assertEquals([steps, last.value.size], [50, 100_000]);
});
