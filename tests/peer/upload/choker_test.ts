/** Who gets an upload slot. @module */

import { assert, assertEquals } from "@std/assert";
import { type Candidate, chooseUnchoked } from "../../../lib/peer/upload/choker.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";

const permissions = "none";

function candidate(id: number, more: Partial<Candidate> = {}): Candidate {
  return {
    id,
    host: `10.0.${id}.1`,
    interested: true,
    unchoked: false,
    rate: 0,
    unchokedMs: 0,
    ...more,
  };
}

Deno.test({
  name: "with slots for all, everybody who is interested is served and nobody else",
  permissions,
  fn() {
    const candidates = [candidate(1), candidate(2, { interested: false, rate: 9 }), candidate(3)];
    assertEquals(chooseUnchoked(candidates, 2, () => 0), new Set([1, 3]));
    assertEquals(chooseUnchoked([], 2, () => 0), new Set());
  },
});

Deno.test({
  name: "with more peers than slots the fastest are served, and one more by chance",
  permissions,
  fn() {
    const candidates = [1, 2, 3, 4, 5, 6].map((id) =>
      candidate(id, { rate: id * 100, unchoked: id > 3 })
    );
    const extra = new Set<number>();
    for (let seed = 0; seed < 60; seed++) {
      const chosen = chooseUnchoked(candidates, 3, seededRandom(seed));
      assertEquals(chosen.size, 3);
      assert(chosen.has(6) && chosen.has(5), "the two fastest");
      for (const id of chosen) if (id < 5) extra.add(id);
    }
    assertEquals(extra, new Set([1, 2, 3]), "newcomers get their turn before one that had a slot");
  },
});

Deno.test({
  name: "equally fast peers are served in the order in which they have waited",
  permissions,
  fn() {
    const candidates = [
      candidate(1, { unchokedMs: 300, unchoked: true }),
      candidate(2, { unchokedMs: 100, unchoked: true }),
      candidate(3, { unchokedMs: 200, unchoked: true }),
    ];
    assertEquals(chooseUnchoked(candidates, 2, () => 0), new Set([2, 3]));
  },
});

Deno.test({
  name: "a seeder with one slot serves all in turn, and one with none serves nobody",
  permissions,
  fn() {
    let serving = -1;
    const served = new Set<number>();
    const random = seededRandom(3);
    for (let round = 0; round < 60; round++) {
      const candidates = [0, 1, 2, 3].map((id) => candidate(id, { unchoked: id === serving }));
      [serving = -1] = chooseUnchoked(candidates, 1, random);
      served.add(serving);
    }
    assertEquals(served, new Set([0, 1, 2, 3]));
    assertEquals(chooseUnchoked([candidate(1), candidate(2)], 0, () => 0), new Set());
  },
});

Deno.test({
  name: "never more are served than there are slots, and never one that is not interested",
  permissions,
  fn() {
    const random = seededRandom(7);
    let crowded = 0;
    for (let round = 0; round < 500; round++) {
      const candidates = Array.from({ length: integerFrom(random, 0, 12) }, (_, id) => ({
        id,
        host: `10.0.${integerFrom(random, 0, 3)}.${integerFrom(random, 0, 3)}`,
        interested: random() < 0.7,
        unchoked: random() < 0.3,
        rate: integerFrom(random, 0, 3),
        unchokedMs: integerFrom(random, 0, 9),
      }));
      const slots = integerFrom(random, 0, 6);
      const interested = candidates.filter((one) => one.interested).map(({ id }) => id);
      const chosen = chooseUnchoked(candidates, slots, random);
      assertEquals(chosen.size, Math.min(slots, interested.length));
      for (const id of chosen) assert(interested.includes(id));
      if (interested.length > slots) crowded++;
    }
    assert(crowded > 150, String(crowded));
  },
});

Deno.test({
  name: "one host's many connections leave half of the slots to others, however fast they are",
  permissions,
  fn() {
    const crowd = Array.from(
      { length: 20 },
      (_, i) => candidate(i, { host: "192.0.2.1", rate: 1000 }),
    );
    const others = [100, 101, 102].map((id) => candidate(id, { rate: 10 + id }));
    const chosen = chooseUnchoked([...crowd, ...others], 8, () => 0);
    assertEquals([100, 101, 102].map((id) => chosen.has(id)), [true, true, true]);
    assertEquals(chosen.size, 8, "what nobody else wants is the crowd's");
  },
});

Deno.test({
  name: "the next to try is of a host that has no slot yet",
  permissions,
  fn() {
    const crowd = Array.from(
      { length: 50 },
      (_, i) => candidate(i, { host: "192.0.2.1", rate: 9 }),
    );
    const newcomer = candidate(100, { unchokedMs: 99 });
    for (let seed = 0; seed < 20; seed++) {
      assert(chooseUnchoked([...crowd, newcomer], 2, seededRandom(seed)).has(100));
    }
  },
});

Deno.test({
  name: "who takes next to nothing does not keep its slot from those who wait",
  permissions,
  fn() {
    const slow = [1, 2, 3, 4, 5].map((id) =>
      candidate(id, { rate: 17, unchoked: true, unchokedMs: 9 })
    );
    const fast = candidate(6, { rate: 1_000_000, unchoked: true, unchokedMs: 9 });
    const waiting = [7, 8, 9, 10].map((id) => candidate(id));
    const chosen = chooseUnchoked([...slow, fast, ...waiting], 4, () => 0);
    assertEquals([...chosen].sort((a, b) => a - b).slice(0, 1), [6]);
    assert([...chosen].every((id) => id >= 6));
  },
});
