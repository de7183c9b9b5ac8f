/** What a peer was asked for and has not answered. @module */

import { assertEquals, assertGreater } from "@std/assert";
import { OutstandingRequests } from "../../../lib/peer/connection/outstanding_requests.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";

const permissions = "none";

Deno.test("outstanding requests behave as a map from block to time does, in any order of answers", {
  permissions,
}, () => {
  const counts = { asked: 0, first: 0, other: 0, unknown: 0 };
  let most = 0;
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(seed);
    const outstanding = new OutstandingRequests();
    const expected = new Map<number, number>();
    for (let i = 0; i < 600; i++) {
      const keys = [...expected.keys()];
      const choice = random();
      if (choice < (i < 300 ? 0.6 : 0.4)) {
        const key = integerFrom(random, 0, 2 ** 40);
        if (expected.has(key)) continue;
        outstanding.add(key, i / 4);
        expected.set(key, i / 4);
        counts.asked++;
      } else if (keys.length > 0 && choice < 0.95) {
        const isFirst = random() < 0.7;
        const key = keys[isFirst ? 0 : integerFrom(random, 0, keys.length - 1)]!;
        assertEquals(outstanding.has(key), true);
        assertEquals(outstanding.take(key), expected.get(key));
        expected.delete(key);
        counts[isFirst ? "first" : "other"]++;
      } else {
        assertEquals([outstanding.has(-5), outstanding.take(-5)], [false, -1]);
        counts.unknown++;
      }
      assertEquals(outstanding.size, expected.size);
      assertEquals(outstanding.keys(), [...expected.keys()]);
      most = Math.max(most, expected.size);
    }
  }
  for (const count of Object.values(counts)) assertGreater(count, 300, JSON.stringify(counts));
  assertGreater(most, 64, "its room has grown");
});
