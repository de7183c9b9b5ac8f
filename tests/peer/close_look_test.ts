/**
 * What those hear who look closely at a swarm: which pieces a peer fetches, and who had a part in bad ones.
 * @module
 */

import { assertEquals } from "@std/assert";
import { piecesOwed } from "../../lib/peer/download/request_table.ts";
import { DownloadHarness } from "../support/peer/peers.ts";

const pure = { permissions: "none" } as const;

Deno.test("the pieces a connection owes are told, those asked for first in front", pure, () => {
  const bench = new DownloadHarness({ pieceCount: 8, blocksPerPiece: 4 });
  const peer = bench.seed(1);
  assertEquals(piecesOwed(peer, bench.layout, 8), []);
  bench.settle();
  const asked = [...new Set(bench.owed(peer).map(({ piece }) => Number(piece)))];
  assertEquals(piecesOwed(peer, bench.layout, 8), asked.slice(0, 8));
  assertEquals(piecesOwed(peer, bench.layout, 2), asked.slice(0, 2));
  bench.deliverAll(peer);
  bench.settle();
  assertEquals(piecesOwed(peer, bench.layout, 8).some((piece) => asked.includes(piece)), false);
});

Deno.test("of long queues only the beginning is looked at", pure, () => {
  const bench = new DownloadHarness({ pieceCount: 2, blocksPerPiece: 1024 });
  const peer = bench.seed(1);
  for (let key = 0; key < 2048; key++) peer.download.outstanding.add(key, 0);
  assertEquals(piecesOwed(peer, bench.layout, 8), [0]);
});

Deno.test("each piece that fails counts for all who had a part in it", pure, () => {
  const bench = new DownloadHarness({ pieceCount: 1, blocksPerPiece: 2 });
  const [one, other] = [bench.seed(1), bench.seed(2)];
  one.extension.requestQueue = other.extension.requestQueue = 1;
  bench.settle();
  bench.deliver(one, 0, bench.owed(one)[0]!.block);
  bench.deliver(other, 0, bench.owed(other)[0]!.block, 1);
  bench.verifyFull();
  assertEquals([one.peer.badPieces, other.peer.badPieces], [1, 1]);
  assertEquals(bench.banned, []);
});
