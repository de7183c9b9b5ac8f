/** Who is to blame for a piece that fails its hash. @module */

import { assert, assertEquals } from "@std/assert";
import type { Connection } from "../../../lib/peer/connection/connection.ts";
import { SmartBan, wrongBlocks } from "../../../lib/peer/verify/smart_ban.ts";
import { ActivePiece } from "../../../lib/store/pieces.ts";
import { at, bits, DownloadHarness } from "../../support/peer/peers.ts";

const permissions = "none";

/** Two peers that share piece 0, one block each. */
function sharing(pieceCount: number): { bench: DownloadHarness; peers: [Connection, Connection] } {
  const bench = new DownloadHarness({ pieceCount, blocksPerPiece: 2, slotCount: 8 });
  const has = bits(pieceCount, 0);
  const one = bench.seed(1, {}, has);
  one.extension.requestQueue = 1;
  const other = bench.seed(2, {}, has);
  other.extension.requestQueue = 1;
  bench.settle();
  assertEquals([bench.owed(one), bench.owed(other)], [[{ piece: at(0), block: 0 }], [{
    piece: at(0),
    block: 1,
  }]]);
  one.extension.requestQueue = other.extension.requestQueue = 250;
  return { bench, peers: [one, other] };
}

/** The same, after `bad` sent a wrong block and the other a right one: the piece has failed. */
function spoiled(
  pieceCount: number,
): { bench: DownloadHarness; good: Connection; bad: Connection } {
  const { bench, peers: [good, bad] } = sharing(pieceCount);
  bench.deliver(good, 0, 0);
  bench.deliver(bad, 0, 1, 7);
  assertEquals(bench.verifyFull(), [at(0)]);
  return { bench, good, bad };
}

Deno.test({
  name: "who sent a bad piece alone is guilty at once",
  permissions,
  fn() {
    const bench = new DownloadHarness({ pieceCount: 1, blocksPerPiece: 2 });
    const peer = bench.seed(1);
    bench.settle();
    bench.deliver(peer, 0, 0);
    bench.deliver(peer, 0, 1, 1);
    bench.verifyFull();
    assertEquals(bench.banned, [peer.peer]);
    assertEquals(bench.pieces.state(at(0)), "missing");
    assertEquals(bench.download.wastedBytes, 2 * 16384);
    assertEquals(bench.failures.suspect.size, 0, "there is no doubt");
  },
});

Deno.test({
  name: "who sent a bad piece together are not told apart before the right blocks are known",
  permissions,
  fn() {
    const { bench } = spoiled(1);
    assertEquals(bench.banned, []);
    assertEquals([...bench.failures.suspect], [at(0)]);
  },
});

Deno.test({
  name: "a piece that several spoiled comes first, is one peer's alone, and tells who was guilty",
  permissions,
  fn() {
    for (const who of ["the good one", "the bad one", "a third"]) {
      const { bench, good, bad } = spoiled(8);
      const third = bench.seed(3);
      const all = bits(8, 0, 1, 2, 3, 4, 5, 6, 7);
      const peers = { "the good one": good, "the bad one": bad, "a third": third };
      const chosen = peers[who as keyof typeof peers];
      const order = [chosen, ...[good, bad, third].filter((one) => one !== chosen)];
      if (who !== "a third") bench.download.onBitfield(third, bits(8, 1, 2, 3, 4, 5, 6, 7));
      for (const peer of [good, bad]) bench.download.onBitfield(peer, all);
      for (const peer of order) bench.download.poll(peer, bench.nowMs);
      const active = bench.pieces.active.get(at(0))!;
      assert(active.exclusive, who);
      assertEquals(active.owner, chosen.id);
      bench.deliver(order[1]!, 0, 0, 9);
      assertEquals(active.receivedCount, 0, "nobody else's blocks are taken");
      bench.settleToEndGame();
      for (const other of order.slice(1)) {
        assert(!bench.owed(other).some(({ piece }) => piece === at(0)), "nobody helps");
      }
      bench.deliver(chosen, 0, 0);
      bench.deliver(chosen, 0, 1);
      bench.verifyFull();
      assertEquals(bench.banned, [bad.peer], who);
      assertEquals(bench.failures.suspect.size, 0);
      assertEquals(bench.failures.wantsDigests(at(0)), false);
    }
  },
});

Deno.test({
  name: "a peer that spoils a piece alone after it spoiled it together is guilty of both, once",
  permissions,
  fn() {
    const { bench, good, bad } = spoiled(1);
    bench.download.poll(bad, bench.nowMs);
    bench.deliver(bad, 0, 0);
    bench.deliver(bad, 0, 1, 8);
    bench.verifyFull();
    assertEquals(bench.banned, [bad.peer]);
    bench.leave(bad);
    bench.settle();
    bench.deliverAll(good);
    bench.verifyFull();
    assert(bench.pieces.isComplete);
    assertEquals(new Set(bench.banned), new Set([bad.peer]));
  },
});

