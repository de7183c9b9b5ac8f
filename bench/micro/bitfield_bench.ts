/**
 * The cost of reading, writing and searching the bits of 100,000 pieces.
 *
 *     deno bench -A bench/micro/bitfield_bench.ts
 *
 * @module
 */

import { Bitfield } from "../../lib/store/bitfield.ts";
import { seededRandom } from "../../support/random.ts";

const PIECES = 100_000;

/** A bit field in which this share of bits is set. */
function field(share: number, seed: number): Bitfield {
  const random = seededRandom(seed);
  const bits = new Bitfield(PIECES);
  for (let piece = 0; piece < PIECES; piece++) if (random() < share) bits.set(piece);
  return bits;
}

const half = field(0.5, 1);
const few = field(0.001, 2);
const others = field(0.001, 3);
const wire = half.bytes();
/** Keeps results in use, so that the engine does not optimize the work away. */
let sum = 0;

Deno.bench("from a message of 12.5 kB, counted", () => {
  sum += Bitfield.fromBytes(wire, PIECES).count;
});

Deno.bench("set 100,000 bits one by one", () => {
  const bits = new Bitfield(PIECES);
  for (let piece = 0; piece < PIECES; piece++) bits.set(piece);
  sum += bits.count;
});

Deno.bench("get 100,000 bits one by one", () => {
  for (let piece = 0; piece < PIECES; piece++) if (half.get(piece)) sum++;
});

Deno.bench("all ones of a half-full field", () => {
  for (const piece of half.ones()) sum += piece;
});

Deno.bench("all ones of a field with a hundred", () => {
  for (const piece of few.ones()) sum += piece;
});

Deno.bench("search for what two nearly empty fields have in common", () => {
  sum += few.nextCommon(others, 0);
});

Deno.bench("to a message", () => {
  sum += half.bytes().length;
});
