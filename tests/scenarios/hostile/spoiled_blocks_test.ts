/**
 * One wrong block now and then, over real sockets: what a user gets is the right file, the name of who
 * spoiled it, and in v2 torrents nothing fetched twice but the wrong blocks.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { blockHashes } from "../../../lib/codec/torrent/merkle.ts";
import { TempFolder } from "../../../support/temp.ts";
import { beside } from "../../support/clients/beside.ts";
import { addressOf, makeOrigin, seed } from "../../support/clients/library.ts";
import { HashAsker } from "../../support/peer/hash_asker.ts";

const PIECE = 262_144;
const MIB = 2 ** 20;

for (const format of ["v1", "v2", "hybrid"] as const) {
  Deno.test(`two wrong blocks in every third ${format} piece are found out, and its sender banned`, () =>
    beside({
      block({ piece, begin }, honest) {
        if (piece % 3 !== 0 || begin / 16_384 % 8 !== 5) return honest;
        const bytes = honest.slice();
        bytes[100]! ^= 1;
        return bytes;
      },
    }, ({ bad, told, all }) => {
      assertEquals(told.filter(({ state }) => state === "banned").length, 1);
      const failed = all.filter((event) => event.type === "pieceFailed");
      assert(failed.length > 0);
      if (format === "v1") return;
      for (const { from } of failed) assertEquals(from, [bad.address], "the guilty one alone");
    }, { format, length: 4 * MIB + 1, pieceLength: PIECE }));
}

Deno.test("a seeder gives the hashes of a piece's blocks from disk, and none of a changed file", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, 3 * PIECE + 5);
  await using seeder = await seed(origin.path, { format: "v2", pieceLength: PIECE });
  const { info } = seeder.torrent.metainfo;
  const { root } = info.files[0]!;
  using asker = await HashAsker.connect(addressOf(seeder), info.v2Hash!);
  const ask = (piece: number) =>
    asker.ask(root!, { baseLayer: 0, index: piece * 16, length: 16, proofLayers: 0 });
  for (const piece of [0, 2, 3, 0]) {
    const answer = await ask(piece);
    assert(answer.type === "hashes", `piece ${piece}`);
    const leaves = blockHashes(origin.bytes.subarray(piece * PIECE, (piece + 1) * PIECE));
    const padded = new Uint8Array(16 * 32);
    padded.set(leaves);
    assertEquals(answer.hashes, padded);
  }
  const file = await Deno.open(origin.path, { write: true });
  await file.seek(PIECE + 7, Deno.SeekMode.Start);
  await file.write(Uint8Array.of(origin.bytes[PIECE + 7]! ^ 1));
  file.close();
  assertEquals((await ask(1)).type, "hashReject");
});
