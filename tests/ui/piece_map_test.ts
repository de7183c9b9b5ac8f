/**
 * The map of the pieces.
 * @module
 */

import { assert, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import type { PieceView } from "../../lib/session/stats.ts";
import { Bitfield } from "../../lib/store/bitfield.ts";
import { MAX_CELLS, pieceMap } from "../../lib/ui/piece_map.ts";
import { seededRandom } from "../../support/random.ts";

const pure = { permissions: "none" } as const;

interface Made {
  have?: number[];
  inFlight?: number[];
  holders?: (piece: number) => number;
}

function view(count: number, { have = [], inFlight = [], holders = () => 0 }: Made): PieceView {
  const field = new Bitfield(count);
  for (const piece of have) field.set(piece);
  return { count, inFlight, has: (piece) => field.get(piece), availability: holders };
}

function bytes(base64: string): number[] {
  return [...atob(base64)].map((character) => character.charCodeAt(0));
}

Deno.test("up to 4,000 pieces each has a cell of its own", pure, () => {
  const made = { have: [0, 3], inFlight: [1, 3], holders: (piece: number) => piece * 100 };
  const map = pieceMap(view(5, made), [2, 1]);
  assertEquals([map.pieces, map.cells, map.perCell], [5, 5, 1]);
  assertEquals(bytes(map.verified), [255, 0, 0, 255, 0]);
  assertEquals(bytes(map.state), [0, 3, 2, 1, 0]);
  assertEquals(bytes(map.availability), [0, 100, 200, 255, 255]);
  assertEquals(pieceMap(view(MAX_CELLS, {})).perCell, 1);
});

Deno.test(
  "of more, several share a cell: with the share that is there, and the rarest of them",
  pure,
  () => {
    const have = Array.from({ length: 8000 }, (_, i) => i).filter((i) => i < 4000 || i === 4001);
    const map = pieceMap(view(8001, { have, inFlight: [8000], holders: (p) => p === 7 ? 2 : 9 }), [
      6,
    ]);
    assertEquals([map.pieces, map.perCell, map.cells], [8001, 3, 2667]);
    const verified = bytes(map.verified);
    assertEquals(verified[0], 255);
    assertEquals(verified[1333], 170); // 3999 and 4001 of 3999, 4000, 4001
    assertEquals(verified[2000], 0);
    assertEquals(bytes(map.state)[2666], 1, "the last cell is a short one");
    assertEquals(bytes(map.state)[2], 2);
    assertEquals(bytes(map.availability).slice(0, 4), [9, 9, 2, 9]);
  },
);

Deno.test("a cell says all or nothing only when it is so", pure, () => {
  const count = 4000 * 1000;
  const almost = { count, inFlight: [], has: (p: number) => p !== 5, availability: () => 1 };
  assertEquals(bytes(pieceMap(almost).verified)[0], 254);
  const hardly = { ...almost, has: (p: number) => p === 5 };
  assertEquals(bytes(pieceMap(hardly).verified)[0], 1);
});

Deno.test("no piece, one piece, and pieces that do not exist", pure, () => {
  assertEquals(pieceMap(view(0, {})).cells, 0);
  const one = pieceMap(view(1, { have: [0] }), [1, 77]);
  assertEquals([one.cells, bytes(one.verified), bytes(one.state)], [1, [255], [0]]);
});

Deno.test("200,000 pieces fit into 4,000 cells, and the map of them costs little", pure, () => {
  const random = seededRandom(4);
  const count = 200_000;
  const field = new Bitfield(count);
  for (let i = 0; i < count; i++) if (random() < 0.5) field.set(i);
  const holders = new Uint16Array(count).map(() => Math.floor(random() * 50));
  const big: PieceView = {
    count,
    inFlight: [1, 2, 3],
    has: (piece) => field.get(piece),
    availability: (piece) => holders[piece]!,
  };
  let fastestMs = Infinity;
  for (let i = 0; i < 10; i++) {
    const startMs = performance.now();
    const map = pieceMap(big);
    fastestMs = Math.min(fastestMs, performance.now() - startMs);
    assertLessOrEqual(map.cells, MAX_CELLS);
    assertLess(JSON.stringify(map).length, 20_000);
  }
  assert(fastestMs < 50, `${fastestMs} ms, once a second`);
});
