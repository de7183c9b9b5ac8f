/** Pieces that a reader waits for. @module */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Connection } from "../../../lib/peer/connection/connection.ts";
import { UrgentPieces } from "../../../lib/peer/download/urgent_pieces.ts";
import { seededRandom } from "../../../support/random.ts";
import { at, bits, DownloadHarness, sentTo } from "../../support/peer/peers.ts";

const permissions = "none";

/** The pieces that the connection is asked for next, each once, in order. */
function asked(bench: DownloadHarness, connection: Connection): number[] {
  return [...new Set(bench.requests(connection).map(({ piece }) => piece))];
}

/** Has the peer answer, and says which pieces it is asked for until it is asked for nothing. */
function askedToTheEnd(bench: DownloadHarness, connection: Connection): number[] {
  const order = new Set<number>();
  for (let more = asked(bench, connection); more.length > 0; more = asked(bench, connection)) {
    for (const piece of more) order.add(piece);
    bench.deliverAll(connection);
    bench.verifyFull();
  }
  return [...order];
}

Deno.test(
  "readers are served by turns, each in the order in which it reads",
  { permissions },
  () => {
    const urgent = new UrgentPieces();
    assert(urgent.isEmpty && !urgent.has(0));
    const [first, second] = [urgent.open(), urgent.open()];
    first.moveTo(2, 5);
    second.moveTo(9, 11);
    const order: number[] = [];
    assertEquals(urgent.find((piece) => order.push(piece) > 100), -1);
    assertEquals(order, [2, 9, 3, 10, 4]);
    assertEquals([1, 2, 4, 5, 9, 11].map((piece) => urgent.has(piece)), [
      ...[false, true, true],
      ...[false, true, false],
    ]);
    assertEquals(urgent.find((piece) => piece > 2), 9);
    first.close();
    assertEquals([urgent.find(() => true), urgent.isEmpty], [9, false]);
    second.close();
    assertEquals([urgent.find(() => true), urgent.isEmpty], [-1, true]);
  },
);

Deno.test(
  "what a reader waits for is fetched first and in order, then the rest",
  { permissions },
  () => {
    const bench = new DownloadHarness({ pieceCount: 32 });
    bench.download.urgent.open().moveTo(20, 26);
    const order = askedToTheEnd(bench, bench.seed(1));
    assertEquals(order.slice(0, 6), [20, 21, 22, 23, 24, 25]);
    assertEquals(order.length, 32);
    assertNotEquals(
      order.slice(6),
      order.slice(6).sort((a, b) => a - b),
      "rarest first, at random",
    );
  },
);

Deno.test("two readers get ahead side by side", { permissions }, () => {
  const bench = new DownloadHarness({ pieceCount: 32 });
  bench.download.urgent.open().moveTo(10, 13);
  bench.download.urgent.open().moveTo(20, 23);
  assertEquals(askedToTheEnd(bench, bench.seed(1)).slice(0, 6), [10, 20, 11, 21, 12, 22]);
});

Deno.test("several peers fetch the piece together that a reader waits for", { permissions }, () => {
  const bench = new DownloadHarness({ pieceCount: 8, blocksPerPiece: 64 });
  bench.download.urgent.open().moveTo(5, 7);
  const peers = [bench.seed(1), bench.seed(2), bench.seed(3)];
  bench.settle();
  for (const peer of peers) {
    const owed = bench.owed(peer);
    assert(owed.length > 0 && owed.every(({ piece }) => piece === 5), JSON.stringify(owed));
  }
});

Deno.test(
  "a peer leaves what it fetches for a reader, and finishes it later",
  { permissions },
  () => {
    const bench = new DownloadHarness({ pieceCount: 16, blocksPerPiece: 64 });
    const peer = bench.seed(1);
    const [begun, ...others] = asked(bench, peer);
    assertEquals(others, []);
    const range = bench.download.urgent.open();
    const waited = begun === 3 ? 4 : 3;
    range.moveTo(waited, waited + 1);
    bench.deliver(peer, begun!, 0);
    assertEquals(asked(bench, peer), [waited]);
    range.close();
    bench.deliverAll(peer);
    const order = askedToTheEnd(bench, peer);
    assertEquals(order.slice(0, 2), [waited, begun], "nothing that was begun is left lying");
    assertEquals(bench.pieces.have.count, 16);
  },
);

