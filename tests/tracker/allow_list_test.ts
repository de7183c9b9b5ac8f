import { assertEquals, assertThrows } from "@std/assert";
import { OptionError } from "../../lib/errors.ts";
import { parseAllowList } from "../../lib/tracker/allow_list.ts";

const permissions = "none";

Deno.test("a list of allowed torrents has one hash a line, and comments", { permissions }, () => {
  const text = `\ufeff# course material\r\n${"Ab".repeat(20)}\r\n\n  ${"01".repeat(32)}  \n`;
  assertEquals([...parseAllowList(text)], ["ab".repeat(20), "01".repeat(20)]);
  assertEquals(parseAllowList("").size, 0);
});

Deno.test("a line that is no hash is named", { permissions }, () => {
  for (const line of ["ab".repeat(19), "zz".repeat(20), "ab".repeat(20) + " # x"]) {
    assertThrows(() => parseAllowList(`\n${line}\n`), OptionError, "line 2 is not an info-hash");
  }
});
