/** Which block is asked of whom. @module */

import { assert, assertEquals } from "@std/assert";
import { allOf, at, bits, DownloadHarness } from "../../support/peer/peers.ts";

const permissions = "none";

/** The pieces the connection is asked for, in the order of asking, each run once. */
function runs(owed: readonly { piece: number }[]): number[] {
  return owed.map(({ piece }) => piece).filter((piece, i, all) => piece !== all[i - 1]);
}

Deno.test({
  name: "a peer is asked for all of one piece, in order, before the next piece is begun",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 4, blocksPerPiece: 4 });
    const peer = bench.seed(1);
    bench.settle();
    const owed = bench.owed(peer);
    assertEquals(owed.length, 16, "all four pieces fit into the first quarter of a megabyte");
    assertEquals(runs(owed).length, 4);
    assertEquals(new Set(runs(owed)).size, 4);
    for (const [i, { block }] of owed.entries()) assertEquals(block, i % 4);
  },
});

Deno.test({
  name: "two peers that have everything are asked for different pieces",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 40, blocksPerPiece: 4, slotCount: 64 });
    const [one, other] = [bench.seed(1), bench.seed(2)];
    bench.settle();
    const [first, second] = [runs(bench.owed(one)), runs(bench.owed(other))];
    assertEquals([first.length, second.length], [4, 4]);
    assertEquals(new Set([...first, ...second]).size, 8);
  },
});

Deno.test({
  name: "a piece that a peer left is finished by the next before a new one is begun",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 20, blocksPerPiece: 4, slotCount: 64 });
    const gone = bench.seed(1);
    gone.extension.requestQueue = 4;
    bench.settle();
    const { piece } = bench.owed(gone)[0]!;
    bench.deliver(gone, piece, 0);
    bench.deliver(gone, piece, 2);
    bench.leave(gone);
    const heir = bench.seed(2);
    bench.settle();
    assertEquals(bench.owed(heir).slice(0, 2), [{ piece: at(piece), block: 1 }, {
      piece: at(piece),
      block: 3,
    }]);
  },
});

Deno.test({
  name: "of several pieces that were left the most complete is taken over first",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 3, blocksPerPiece: 4 });
    const gone = bench.seed(1);
    bench.settle();
    bench.deliver(gone, 0, 0);
    for (const block of [0, 1, 2]) bench.deliver(gone, 1, block);
    for (const block of [0, 1]) bench.deliver(gone, 2, block);
    bench.leave(gone);
    const heir = bench.seed(2);
    bench.settle();
    assertEquals(runs(bench.owed(heir)), [1, 2, 0]);
  },
});

Deno.test({
  name: "after the first four pieces the rarest piece a peer has is begun first",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 12, blocksPerPiece: 1, slotCount: 64 });
    for (let id = 10; id < 14; id++) {
      bench.download.onChoke(bench.seed(id, {}, bits(12, 0, 1, 2, 3)));
    }
    bench.download.onChoke(bench.seed(14, {}, bits(12, 4, 5)));
    bench.download.onChoke(bench.seed(15, {}, bits(12, 4)));
    const source = bench.seed(1, {}, bits(12, 0, 1, 2, 3));
    bench.settle();
    bench.deliverAll(source);
    bench.verifyFull();
    assertEquals(bench.pieces.have.count, 4);
    const all = bench.seed(2);
    bench.settle();
    const order = runs(bench.owed(all));
    assertEquals(order.length, 8);
    assertEquals(order.slice(-2), [5, 4], "one peer has 5, two have 4, nobody has the others");
  },
});

Deno.test({
  name: "the first pieces are chosen at random, so that rare ones do not hold up the start",
  permissions,
  fn() {
    const firsts = new Set<number>();
    for (let seed = 0; seed < 60; seed++) {
      const bench = new DownloadHarness({ pieceCount: 6, blocksPerPiece: 1, seed });
      bench.download.onChoke(bench.seed(9, {}, bits(6, 1, 2, 3, 4, 5)));
      const peer = bench.seed(1);
      bench.settle();
      firsts.add(bench.owed(peer)[0]!.piece);
    }
    assertEquals(firsts.size, 6);
  },
});

Deno.test({
  name: "with no memory for another piece, peers share those that are begun",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 6, blocksPerPiece: 8, slotCount: 1 });
    const one = bench.seed(1);
    one.extension.requestQueue = 3;
    bench.settle();
    const other = bench.seed(2);
    bench.settle();
    const [piece] = runs(bench.owed(one));
    assertEquals(runs(bench.owed(other)), [piece!]);
    assertEquals(bench.owed(other).map(({ block }) => block), [3, 4, 5, 6]);
    assertEquals(bench.pieces.active.size, 1);
  },
});

Deno.test({
  name: "the first to serve us leaves something for those that have just come",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 2, blocksPerPiece: 8 });
    const first = bench.seed(1);
    const newcomers = [2, 3].map((id) => bench.seed(id, {}, bits(2)));
    for (const peer of newcomers) Object.assign(peer, { openedMs: 0, peerChoking: true });
    Object.assign(first, { openedMs: 0 });
    bench.tick(0);
    bench.settle();
    assertEquals(bench.owed(first).length, 6, "a third of all");
    bench.tick(1000);
    bench.ready.enqueue(first);
    bench.settle();
    assertEquals(bench.owed(first).length, 16, "they had their time");
  },
});

