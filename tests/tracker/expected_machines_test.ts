/**
 * The list of machines that should have every file.
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { OptionError } from "../../lib/errors.ts";
import {
  isNameOf,
  MAX_EXPECTED,
  readExpectedMachines,
} from "../../lib/tracker/roll/expected_machines.ts";

const permissions = "none";

/** All machines of a list, by name or address. */
function machinesIn(text: string): string[] {
  const reading = readExpectedMachines(text);
  for (;;) {
    const { done, value } = reading.next();
    if (done) return value.map((one) => "host" in one ? one.host : one.label);
  }
}

Deno.test("a list of expected machines has one name or address a line, and comments", {
  permissions,
}, () => {
  const text = "\ufeff# room 1\r\npc1\r\n\n  pc2.lab.example  # by the window\n10.0.0.3\n" +
    "FD00:0::5\nPC1\n::ffff:10.0.0.3\nAnna's laptop\nbüro-7\n42";
  const machines = [
    "pc1",
    "pc2.lab.example",
    "10.0.0.3",
    "fd00::5",
    "Anna's laptop",
    "büro-7",
    "42",
  ];
  assertEquals(machinesIn(text), machines);
  assertEquals(machinesIn(""), []);
});

Deno.test("a line that is no name is told by its number", { permissions }, () => {
  const lines = [
    "10.0.0.300",
    "10.0.0.2 pc2",
    "10.0.0.0/24",
    "pc1, pc2",
    "http://pc1",
    "pc1:6881",
    "p\u0007c",
    "\u001b[31mred",
    "x".repeat(65),
    "é".repeat(33),
  ];
  for (const line of lines) {
    const message = "line 3 is neither the name nor the IP address of a machine";
    assertThrows(() => machinesIn(`pc1\n\n${line}\n`), OptionError, message, line);
  }
  const harmless = assertThrows(() => machinesIn("\u001b[31mred/\u202e"), OptionError).message;
  assertEquals(/[\p{Cc}\u202e]/u.test(harmless), false);
});

Deno.test("a list is read in many short steps, and has an end", { permissions }, () => {
  const names = Array.from({ length: MAX_EXPECTED }, (_, i) => `pc${i}`);
  const reading = readExpectedMachines(names.join("\n"));
  let steps = 0;
  while (!reading.next().done) steps++;
  assertEquals(steps, 5);
  const tooLong = [...names, "one-more"].join("\n");
  assertThrows(() => machinesIn(tooLong), OptionError, "more than 10000 machines");
});

Deno.test("a name without a domain is that machine in any domain, in any case", {
  permissions,
}, () => {
  assertEquals(isNameOf("pc7", "PC7.lab.example"), true);
  assertEquals(isNameOf("pc7.lab.example", "pc7"), true);
  assertEquals(isNameOf("pc7.lab.example", "pc7.office.example"), false);
  assertEquals(isNameOf("pc7", "pc70"), false);
});
