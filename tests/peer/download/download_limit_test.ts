/** What is asked for ahead of a download limit. @module */

import { assertEquals } from "@std/assert";
import { DownloadHarness } from "../../support/peer/peers.ts";

const permissions = "none";
const MIB = 2 ** 20;

/** Blocks asked of each of so many seeders at first. */
function asked(downloadLimit: number | undefined, seeders: number): number[] {
  const bench = new DownloadHarness({
    pieceCount: 64,
    blocksPerPiece: 16,
    slotCount: 64,
    downloadLimit: downloadLimit === undefined ? undefined : () => downloadLimit,
  });
  const connections = Array.from({ length: seeders }, (_, i) => bench.seed(i + 1));
  for (const { download: { pipeline } } of connections) {
    for (let i = 0; i < 200; i++) pipeline.onAnswered(1); // as if each could give a lot
  }
  bench.settle();
  return connections.map(({ download: { outstanding } }) => outstanding.size);
}

Deno.test(
  "a limit is asked for half a second ahead, from all peers together",
  { permissions },
  () => {
    assertEquals(asked(2 * MIB, 1), [64]);
    assertEquals(asked(2 * MIB, 4), [16, 16, 16, 16]);
    assertEquals(asked(1, 3), [1, 1, 1], "everybody has something to do");
    assertEquals(asked(undefined, 1)[0]! > 64, true);
  },
);

Deno.test("a limit that changes while running is what is asked for next", { permissions }, () => {
  let downloadLimit = 1;
  const bench = new DownloadHarness({
    pieceCount: 64,
    blocksPerPiece: 16,
    slotCount: 64,
    downloadLimit: () => downloadLimit,
  });
  const seeder = bench.seed(1);
  for (let i = 0; i < 200; i++) seeder.download.pipeline.onAnswered(1);
  bench.settle();
  assertEquals(seeder.download.outstanding.size, 1);
  downloadLimit = MIB;
  bench.deliverAll(seeder);
  bench.settle();
  assertEquals(seeder.download.outstanding.size, 32);
});
