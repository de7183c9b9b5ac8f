/** The states of pieces and of the blocks in them. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { ActivePiece, Pieces, type PieceState } from "../../lib/store/pieces.ts";
import { integerFrom, seededRandom } from "../../support/random.ts";
import { at, bits, layoutOf } from "../support/peer/peers.ts";

const permissions = "none";

Deno.test({
  name: "pieces start as what is on disk says",
  permissions,
  fn() {
    const pieces = new Pieces(layoutOf(4, 2), bits(4, 1, 3), 2);
    assertEquals([0, 1, 2, 3].map((n) => pieces.state(at(n))), [
      "missing",
      "have",
      "missing",
      "have",
    ]);
    assertEquals(pieces.freeSlots, 2);
    assert(!pieces.isComplete);
    pieces.checkInvariant();
  },
});

Deno.test({
  name: "a piece goes from missing over in flight and verifying to have",
  permissions,
  fn() {
    const pieces = new Pieces(layoutOf(1, 2), bits(1), 1);
    const active = pieces.begin(at(0));
    const seen: PieceState[] = [pieces.state(at(0))];
    for (const block of [0, 1]) {
      active.request(block);
      active.release(block);
      active.receive(block, 7);
    }
    pieces.startVerifying(at(0));
    seen.push(pieces.state(at(0)));
    pieces.stored(at(0));
    seen.push(pieces.state(at(0)));
    assertEquals(seen, ["inFlight", "verifying", "have"]);
    assert(pieces.isComplete);
    assertEquals(pieces.freeSlots, 1);
    pieces.checkInvariant();
  },
});

Deno.test({
  name: "a step that a piece's state does not allow is refused and changes nothing",
  permissions,
  fn() {
    const steps = [
      "begin",
      "abandon",
      "startVerifying",
      "reopen",
      "stored",
      "failed",
      "lost",
    ] as const;
    const legal: Record<PieceState, readonly string[]> = {
      missing: ["begin"],
      inFlight: ["abandon", "startVerifying"],
      verifying: ["reopen", "stored", "failed"],
      have: ["lost"],
    };
    const inState = (state: PieceState) => {
      const pieces = new Pieces(layoutOf(1, 1), bits(1), 1);
      if (state === "missing") return pieces;
      pieces.begin(at(0)).receive(0, 1);
      if (state === "inFlight") return pieces;
      pieces.startVerifying(at(0));
      if (state === "have") pieces.stored(at(0));
      return pieces;
    };
    let refused = 0;
    for (const state of Object.keys(legal) as PieceState[]) {
      for (const step of steps) {
        const pieces = inState(state);
        assertEquals(pieces.state(at(0)), state);
        if (legal[state].includes(step)) {
          pieces[step](at(0), [0]);
          pieces.checkInvariant();
        } else {
          assertThrows(() => pieces[step](at(0), [0]), Error, `piece 0 is ${state}`);
          assertEquals(pieces.state(at(0)), state);
          refused++;
        }
      }
    }
    assertEquals(refused, 21);
  },
});

Deno.test({
  name: "a piece that lacks blocks cannot be verified, and none can be begun without memory",
  permissions,
  fn() {
    const pieces = new Pieces(layoutOf(2, 2), bits(2), 1);
    pieces.begin(at(0)).receive(0, 1);
    assertThrows(() => pieces.startVerifying(at(0)), Error, "lacks blocks");
    assertThrows(() => pieces.begin(at(1)), Error, "all piece slots are taken");
  },
});

Deno.test({
  name:
    "a piece some of whose blocks are wrong keeps the others and its memory, and lacks only those",
  permissions,
  fn() {
    const pieces = new Pieces(layoutOf(1, 4), bits(1), 1);
    const active = pieces.begin(at(0));
    for (let block = 0; block < 4; block++) active.receive(block, block);
    pieces.startVerifying(at(0));
    assertThrows(() => pieces.reopen(at(0), []), Error, "nothing is wrong");
    pieces.reopen(at(0), [1, 3]);
    pieces.checkInvariant();
    assertEquals(pieces.state(at(0)), "inFlight");
    assertEquals(pieces.freeSlots, 0);
    assertEquals([active.freeCount, active.nextFree(), active.contributors()], [2, 1, [0, 2]]);
    active.receive(1, 7);
    assertEquals(active.nextFree(), 3);
    active.receive(3, 7);
    pieces.startVerifying(at(0));
    pieces.stored(at(0));
    assert(pieces.isComplete);
  },
});

Deno.test({
  name: "the slot of a piece that is done with is the next one used",
  permissions,
  fn() {
    const pieces = new Pieces(layoutOf(8, 1), bits(8), 4);
    const first = pieces.begin(at(0)).slot;
    const second = pieces.begin(at(1)).slot;
    assert(first !== second);
    pieces.abandon(at(0));
    assertEquals(pieces.begin(at(2)).slot, first);
  },
});

Deno.test({
  name: "an active piece hands out free blocks from the front and remembers who sent what",
  permissions,
  fn() {
    const active = new ActivePiece(at(3), 0, 4);
    assertEquals(active.nextFree(), 0);
    active.request(0);
    active.request(1);
    assertEquals(active.nextFree(), 2);
    active.release(0);
    assertEquals(active.nextFree(), 0, "a block that was given back is free again");
    assert(active.receive(1, 5));
    assert(!active.receive(1, 6), "the first to deliver a block counts");
    active.release(1);
    assert(active.receive(3, 6));
    assertEquals(active.contributors(), [5, 6]);
    assertEquals([active.contributorOf(1), active.contributorOf(0)], [5, -1]);
    assertEquals([active.freeCount, active.receivedCount], [2, 2]);
    active.checkInvariant();
  },
});

Deno.test({
  name: "an active piece is idle exactly when nobody owes a block of it, received or not",
  permissions,
  fn() {
    const active = new ActivePiece(at(0), 0, 2);
    assert(active.isIdle);
    active.request(0);
    active.request(0);
    active.release(0);
    active.receive(0, 1);
    assert(!active.isIdle, "the second answer for the block is still to come");
    active.release(0);
    assert(active.isIdle);
  },
});

/** What a walk does next: one random step that the states allow. */
function step(pieces: Pieces, random: () => number, counts: Record<string, number>): void {
  const piece = at(integerFrom(random, 0, pieces.have.length - 1));
  const active = pieces.active.get(piece);
  const did = (what: string) => counts[what] = (counts[what] ?? 0) + 1;
  const state = pieces.state(piece);
  if (state === "missing") {
    if (pieces.freeSlots === 0) return;
    pieces.begin(piece);
    return void did("begin");
  }
  if (state === "have") {
    if (random() > 0.2) return;
    pieces.lost(piece);
    return void did("lost");
  }
  if (state === "verifying") {
    const choice = random();
    if (choice < 0.4) pieces.stored(piece), did("stored");
    else if (choice < 0.7) pieces.failed(piece), did("failed");
    else {
      const wrong = [...Array(active!.blockCount).keys()].filter(() => random() < 0.5);
      if (wrong.length === 0) return;
      pieces.reopen(piece, wrong);
      did("reopen");
    }
    return;
  }
  const block = integerFrom(random, 0, active!.blockCount - 1);
  const choice = random();
  if (active!.isFull) pieces.startVerifying(piece), did("startVerifying");
  else if (choice < 0.02) pieces.abandon(piece), did("abandon");
  else if (choice < 0.4 && active!.requesters(block) < 3) active!.request(block), did("request");
  else if (choice < 0.6 && active!.requesters(block) > 0) active!.release(block), did("release");
  else did(active!.receive(block, integerFrom(random, 0, 3)) ? "receive" : "receive again");
}

