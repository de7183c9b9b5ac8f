import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { PackedMap } from "../../lib/tracker/tables/packed_map.ts";
import { integerFrom, seededRandom } from "../../support/random.ts";

const permissions = "none";
const HASH_KEY = Uint32Array.of(0x1234, 0xfedcba98);

Deno.test("a packed map does what a map of objects does", { permissions }, () => {
  const random = seededRandom(4);
  for (const keyWords of [1, 3, 6]) {
    const map = new PackedMap(keyWords, HASH_KEY);
    const model = new Map<string, number>();
    const counts = { set: 0, replaced: 0, deleted: 0, missed: 0 };
    for (let step = 0; step < 30_000; step++) {
      // It fills up to some thousand entries, and empties again.
      const deletes = step % 10_000 > 7_000 ? 0.8 : 0.2;
      const number = integerFrom(random, 0, 3000);
      for (let i = 0; i < keyWords; i++) map.key[i] = i === 0 ? number * 2 ** 20 : number % (i + 7);
      const key = map.key.join();
      assertStrictEquals(map.get(), model.get(key) ?? -1);
      if (random() < deletes) {
        const existed = model.delete(key);
        assertStrictEquals(map.delete(), existed);
        counts[existed ? "deleted" : "missed"]++;
      } else {
        const value = integerFrom(random, 0, 2 ** 32 - 2);
        counts[model.has(key) ? "replaced" : "set"]++;
        map.set(value);
        model.set(key, value);
      }
      assertStrictEquals(map.size, model.size);
    }
    for (const [key, value] of model) {
      map.key.set(key.split(",").map(Number));
      assertStrictEquals(map.get(), value);
    }
    for (const count of Object.values(counts)) assert(count > 1000, JSON.stringify(counts));
  }
});

Deno.test("a packed map takes memory with its entries, and gives it back with them", {
  permissions,
}, () => {
  const map = new PackedMap(3, HASH_KEY);
  const count = 100_000;
  const empty = map.bytes;
  for (let i = 0; i < count; i++) {
    map.key.fill(i);
    map.set(i);
  }
  // 16 bytes a slot, of which three eighths to three quarters are taken.
  assert(map.bytes >= 16 * count / 0.75 && map.bytes <= 16 * count / 0.36, `${map.bytes}`);
  for (let i = 0; i < count; i++) {
    map.key.fill(i);
    assert(map.delete());
  }
  assertEquals([map.size, map.bytes < empty + 20_000], [0, true]);
});
