/** Memory for pieces that all downloads share. @module */

import { assert, assertEquals } from "@std/assert";
import { PieceBudget, type PieceShare } from "../../lib/store/piece_budget.ts";
import { Pieces } from "../../lib/store/pieces.ts";
import { integerFrom, seededRandom } from "../../support/random.ts";
import { at, bits, layoutOf } from "../support/peer/peers.ts";

const permissions = "none";
const MIB = 1024 * 1024;

/** Takes as many pieces as are granted; says how many. */
function takeAll(share: PieceShare): number {
  let count = 0;
  for (; share.ask(); count++) share.take();
  return count;
}

Deno.test({
  name: "a download alone has all the memory, and a few pieces however long they are",
  permissions,
  fn() {
    const count = (pieceLength: number) => takeAll(new PieceBudget(12 * MIB).share(pieceLength));
    assertEquals([count(MIB), count(5 * MIB), count(16 * MIB)], [12, 4, 4]);
    assertEquals([count(200 * MIB), count(1024 * MIB)], [2, 1]);
  },
});

Deno.test({
  name: "a download that comes later gets its share as the pieces of the first one end",
  permissions,
  fn() {
    const budget = new PieceBudget(12 * MIB);
    const [first, second] = [budget.share(MIB), budget.share(MIB)];
    assertEquals([takeAll(first), takeAll(second)], [12, 4]);
    for (let ended = 0; ended < 10; ended++) {
      first.giveBack();
      takeAll(first);
      takeAll(second);
    }
    assertEquals([first.usedBytes, second.usedBytes], [6 * MIB, 6 * MIB]);
  },
});

Deno.test({
  name: "what a download does not ask for, another one may have",
  permissions,
  fn() {
    const budget = new PieceBudget(12 * MIB);
    const [slow, fast] = [budget.share(MIB), budget.share(MIB)];
    slow.take();
    assertEquals(takeAll(fast), 11);
    takeAll(slow); // waits for its share
    fast.giveBack();
    assertEquals(fast.ask(), false);
    slow.giveBack(); // and does not ask again
    for (let ended = 0; ended < 2; ended++) fast.giveBack();
    assertEquals(fast.ask(), true);
  },
});

Deno.test({
  name: "a download that ends leaves everything to the others",
  permissions,
  fn() {
    const budget = new PieceBudget(12 * MIB);
    const [first, second] = [budget.share(MIB), budget.share(MIB)];
    takeAll(first);
    takeAll(second);
    second.leave();
    assertEquals([budget.usedBytes, budget.busyCount, budget.waitingCount], [12 * MIB, 1, 0]);
    first.leave();
    assertEquals([budget.usedBytes, takeAll(second)], [0, 12]);
  },
});

Deno.test({
  name: "ten downloads never have more than the budget and their few pieces, and none stands still",
  permissions,
  fn() {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed);
      const budget = new PieceBudget(12 * MIB);
      const lengths = Array.from({ length: 10 }, () => 16_384 << integerFrom(random, 0, 8));
      const shares = lengths.map((length) => budget.share(length));
      for (let step = 0; step < 5000; step++) {
        const share = shares[integerFrom(random, 0, 9)]!;
        if (share.usedBytes > 0 && random() < 0.5) share.giveBack();
        else if (share.ask()) share.take();
        else assert(share.usedBytes > 0, `seed ${seed}: a download stands still`);
        const fewest = shares.reduce(
          (sum, { usedBytes }, i) => sum + Math.min(usedBytes, 4 * lengths[i]!),
          0,
        );
        assert(budget.usedBytes <= 12 * MIB + fewest, `seed ${seed}: ${budget.usedBytes}`);
      }
      for (const share of shares) share.leave();
      assertEquals([budget.usedBytes, budget.busyCount, budget.waitingCount], [0, 0, 0]);
    }
  },
});

Deno.test({
  name: "a piece takes memory from its beginning to its end, whatever the end is",
  permissions,
  fn() {
    const log: string[] = [];
    const memory = {
      ask: () => log.length < 4,
      taken: () => void log.push("taken"),
      freed: (slot: number) => void log.push(`freed ${slot}`),
    };
    const pieces = new Pieces(layoutOf(4, 1), bits(4), 3, {}, memory);
    assertEquals(pieces.mayBegin(), true);
    const active = pieces.begin(at(2));
    pieces.abandon(at(2));
    pieces.begin(at(1)).receive(0, 7);
    pieces.startVerifying(at(1));
    pieces.stored(at(1));
    assertEquals(log, ["taken", `freed ${active.slot}`, "taken", `freed ${active.slot}`]);
    assertEquals([pieces.freeSlots, pieces.mayBegin()], [3, false]);
  },
});
