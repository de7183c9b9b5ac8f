/** What one web server has not, or has otherwise than the torrent. @module */

import { assertEquals } from "@std/assert";
import { MissingFiles } from "../../lib/net/web_seed/missing_files.ts";
import { Layout, type LayoutFile, type PieceIndex } from "../../lib/store/layout.ts";

const permissions = "none";

/** Files of these lengths in pieces of 16 KiB; in v1 a piece may have the end of one and the beginning of the next. */
function lacksOf(
  version: "v1" | "hybrid",
  ...lengths: number[]
): { lacks: MissingFiles; layout: Layout } {
  const files: (LayoutFile & { path: string[] })[] = [];
  for (const [i, length] of lengths.entries()) {
    files.push({ path: [`${i}`], length, pad: false });
    const rest = version === "hybrid" ? -length % 16_384 + 16_384 : 0;
    if (rest % 16_384 > 0) files.push({ path: ["pad"], length: rest, pad: true });
  }
  const layout = Layout.of({ version, pieceLength: 16_384, files });
  return { lacks: new MissingFiles(layout, files), layout };
}

/** The pieces that are still to be had. */
function left(lacks: MissingFiles): number[] {
  return [...lacks.pieces().ones()];
}

Deno.test("a piece of one file tells that all of the file is different", { permissions }, () => {
  const { lacks } = lacksOf("hybrid", 20_000, 40_000, 16_384);
  // Piece 4 has the end of a file, and a pad.
  assertEquals(lacks.differ(4 as PieceIndex), { files: { first: 2, last: 2 }, hope: true });
  assertEquals([left(lacks), lacks.longest(), lacks.any], [[0, 1, 5], 0, true]);
  assertEquals(lacks.differ(3 as PieceIndex), undefined, "that was known");
  assertEquals(lacks.concerns({ piece: 2 as PieceIndex, begin: 0, length: 16_384 }), true);
  assertEquals(lacks.concerns({ piece: 1 as PieceIndex, begin: 0, length: 16_384 }), false);
});

Deno.test("a file that is different stays so, one that is missing is asked for again", {
  permissions,
}, () => {
  const { lacks } = lacksOf("hybrid", 16_384, 16_384, 16_384);
  lacks.differ(0 as PieceIndex);
  lacks.miss(1, 1000);
  assertEquals(left(lacks), [2]);
  assertEquals(lacks.forget(Infinity), true);
  assertEquals(left(lacks), [1, 2]);
});

Deno.test("a piece of two files rules out itself, until a piece of one of them tells which it is", {
  permissions,
}, () => {
  const { lacks } = lacksOf("v1", 40_000, 40_000, 40_000);
  assertEquals(lacks.differ(2 as PieceIndex)?.files, { first: 0, last: 1 });
  assertEquals(left(lacks), [0, 1, 3, 4, 5, 6, 7]);
  assertEquals(lacks.differ(3 as PieceIndex)?.files, { first: 1, last: 1 });
  assertEquals(left(lacks), [0, 1, 5, 6, 7]);
  assertEquals(lacks.differ(4 as PieceIndex), undefined, "the same file explains it");
});

Deno.test("the third file that must be different is one too many, and so is the only one", {
  permissions,
}, () => {
  const hopes = (version: "v1" | "hybrid", lengths: number[], ...pieces: number[]) => {
    const { lacks } = lacksOf(version, ...lengths);
    return pieces.map((piece) => lacks.differ(piece as PieceIndex)?.hope);
  };
  const five = [16_384, 16_384, 16_384, 16_384, 16_384];
  assertEquals(hopes("hybrid", five, 0, 3, 1), [true, true, false]);
  // Both pieces in which a file has a part: it alone explains them.
  const shared = [20_000, 20_000, 20_000, 60_000];
  assertEquals(hopes("v1", shared, 1, 2, 3), [true, true, true]);
  assertEquals(hopes("v1", [20_000, 5000, 5000, 60_000], 1), [true]);
  assertEquals(hopes("v1", [100_000, 0], 1), [false]);
});
