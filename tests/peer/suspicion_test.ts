/** Who is to blame for a piece that fails its hash. @module */

import { assert, assertEquals } from "@std/assert";
import type { Connection } from "../../lib/peer/connection.ts";
import { at, bits, DownloadBench } from "../support/peers.ts";

const permissions = "none";

/** A bench on which `peers` have sent a block each of piece 0, which then failed. */
function failedTogether(bench: DownloadBench, peers: readonly Connection[]): void {
  for (const [block, peer] of peers.entries()) bench.deliver(peer, 0, block);
  const [from] = bench.verifyFull(() => false);
  assertEquals(from, peers.map(({ peer }) => peer));
}

/** A bench with one piece memory and two peers that share piece 0, one block each. */
function sharing(pieceCount: number): { bench: DownloadBench; peers: [Connection, Connection] } {
  const bench = new DownloadBench({ pieceCount, blocksPerPiece: 2, slotCount: 8 });
  const has = bits(pieceCount, 0);
  const one = bench.seed(1, {}, has);
  one.requestQueue = 1;
  const other = bench.seed(2, {}, has);
  other.requestQueue = 1;
  bench.settle();
  assertEquals([bench.owed(one), bench.owed(other)], [[{ piece: at(0), block: 0 }], [{
    piece: at(0),
    block: 1,
  }]]);
  one.requestQueue = other.requestQueue = 250;
  return { bench, peers: [one, other] };
}

Deno.test({
  name: "who sent a bad piece alone is named alone",
  permissions,
  fn() {
    const bench = new DownloadBench({ pieceCount: 1, blocksPerPiece: 2 });
    const peer = bench.seed(1);
    bench.settle();
    bench.deliverAll(peer);
    assertEquals(bench.verify(0, false), { from: [peer.peer], alone: true });
    assertEquals(bench.pieces.state(at(0)), "missing");
    assertEquals(bench.download.wastedBytes, 2 * 16384);
  },
});

Deno.test({
  name: "who sent a bad piece together are both suspects and nobody is convicted",
  permissions,
  fn() {
    const { bench, peers } = sharing(1);
    for (const [block, peer] of peers.entries()) bench.deliver(peer, 0, block);
    assertEquals(bench.verify(0, false), { from: peers.map(({ peer }) => peer), alone: false });
    assertEquals(peers.map(({ peer }) => peer.suspect), [true, true]);
  },
});

Deno.test({
  name: "somebody innocent is not convicted because the other has left and is forgotten",
  permissions,
  fn() {
    const { bench, peers: [innocent, stranger] } = sharing(1);
    bench.deliver(stranger, 0, 1);
    bench.leave(stranger);
    stranger.peer.dialable = false; // nobody listens there, so nothing of it is kept
    bench.book.lost(stranger.peer, "left", true, 0, () => 0);
    assertEquals(bench.book.byId(stranger.peer.id), undefined);
    bench.deliver(innocent, 0, 0);
    assertEquals(bench.verify(0, false), { from: [innocent.peer], alone: false });
  },
});

Deno.test({
  name: "a suspect is asked for one piece at a time, which it has to itself from the first block",
  permissions,
  fn() {
    const { bench, peers } = sharing(5);
    failedTogether(bench, peers);
    for (const peer of peers) bench.download.piecesReplaced(peer, bits(5, 0, 1, 2, 3, 4));
    const helper = bench.seed(3, {}, bits(5));
    bench.settle();
    const pieces = peers.map((peer) => new Set(bench.owed(peer).map(({ piece }) => piece)));
    assertEquals(pieces.map((set) => set.size), [1, 1]);
    assertEquals(peers.map((peer) => bench.owed(peer).length), [2, 2]);
    const [mine] = pieces[0]!;
    assert(!pieces[1]!.has(mine!));
    bench.download.piecesReplaced(helper, bits(5, mine!));
    bench.settleToEndGame();
    assertEquals(bench.owed(helper), [], "nobody helps, not even in the end game");
  },
});

Deno.test({
  name: "of two suspects the innocent is cleared and the guilty convicted, and the download ends",
  permissions,
  fn() {
    for (const pieceCount of [1, 2, 6]) {
      const { bench, peers: [good, bad] } = sharing(pieceCount);
      failedTogether(bench, [good, bad]);
      const all = bits(pieceCount, ...Array(pieceCount).keys());
      for (const peer of [good, bad]) bench.download.piecesReplaced(peer, all);
      let convicted = false;
      for (let i = 0; i < 100 && !bench.pieces.isComplete; i++) {
        bench.tick(250);
        bench.settle();
        for (const peer of [bad, good]) if (bench.connections.has(peer)) bench.deliverAll(peer);
        for (const active of [...bench.pieces.active.values()]) {
          if (!active.isFull) continue;
          const tainted = active.contributors().includes(bad.peer.id);
          const { from, alone } = bench.verify(active.piece, !tainted);
          if (!tainted || !alone) continue;
          assertEquals(from, [bad.peer]);
          convicted = true;
          bench.leave(bad);
        }
      }
      assert(bench.pieces.isComplete, `${pieceCount} pieces`);
      assert(!good.peer.suspect);
      // With a single piece the innocent may have finished it before the guilty had a chance.
      assert(convicted || pieceCount === 1);
    }
  },
});