Deno.test({
  name: "a piece is not asked for before its hash is known",
  permissions,
  fn() {
    const known = new Set<number>();
    const bench = new DownloadHarness({ pieceCount: 4, canVerify: (piece) => known.has(piece) });
    const peer = bench.seed(1);
    bench.settle();
    assertEquals(bench.owed(peer), []);
    known.add(2);
    bench.download.onHashes();
    bench.settle();
    assertEquals(runs(bench.owed(peer)), [2]);
  },
});

Deno.test({
  name: "a peer is only asked for what it has",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 10, blocksPerPiece: 2 });
    const peer = bench.seed(1, {}, bits(10, 3, 8));
    bench.settle();
    assertEquals(runs(bench.owed(peer)).sort(), [3, 8]);
    bench.download.onHave(peer, at(5));
    bench.settle();
    assertEquals(runs(bench.owed(peer)).sort(), [3, 5, 8]);
  },
});

Deno.test({
  name: "half a second after all is begun the end game begins, from the end, a few blocks a peer",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 2, blocksPerPiece: 8 });
    const slow = bench.seed(1);
    bench.settle();
    assertEquals(bench.owed(slow).length, 16);
    const idle = bench.seed(2);
    bench.settle();
    bench.tick(400);
    bench.settle();
    assertEquals(bench.owed(idle), [], "what was just asked for is not late");
    bench.tick(100);
    bench.settle();
    const last = [...bench.pieces.active.keys()].at(-1)!;
    assertEquals(
      bench.owed(idle),
      [7, 6, 5, 4, 3, 2, 1, 0].map((block) => ({ piece: last, block })),
    );
  },
});

Deno.test({
  name: "there is no end game while a piece has not been begun",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 3, blocksPerPiece: 4, slotCount: 2 });
    bench.seed(1);
    bench.settle();
    const idle = bench.seed(2);
    bench.settleToEndGame();
    assertEquals(bench.owed(idle), []);
    assertEquals([bench.pieces.active.size, bench.pieces.freeSlots], [2, 0]);
  },
});

Deno.test({
  name: "in the end game no block is asked of more than three peers, and none of the same twice",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 1, blocksPerPiece: 4 });
    const first = bench.seed(1);
    bench.settle();
    const peers = [first, ...[2, 3, 4, 5].map((id) => bench.seed(id))];
    bench.settleToEndGame();
    assertEquals(peers.map((peer) => bench.owed(peer).length), [4, 4, 4, 0, 0]);
    const [active] = bench.pieces.active.values();
    for (let block = 0; block < 4; block++) assertEquals(active!.requesters(block), 3);
  },
});

Deno.test({
  name: "the end game keeps to the number of requests a peer queues",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 1, blocksPerPiece: 16 });
    bench.seed(1);
    bench.settle();
    const idle = bench.seed(2);
    idle.extension.requestQueue = 3;
    bench.settleToEndGame();
    assertEquals(bench.owed(idle).length, 3);
  },
});

Deno.test({
  name: "in the end game nothing is asked of peers that choke us or have refused the piece",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 1, blocksPerPiece: 4 });
    bench.seed(1);
    bench.settle();
    const choking = bench.seed(2);
    bench.download.onChoke(choking);
    choking.download.allowedFast.add(7); // may ask for something, but not for this
    const refusing = bench.seed(3);
    refusing.download.refused.add(0);
    const lacking = bench.seed(4, {}, bits(1));
    bench.settleToEndGame();
    assertEquals([choking, refusing, lacking].map((peer) => bench.owed(peer).length), [0, 0, 0]);
  },
});

Deno.test({
  name: "pieces left half done by peers that alone had them give way when memory runs out",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 6, blocksPerPiece: 4, slotCount: 2 });
    const gone = bench.seed(1, {}, bits(6, 0, 1));
    bench.settle();
    bench.deliver(gone, 0, 0);
    bench.deliver(gone, 0, 1);
    bench.deliver(gone, 1, 0);
    bench.leave(gone);
    assertEquals(bench.pieces.freeSlots, 0);
    const other = bench.seed(2, {}, bits(6, 2, 3, 4, 5));
    bench.settle();
    assertEquals(bench.owed(other).length, 8);
    assertEquals(bench.pieces.state(at(0)), "missing");
    assertEquals(bench.download.wastedBytes, 3 * 16384);
    for (let i = 0; i < 4; i++) {
      bench.deliverAll(other);
      bench.verifyFull();
      bench.settle();
    }
    assertEquals(bench.pieces.have.count, 4, "the download goes on");
    const back = bench.seed(3);
    for (let i = 0; i < 2; i++) {
      bench.settle();
      bench.deliverAll(back);
      bench.verifyFull();
    }
    assert(bench.pieces.isComplete);
  },
});

Deno.test({
  name: "a piece left half done is kept for a peer that has it, and not dropped for a new one",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 6, blocksPerPiece: 4, slotCount: 1 });
    const gone = bench.seed(1, {}, bits(6, 0));
    bench.settle();
    bench.deliver(gone, 0, 0);
    bench.leave(gone);
    const heir = bench.seed(2, {}, allOf(6));
    bench.settle();
    assertEquals(bench.owed(heir).map(({ piece, block }) => [piece, block]), [
      [at(0), 1],
      [at(0), 2],
      [at(0), 3],
    ]);
    assertEquals(bench.download.wastedBytes, 0);
  },
});
