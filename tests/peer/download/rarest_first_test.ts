/** The order of missing pieces by availability. @module */

import { assert, assertEquals } from "@std/assert";
import { RarestFirst } from "../../../lib/peer/download/rarest_first.ts";
import { Bitfield } from "../../../lib/store/bitfield.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";
import { bits } from "../../support/peer/peers.ts";

const permissions = "none";

function orderOf(availability: readonly number[], seed = 1): RarestFirst {
  const order = new RarestFirst(availability.length, seededRandom(seed));
  for (const [piece, count] of availability.entries()) {
    order.add(piece);
    for (let i = 0; i < count; i++) order.increment(piece);
  }
  order.checkInvariant();
  return order;
}

/** All pieces in the order they are handed out. */
function drain(order: RarestFirst): number[] {
  const pieces: number[] = [];
  while (order.size > 0) {
    const piece = order.rarest(() => true);
    pieces.push(piece);
    order.remove(piece);
    order.checkInvariant();
  }
  return pieces;
}

Deno.test({
  name: "the rarest piece comes first and the most common last",
  permissions,
  fn() {
    const availability = [3, 0, 2, 2, 5, 1, 0, 3];
    for (let seed = 0; seed < 20; seed++) {
      const drained = drain(orderOf(availability, seed)).map((piece) => availability[piece]!);
      assertEquals(drained, [...availability].sort((a, b) => a - b));
    }
  },
});

Deno.test({
  name: "pieces that are equally rare come in an order that chance decides",
  permissions,
  fn() {
    const firsts = new Map<number, number>();
    for (let seed = 0; seed < 800; seed++) {
      const first = drain(orderOf([1, 1, 1, 1], seed))[0]!;
      firsts.set(first, (firsts.get(first) ?? 0) + 1);
    }
    assertEquals([...firsts.keys()].sort(), [0, 1, 2, 3]);
    for (const [piece, times] of firsts) assert(times > 120, `${piece} came first ${times} times`);
  },
});

Deno.test({
  name: "any piece is as likely as any other however rare it is",
  permissions,
  fn() {
    const order = orderOf([9, 0, 4, 4], 5);
    const chosen = new Map<number, number>();
    for (let i = 0; i < 800; i++) {
      const piece = order.any(() => true);
      chosen.set(piece, (chosen.get(piece) ?? 0) + 1);
    }
    for (const piece of [0, 1, 2, 3]) assert((chosen.get(piece) ?? 0) > 120);
  },
});

Deno.test({
  name: "only pieces that are accepted are handed out, and none when none is",
  permissions,
  fn() {
    const order = orderOf([0, 1, 2]);
    assertEquals(order.rarest((piece) => piece > 0), 1);
    assertEquals(order.any((piece) => piece === 2), 2);
    assertEquals([order.rarest(() => false), order.any(() => false)], [-1, -1]);
    assertEquals(new RarestFirst(0, () => 0).any(() => true), -1);
  },
});

Deno.test({
  name: "availability is counted for pieces outside the order too",
  permissions,
  fn() {
    const order = new RarestFirst(2, seededRandom(1));
    order.increment(1);
    order.increment(1);
    order.decrement(1);
    order.add(1);
    order.add(0);
    assertEquals(order.availability(1), 1);
    assertEquals(drain(order), [0, 1]);
  },
});

Deno.test({
  name: "the order of rarity stays right under random operations",
  permissions,
  fn() {
    const counts = { add: 0, again: 0, remove: 0, increment: 0, decrement: 0, asked: 0 };
    for (let seed = 0; seed < 30; seed++) {
      const random = seededRandom(seed);
      const length = integerFrom(random, 1, 24);
      const order = new RarestFirst(length, random);
      const included = new Set<number>();
      const availability = new Array<number>(length).fill(0);
      for (let i = 0; i < 400; i++) {
        const piece = integerFrom(random, 0, length - 1);
        const choice = random();
        if (choice < 0.25) {
          counts[included.has(piece) ? "again" : "add"]++;
          included.add(piece);
          order.add(piece);
        } else if (choice < 0.4) {
          if (included.delete(piece)) counts.remove++;
          order.remove(piece);
        } else if (choice < 0.7 || availability[piece] === 0) {
          availability[piece]!++;
          order.increment(piece);
          counts.increment++;
        } else {
          availability[piece]!--;
          order.decrement(piece);
          counts.decrement++;
        }
        order.checkInvariant();
        assertEquals(order.size, included.size);
        const rarest = order.rarest(() => true);
        if (included.size === 0) {
          assertEquals(rarest, -1);
          continue;
        }
        counts.asked++;
        const least = Math.min(...[...included].map((other) => availability[other]!));
        assertEquals(availability[rarest], least, `seed ${seed}`);
        assert(included.has(rarest));
        assertEquals(order.availability(piece), availability[piece]);
      }
    }
    assert(counts.add > 1000 && counts.again > 1000 && counts.remove > 700, JSON.stringify(counts));
    assert(counts.increment > 2500 && counts.decrement > 2000 && counts.asked > 9000);
  },
});

Deno.test({
  name: "among a few pieces the rarest is found without looking at the others, ties by chance",
  permissions,
  fn() {
    const order = new RarestFirst(1000, seededRandom(7));
    for (let piece = 0; piece < 1000; piece++) if (piece !== 4) order.add(piece);
    for (const piece of [2, 2, 3]) order.increment(piece);
    const asked: number[] = [];
    const accept = (piece: number) => asked.push(piece) > 0 && piece !== 6;
    assertEquals(order.rarestOf([2, 3, 4, 6], accept), 3, "4 is not in the order, 6 not accepted");
    assertEquals(asked, [2, 3, 6]);
    assertEquals(order.rarestOf([], accept), -1);
    const found = new Set(
      Array.from({ length: 60 }, () => order.rarestOf([7, 8, 2, 9], () => true)),
    );
    assertEquals(found, new Set([7, 8, 9]));
  },
});

Deno.test({
  name:
    "of what one peer has the rarest is found where there is little, and some rare one where much",
  permissions,
  fn() {
    const pieceCount = 5000;
    const order = new RarestFirst(pieceCount, seededRandom(3));
    for (let piece = 0; piece < pieceCount; piece++) {
      order.add(piece);
      if (piece >= 1000) order.increment(piece);
    }
    for (const piece of [4000, 4100]) order.increment(piece);
    const few = bits(pieceCount, 4000, 4200, 4100);
    assertEquals(order.rarest((piece) => few.get(piece)), -1, "it is none of the rarest of all");
    const all = () => true;
    for (let i = 0; i < 20; i++) assertEquals(order.rarestIn(few, all), 4200);
    order.remove(4200);
    const found = new Set(Array.from({ length: 40 }, () => order.rarestIn(few, all)));
    assertEquals(found, new Set([4000, 4100]));
    assertEquals(order.rarestIn(few, (piece) => piece === 4100), 4100);
    assertEquals([order.rarestIn(bits(pieceCount), all), order.rarestIn(few, () => false)], [
      -1,
      -1,
    ]);
    const many = new Bitfield(pieceCount);
    for (let piece = 500; piece < pieceCount; piece += 2) many.set(piece);
    let looks = 0;
    const piece = order.rarestIn(many, () => ++looks > 0);
    assert(many.get(piece) && looks <= 64, `${looks} looks`);
    const last = new Bitfield(pieceCount);
    for (let i = 0; i < pieceCount; i++) last.set(i);
    assertEquals(order.rarestIn(last, (one) => one === 4999), 4999, "and the only one, wherever");
  },
});
