/** The rooms in docs/architecture.md are those that the test of the architecture holds. @module */

import { assert, assertEquals } from "@std/assert";
import { documentText, fencedBlocks, namedTables } from "../support/project/document.ts";
import { ROOMS } from "../support/project/rooms.ts";

const DOCUMENT = await documentText("docs/architecture.md");

Deno.test("the table of rooms in docs/architecture.md is the one that the code is held to", () => {
  const tables = namedTables(DOCUMENT).filter(({ kind }) => kind === "rooms");
  assertEquals(tables.length, 1);
  const expected = Object.entries(ROOMS).map(([room, { is, neverKnows, isPure }]) => ({
    "room": `lib/${room}`,
    "what it is": is,
    "what it must never know": neverKnows,
    "pure": isPure ? "yes" : "no",
  }));
  assertEquals(tables[0]!.rows, expected);
});

for (const path of ["docs/architecture.md", "README.md"]) {
  Deno.test(`the picture of the rooms in ${path} shows rooms, and all at the first level`, async () => {
    const pictures = fencedBlocks(await documentText(path))
      .filter(({ language, lines }) =>
        language === "mermaid" && lines.join("").includes('codec["')
      );
    assertEquals(pictures.length, 1);
    const shown = new Set(
      pictures[0]!.lines.flatMap((line) => [...line.matchAll(/\["([\w/]+)<br>/g)])
        .map(([, room]) => room!),
    );
    for (const room of shown) assert(room in ROOMS || folders().has(room), `there is no ${room}`);
    for (const room of folders()) assert(shown.has(room), `the picture lacks ${room}`);
  });
}

/** The folders at the first level of `lib/`. */
function folders(): Set<string> {
  return new Set(Object.keys(ROOMS).map((room) => room.split("/")[0]!));
}