Deno.test({
  name: "a suspect's choked or rejected piece is dropped whole and begun anew by another",
  permissions,
  fn() {
    for (const end of ["choke", "reject", "leave", "snub"] as const) {
      const { bench, peers: [one, other] } = sharing(3);
      failedTogether(bench, [one, other]);
      bench.download.piecesReplaced(one, bits(3, 1));
      bench.settle();
      bench.deliver(one, 1, 0);
      const honest = bench.seed(3, {}, bits(3, 1));
      bench.settle();
      assertEquals(bench.owed(honest), []);
      if (end === "choke") bench.download.choked(one);
      else if (end === "reject") bench.reject(one, 1, 1);
      else if (end === "leave") bench.leave(one);
      else {
        bench.nowMs += 5000;
        bench.tick(5000);
      }
      bench.settle();
      const owed = [{ piece: at(1), block: 0 }, { piece: at(1), block: 1 }];
      assertEquals(bench.owed(honest), owed, end);
      if (end === "leave") continue;
      bench.deliver(one, 1, 1);
      assertEquals(bench.pieces.active.get(at(1))!.receivedCount, 0, "its late block is not taken");
    }
  },
});

Deno.test({
  name: "a suspect that says nothing does not hold the last piece for ever",
  permissions,
  fn() {
    const { bench, peers: [silent, other] } = sharing(1);
    failedTogether(bench, [silent, other]);
    bench.leave(other);
    bench.settle();
    assertEquals(bench.owed(silent).length, 2);
    const honest = bench.seed(3);
    bench.settle();
    for (let i = 0; i < 40 && bench.owed(honest).length === 0; i++) {
      bench.tick(250);
      bench.settle();
    }
    bench.deliverAll(honest);
    bench.verifyFull();
    assert(bench.pieces.isComplete);
  },
});

Deno.test({
  name: "a suspect that alone has a piece others left half done begins it anew",
  permissions,
  fn() {
    const bench = new DownloadBench({ pieceCount: 1, blocksPerPiece: 3 });
    const gone = bench.seed(1);
    bench.settle();
    bench.deliver(gone, 0, 1);
    bench.leave(gone);
    const suspect = bench.seed(2, {}, bits(1));
    suspect.peer.suspect = true;
    bench.download.piecesReplaced(suspect, bits(1, 0));
    bench.settle();
    assertEquals(bench.owed(suspect).length, 3);
    bench.deliverAll(suspect);
    assertEquals(bench.verify(0, true), { from: [suspect.peer], alone: true });
    assert(!suspect.peer.suspect);
  },
});

Deno.test({
  name: "where all are suspects, a piece left half done is still completed",
  permissions,
  fn() {
    const bench = new DownloadBench({ pieceCount: 2, blocksPerPiece: 2 });
    const one = bench.seed(1);
    one.requestQueue = 3;
    bench.settle();
    const other = bench.seed(2);
    bench.settle();
    // Both have a block of one piece; the first alone has half of the other piece.
    const full = bench.owed(one)[0]!;
    const half = 1 - full.piece;
    for (const { piece, block } of bench.owed(one)) {
      if (piece !== full.piece || block === 0) bench.deliver(one, piece, block);
    }
    assert(bench.pieces.active.get(at(half))!.receivedCount > 0);
    bench.deliver(other, full.piece, 1);
    assertEquals(bench.verify(full.piece, false).from.length, 2);
    for (let i = 0; i < 40 && !bench.pieces.isComplete; i++) {
      bench.tick(250);
      bench.settle();
      for (const peer of [one, other]) bench.deliverAll(peer);
      bench.verifyFull();
    }
    assert(bench.pieces.isComplete);
    assertEquals([one, other].map(({ peer }) => peer.suspect).includes(false), true);
  },
});

Deno.test({
  name: "blocks that a suspect sends unasked into other peers' pieces are thrown away",
  permissions,
  fn() {
    const { bench, peers: [attacker, victim] } = sharing(3);
    failedTogether(bench, [attacker, victim]);
    bench.download.piecesReplaced(attacker, bits(3));
    const honest = bench.seed(3, {}, bits(3, 1, 2));
    bench.settle();
    bench.deliver(attacker, 1, 0);
    assertEquals(bench.pieces.active.get(at(1))!.receivedCount, 0);
    bench.deliverAll(honest);
    assertEquals(bench.verifyFull(), []);
    assertEquals(honest.peer.suspect, false);
  },
});

Deno.test({
  name: "suspicion outlives the connection",
  permissions,
  fn() {
    const { bench, peers: [one, other] } = sharing(4);
    failedTogether(bench, [one, other]);
    const { peer } = one;
    bench.leave(one);
    bench.book.lost(peer, "closed", true, 0, () => 0);
    bench.book.refresh(1e6);
    const again = bench.seed(1, {}, bits(4, 1, 2, 3));
    assertEquals(again.peer, peer);
    bench.settle();
    assertEquals(new Set(bench.owed(again).map(({ piece }) => piece)).size, 1);
  },
});