Deno.test({
  name: "whatever corrupting peers do, each piece they spoil convicts one, and nobody innocent",
  permissions,
  fn() {
    let convictions = 0;
    for (let seed = 0; seed < 40; seed++) {
      const bench = new DownloadHarness({ pieceCount: 12, blocksPerPiece: 4, slotCount: 2, seed });
      const peers = [1, 2, 3, 4, 5].map((id) => bench.seed(id));
      for (const peer of peers) peer.extension.requestQueue = 1 + seed % 3;
      const bad = peers.slice(0, 1 + seed % 3);
      let failures = 0;
      for (let i = 0; i < 400 && !bench.pieces.isComplete; i++) {
        bench.settle();
        for (const peer of [...bench.connections.values()]) {
          const [first] = bench.owed(peer);
          if (first === undefined) continue;
          const corrupt = bad.includes(peer) && (first.piece + first.block + i) % 3 === 0;
          bench.deliver(peer, first.piece, first.block, corrupt ? peer.id : 0);
        }
        failures += bench.verifyFull().length;
        for (const peer of peers) {
          if (bench.banned.includes(peer.peer) && bench.connections.has(peer.id)) bench.leave(peer);
        }
        if (i % 20 === 0) bench.tick(250);
      }
      assert(bench.pieces.isComplete, `seed ${seed}`);
      const names = new Set(bench.banned);
      for (const peer of names) assert(bad.some((one) => one.peer === peer), `seed ${seed}`);
      if (failures > 0) assert(names.size > 0, `seed ${seed}: ${failures} failures`);
      convictions += names.size;
    }
    assert(convictions > 40, `${convictions}`);
  },
});

Deno.test({
  name: "somebody innocent is not convicted because the other has left and is forgotten",
  permissions,
  fn() {
    const { bench, peers: [innocent, stranger] } = sharing(1);
    bench.deliver(stranger, 0, 1, 5);
    bench.leave(stranger);
    stranger.peer.dialable = false; // nobody listens there, so nothing of it is kept
    bench.book.lost(stranger.peer, "left", true, 0, () => 0);
    assertEquals(bench.book.byId(stranger.peer.id), undefined);
    bench.deliver(innocent, 0, 0);
    bench.verifyFull();
    bench.settle();
    bench.deliverAll(innocent);
    bench.verifyFull();
    assert(bench.pieces.isComplete);
    assertEquals(bench.banned, []);
  },
});

Deno.test({
  name: "guilt is found out also after the connection has ended",
  permissions,
  fn() {
    const { bench, good, bad } = spoiled(1);
    bench.leave(bad);
    bench.book.lost(bad.peer, "closed", true, 0, () => 0);
    bench.settle();
    bench.deliverAll(good);
    bench.verifyFull();
    assertEquals(bench.banned, [bad.peer]);
  },
});

Deno.test({
  name: "a doubted piece that its only peer chokes, rejects or abandons is begun anew by another",
  permissions,
  fn() {
    for (const end of ["choke", "reject", "leave", "snub"] as const) {
      const { bench, good: one, bad: other } = spoiled(3);
      bench.download.onBitfield(other, bits(3));
      bench.settle();
      bench.deliver(one, 0, 0);
      const honest = bench.seed(3, {}, bits(3, 0));
      bench.settle();
      assertEquals(bench.owed(honest), []);
      if (end === "choke") bench.download.onChoke(one);
      else if (end === "reject") bench.reject(one, 0, 1);
      else if (end === "leave") bench.leave(one);
      else bench.tick(9000);
      bench.settle();
      const owed = [{ piece: at(0), block: 0 }, { piece: at(0), block: 1 }];
      assertEquals(bench.owed(honest), owed, end);
      if (end === "leave") continue;
      bench.deliver(one, 0, 1);
      assertEquals(bench.pieces.active.get(at(0))!.receivedCount, 0, "its late block is not taken");
    }
  },
});

Deno.test({
  name: "a slow peer has a doubted piece to itself for a while only, for longer each time it fails",
  permissions,
  fn() {
    const { bench, good, bad } = spoiled(1);
    bench.leave(bad);
    bench.settle();
    const active = bench.pieces.active.get(at(0))!;
    const helper = bench.seed(3);
    for (let i = 0; i < 90; i++) {
      bench.tick(250);
      if (i % 20 === 0) bench.download.onUnchoke(good), good.download.lastBlockMs = bench.nowMs;
      bench.settle();
      if (i < 75) assert(active.exclusive, `${i}`);
    }
    assert(!active.exclusive, "after twenty seconds it is opened");
    assertEquals(bench.owed(helper).length, 2);
    bench.deliverAll(helper);
    bench.verifyFull();
    assert(bench.pieces.isComplete);
    assertEquals(bench.banned, [bad.peer]);
  },
});

Deno.test({
  name: "failed attempts are remembered up to a limit, and the pieces are doubted all the same",
  permissions,
  fn() {
    const blame = new SmartBan(() => undefined);
    for (let piece = 0; piece < 20; piece++) {
      const active = new ActivePiece(at(piece), 0, 1);
      active.receive(0, 1);
      blame.onFailed(active, new Uint8Array(32));
    }
    assertEquals(blame.suspect.size, 20);
    const curious = [...Array(20).keys()].filter((piece) => blame.needsDigests(at(piece)));
    assertEquals(curious, [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    assertEquals(blame.resolve(at(0), new Uint8Array(32)), []);
    assert(!blame.suspect.has(at(0)));
  },
});

Deno.test({
  name: "wrong blocks are told by their digests",
  permissions,
  fn() {
    const right = new Uint8Array(4 * 32).map((_, i) => i);
    const sent = right.slice(0, 3 * 32);
    assertEquals(wrongBlocks(sent, right), []);
    sent[33]! ^= 1;
    sent[95]! ^= 1;
    assertEquals(wrongBlocks(sent, right), [1, 2]);
  },
});