Deno.test({
  name: "the invariant of pieces holds after every step of a random walk",
  permissions,
  fn() {
    const counts: Record<string, number> = {};
    for (let seed = 0; seed < 20; seed++) {
      const random = seededRandom(seed);
      const count = integerFrom(random, 1, 9);
      const layout = layoutOf(count, integerFrom(random, 1, 5));
      const pieces = new Pieces(layout, bits(count), integerFrom(random, 1, 5));
      for (let i = 0; i < 600; i++) {
        step(pieces, random, counts);
        // A piece whose last block has come verifies at once, as it does in a download.
        for (const { piece, isFull } of [...pieces.active.values()]) {
          if (isFull && pieces.state(piece) === "inFlight") pieces.startVerifying(piece);
        }
        pieces.checkInvariant();
        const next = [...pieces.active.values()].map((active) => active.nextFree());
        for (const [i, active] of [...pieces.active.values()].entries()) {
          assertEquals(next[i] === -1, active.freeCount === 0, `seed ${seed}`);
        }
      }
    }
    for (
      const [what, least] of [
        ["begin", 300],
        ["request", 1000],
        ["release", 500],
        ["receive", 800],
        ["receive again", 100],
        ["stored", 100],
        ["failed", 100],
        ["reopen", 100],
        ["abandon", 20],
        ["lost", 100],
      ] as const
    ) assert((counts[what] ?? 0) >= least, `${what} happened ${counts[what]} times only`);
  },
});

Deno.test({
  name: "pieces are complete when those that are wanted are, and fragments are given to nobody",
  permissions,
  fn() {
    const chosen = { wanted: bits(4, 1, 2), fragments: bits(4, 2) };
    const pieces = new Pieces(layoutOf(4, 1), bits(4, 3), 1, chosen);
    assertEquals([pieces.missingCount, pieces.isComplete], [2, false]);
    for (const piece of [1, 2]) {
      pieces.begin(at(piece)).receive(0, 7);
      pieces.startVerifying(at(piece));
      pieces.stored(at(piece));
      pieces.checkInvariant();
    }
    assert(pieces.isComplete && !pieces.have.isFull);
    assertEquals([...pieces.have.ones()], [1, 2, 3]);
    assertEquals([...pieces.shared.ones()], [1, 3]);
    pieces.lost(at(3));
    assert(pieces.isComplete, "nobody wanted it");
    pieces.lost(at(1));
    assertEquals([pieces.missingCount, [...pieces.shared.ones()]], [1, []]);
    pieces.checkInvariant();
  },
});
