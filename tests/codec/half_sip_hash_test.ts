import { assert, assertEquals } from "@std/assert";
import { halfSipHash } from "../../lib/codec/half_sip_hash.ts";

const permissions = "none";
/** The words whose bytes are 0, 1, 2 and so on, the least significant first. */
const WORDS = Uint32Array.from({ length: 6 }, (_, i) => 0x03020100 + i * 0x04040404);
const KEY = WORDS.slice(0, 2);

Deno.test("keyed hashes are what Linux's own tests expect", { permissions }, () => {
  const hashes = [0, 1, 2, 3, 4, 5].map((count) => halfSipHash(KEY, WORDS, 0, count));
  assertEquals(hashes, [
    0x5814c896,
    0x7e059ea6,
    0x577999b1,
    0x6b28096c,
    0x8b31d501,
    0x911bb605,
  ]);
});

Deno.test("words are hashed from where they begin", { permissions }, () => {
  const shifted = Uint32Array.of(7, ...WORDS.subarray(0, 3), 9);
  assertEquals(halfSipHash(KEY, shifted, 1, 3), halfSipHash(KEY, WORDS, 0, 3));
});

Deno.test("keys that scatter alike under one secret do not under another", { permissions }, () => {
  const placeOf = (seed: number, word: number) =>
    halfSipHash(Uint32Array.of(seed, 5), Uint32Array.of(word), 0, 1) & 0xff;
  const alike = Array.from({ length: 20_000 }, (_, i) => i).filter((i) => placeOf(1, i) === 0);
  assert(alike.length > 50, `${alike.length}`);
  const places = new Set(alike.map((word) => placeOf(2, word)));
  assert(places.size > alike.length / 2, `${alike.length} in ${places.size} places`);
});
