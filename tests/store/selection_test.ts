/** Some of the files of a torrent, in pieces and bytes. @module */

import { assert, assertEquals } from "@std/assert";
import { Layout, type LayoutSource } from "../../lib/store/layout.ts";
import { Selection } from "../../lib/store/selection.ts";
import { allOf, at, bits } from "../support/peer/peers.ts";

const permissions = "none";

/** Files of 25, 0, 10 and 30 bytes in pieces of 10; in the hybrid, pads of 5 and 0 between them. */
function select(version: LayoutSource["version"], ...indexes: number[]): Selection {
  const file = (length: number, pad = false) => ({ length, pad });
  const pads = version === "hybrid" ? [file(5, true)] : [];
  const files = [file(25), ...pads, file(0), file(10), file(30)];
  const layout = new Layout({ pieceLength: 10, version, files });
  return new Selection(layout, files, indexes.length > 0 ? indexes : undefined);
}

Deno.test({
  name: "a selection of everything wants every piece and counts no pads",
  permissions,
  fn() {
    for (const version of ["v1", "v2", "hybrid"] as const) {
      const all = select(version);
      assertEquals([all.isWhole, all.fileCount, all.totalBytes], [true, 4, 65], version);
      assertEquals(all.wanted, undefined);
      assert(all.isIn(allOf(7)) && !all.isIn(bits(7, 1, 2)));
      assertEquals(all.bytesIn(allOf(7)), 65);
    }
  },
});

Deno.test({
  name: "pieces of v1 that a chosen file shares with another count with its own bytes only",
  permissions,
  fn() {
    const some = select("v1", 2); // bytes 25 to 35
    assertEquals([...some.wanted!.ones()], [2, 3]);
    assertEquals([some.isWhole, some.fileCount, some.totalBytes], [false, 1, 10]);
    assertEquals([1, 2, 3, 4].map((piece) => some.bytesOf(at(piece))), [0, 5, 5, 0]);
    assertEquals(some.bytesIn(bits(7, 0, 1, 2)), 5);
    assert(some.isIn(bits(7, 2, 3)) && !some.isIn(bits(7, 0, 1, 2, 4)));
    assert(some.has(2) && !some.has(0));
  },
});

Deno.test({
  name:
    "chosen files of v2 and hybrids have their pieces for themselves, and pads are never chosen",
  permissions,
  fn() {
    assertEquals([...select("v2", 2, 1).wanted!.ones()], [3]);
    const hybrid = select("hybrid", 1, 3);
    assertEquals([...hybrid.wanted!.ones()], [3]);
    assertEquals([hybrid.fileCount, hybrid.totalBytes, hybrid.has(1)], [1, 10, false]);
  },
});

Deno.test({
  name: "a selection of empty files wants nothing and is there at once",
  permissions,
  fn() {
    const empty = select("v1", 1);
    assertEquals([empty.wanted!.isEmpty, empty.totalBytes, empty.fileCount], [true, 0, 1]);
    assert(empty.isIn(bits(7)));
  },
});
