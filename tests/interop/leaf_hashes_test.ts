/**
 * The hashes of a v2 piece's blocks, with libtorrent: ours are its own, and with those that it gives a
 * spoiled piece is mended.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { foreignTest } from "../support/foreign.ts";
import { HashAsker } from "../support/hash_asker.ts";
import { LibtorrentPeer } from "../support/libtorrent.ts";
import { addressOf, leechFrom, makeOrigin, seed, torrentOf } from "../support/library.ts";
import { type Script, ScriptedPeer } from "../support/scripted_peer.ts";
import { TempFolder } from "../support/temp.ts";

const MIB = 2 ** 20;
const BLOCKS = 16;
const OPTIONS = { format: "v2", pieceLength: BLOCKS * 16_384 } as const;

/** A v2 torrent of seventeen pieces, the last of one byte, and what is needed to seed it. */
async function stage(temp: TempFolder) {
  const origin = await makeOrigin(temp, 4 * MIB + 1);
  const torrent = await torrentOf(origin.path, OPTIONS);
  const file = await temp.file("a.torrent", torrent.toBytes() as Uint8Array<ArrayBuffer>);
  const libtorrent = await LibtorrentPeer.seed(file, { folder: join(origin.path, "..") });
  return { origin, torrent, file, libtorrent };
}

foreignTest(
  "asked for the hashes of blocks we answer as libtorrent does, hash for hash",
  ["libtorrent"],
  async () => {
    await using temp = await TempFolder.create();
    const { origin, torrent, libtorrent } = await stage(temp);
    await using _ = libtorrent;
    await using seeder = await seed(origin.path, OPTIONS);
    const { v2Hash, files } = torrent.metainfo.info;
    using theirs = await HashAsker.connect(libtorrent.address, v2Hash!);
    using ours = await HashAsker.connect(addressOf(seeder), v2Hash!);
    let answers = 0;
    // For a piece that failed libtorrent asks with seven layers of proof, we ask with none.
    for (const piece of [0, 7, 16]) {
      for (const proofLayers of [0, 3, 7, 8, 9]) {
        for (const [baseLayer, index, length] of [[0, 0, 16], [0, 4, 4], [2, 0, 4], [3, 0, 2]]) {
          const first = piece * (BLOCKS >> baseLayer!) + index!;
          const range = { baseLayer: baseLayer!, index: first, length: length!, proofLayers };
          const [one, other] = await Promise.all([
            theirs.ask(files[0]!.root!, range),
            ours.ask(files[0]!.root!, range),
          ]);
          assertEquals(other, one, JSON.stringify(range));
          if (one.type === "hashes") answers++;
        }
      }
    }
    assertEquals(answers, 36, "the others are refused, by both");
  },
);

/** The fourth block of every piece is wrong, and hashes are not given. */
const spoils: Script = {
  block({ begin }, honest) {
    if (begin !== 3 * 16_384) return honest;
    const bytes = honest.slice();
    bytes[0]! ^= 1;
    return bytes;
  },
  hashes: () => undefined,
};

foreignTest(
  "a piece that somebody spoiled is mended with the hashes of blocks that libtorrent gives",
  ["libtorrent"],
  async () => {
    await using temp = await TempFolder.create();
    const { origin, torrent, file, libtorrent } = await stage(temp);
    await using _ = libtorrent;
    await using bad = new ScriptedPeer(torrent, origin.bytes, spoils);
    await using leeching = await leechFrom(file, {
      out: await temp.folder("copy"),
      peers: [bad.address, libtorrent.address],
    });
    await leeching.complete();
    const failed = leeching.log.of("piece-failed");
    assert(failed.length > 0, "nothing was spoiled");
    for (const { from } of failed) assertEquals(from, [bad.address]);
    const banned = leeching.log.of("peer").filter(({ state }) => state === "banned");
    assertEquals(banned.map(({ address }) => address), [bad.address]);
  },
);
