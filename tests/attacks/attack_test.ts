import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { Program } from "../../support/process.ts";

const SCRIPT = fromFileUrl(new URL("./attack.ts", import.meta.url));

Deno.test("an attack that does not exist is answered with those that do", async () => {
  await using program = Program.start(Deno.execPath(), ["run", "-A", SCRIPT, "nonsense"]);
  assertEquals(await program.exit(), 2);
  assertMatch(program.stderr[0]!, /^no attack is called nonsense/);
  assertMatch(program.stderr.join("\n"), /slow-takers +Three peers/);
});