Deno.test(
  "a reader that has gone, or has moved on, changes nothing any more",
  { permissions },
  () => {
    const [plain, gone] = [0, 1].map((readers) => {
      const bench = new DownloadHarness({ pieceCount: 32 });
      for (let i = 0; i < readers; i++) {
        const range = bench.download.urgent.open();
        range.moveTo(3, 9);
        range.close();
      }
      return askedToTheEnd(bench, bench.seed(1));
    });
    assertEquals(gone, plain);
    const bench = new DownloadHarness({ pieceCount: 32, blocksPerPiece: 64 });
    const range = bench.download.urgent.open();
    range.moveTo(3, 9);
    range.moveTo(30, 32);
    assertEquals(asked(bench, bench.seed(1)), [30]);
  },
);

Deno.test("a peer that lacks what is urgent fetches what it has", { permissions }, () => {
  const bench = new DownloadHarness({ pieceCount: 16 });
  bench.download.urgent.open().moveTo(5, 9);
  const order = askedToTheEnd(bench, bench.seed(1, {}, bits(16, 1, 6, 12)));
  assertEquals([order[0], order.length], [6, 3]);
});

Deno.test(
  "readers that jump about in a download of many peers break nothing",
  { permissions },
  () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed);
      const pick = (below: number) => Math.floor(random() * below);
      const bench = new DownloadHarness({ pieceCount: 24, slotCount: 3, seed });
      const peers = Array.from({ length: 4 }, (_, i) => bench.seed(i + 1));
      const ranges = [bench.download.urgent.open(), bench.download.urgent.open()];
      for (let turn = 0; bench.pieces.have.count < 24; turn++) {
        assert(turn < 2000, `${bench.pieces.have.count} of 24 pieces, seed ${seed}`);
        const first = pick(24);
        ranges[pick(2)]!.moveTo(first, Math.min(24, first + pick(6)));
        bench.settle();
        const peer = peers[pick(4)]!;
        const owed = bench.owed(peer)[0];
        if (owed !== undefined) bench.deliver(peer, owed.piece, owed.block, pick(20) === 0 ? 1 : 0);
        if (turn % 100 === 99) bench.download.onChoke(peer);
        if (turn % 100 === 99) bench.download.onUnchoke(peer);
        bench.verifyFull();
        bench.tick(1);
      }
      assertEquals(bench.pieces.have.get(at(23)), true);
    }
  },
);

Deno.test("a super-seeder is told what a reader needs, no other peer is", { permissions }, () => {
  const bench = new DownloadHarness({ pieceCount: 16 });
  const [gradual, plain] = [bench.seed(1, {}, bits(16, 0)), bench.seed(2, {}, bits(16, 1))];
  gradual.extension.isSuperSeeder = true;
  const wishes = (connection: Connection) =>
    sentTo(bench.settle(), connection).flatMap((message) =>
      message.type === "suggest" ? [message.piece] : []
    );
  bench.tick(2000);
  assertEquals(wishes(gradual), [], "nobody reads");
  const range = bench.download.urgent.open();
  range.moveTo(0, 4);
  bench.tick(250);
  assertEquals(wishes(gradual), [1, 2, 3], "what it has not offered");
  bench.tick(250);
  assertEquals(wishes(gradual), [], "once");
  bench.tick(2000);
  assertEquals(wishes(plain), []);
  bench.tick(2000);
  assertEquals(wishes(gradual), [1, 2, 3], "and again when nothing came of it");
  range.close();
  bench.tick(2000);
  assertEquals(wishes(gradual), []);
});
