/** The inner nodes of a Merkle tree, against the hash function that everybody has. @module */

import { assertEquals } from "@std/assert";
import { hex } from "../../../lib/codec/bytes.ts";
import { sha256 } from "../../../lib/codec/hash.ts";
import { hashPair } from "../../../lib/codec/torrent/hash_pair.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";

const permissions = "none";

function pairHash(pair: Uint8Array): string {
  const out = new Uint8Array(32);
  hashPair(pair, 0, out, 0);
  return hex(out);
}

Deno.test("64 zero bytes and 64 bytes of ones have their SHA-256", { permissions }, () => {
  const zeros = "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b";
  assertEquals(pairHash(new Uint8Array(64)), zeros);
  const ones = "8667e718294e9e0df1d30600ba3eeb201f764aad2dad72748643e4a285e1d1f7";
  assertEquals(pairHash(new Uint8Array(64).fill(0xff)), ones);
});

Deno.test(
  "each single bit of a pair makes the hash that node:crypto makes",
  { permissions },
  () => {
    const seen = new Set<string>();
    for (let bit = 0; bit < 512; bit++) {
      const pair = new Uint8Array(64);
      pair[bit >> 3] = 1 << (bit & 7);
      const hash = pairHash(pair);
      assertEquals(hash, hex(sha256(pair)));
      seen.add(hash);
    }
    assertEquals(seen.size, 512);
  },
);

Deno.test("any pair, anywhere in a row, also over its own bytes", { permissions }, () => {
  const random = seededRandom(4);
  const row = new Uint8Array(1024);
  for (let round = 0; round < 5000; round++) {
    for (let i = 0; i < row.length; i++) row[i] = integerFrom(random, 0, 255);
    const from = integerFrom(random, 0, row.length - 64);
    const at = round % 2 === 0 ? from : integerFrom(random, 0, row.length - 32);
    const expected = row.slice();
    expected.set(sha256(row.subarray(from, from + 64)), at);
    hashPair(row, from, row, at);
    assertEquals(hex(row), hex(expected));
  }
});
