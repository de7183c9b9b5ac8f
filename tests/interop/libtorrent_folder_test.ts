/**
 * Folders between Shoal and libtorrent: torrents alike to the last bit, and fetched from our seeder.
 * @module
 */

import { assertEquals } from "@std/assert";
import { basename, dirname, join } from "@std/path";
import type { Torrent } from "../../mod.ts";
import { foreignTest } from "../../support/foreign.ts";
import { createWithLibtorrent, LibtorrentPeer } from "../../support/libtorrent.ts";
import { TempFolder } from "../../support/temp.ts";
import { addressOf, seed, torrentOf } from "../support/clients/library.ts";
import { deepTree, digestsOf, makeTree, ODD_TREE, type Tree } from "../support/folders.ts";

const SMALL_FILES = Object.fromEntries(
  Array.from({ length: 1500 }, (_, i) => [`d${i % 7}/s${i % 11}/${i}.txt`, i]),
);

/** Of two names that differ in case alone libtorrent changes one on disk. */
const { Readme: _, ...ODD } = ODD_TREE;

const TREES: Readonly<Record<string, Tree>> = {
  odd: ODD,
  one: { "only.bin": 40_001 },
  nested: { "sub/only.bin": 40_001 },
  empties: { a: 0, b: 3, "c/d": 0 },
  aligned: { a: 32_768, b: 65_536, c: 16_384 },
  // Three levels around it count as well, and libtorrent reads a hundred.
  deep: deepTree(95),
  small: SMALL_FILES,
};

for (const [name, tree] of Object.entries(TREES)) {
  foreignTest(`our torrents of the folder "${name}" are libtorrent's`, ["libtorrent"], async () => {
    await using temp = await TempFolder.create();
    const path = await makeTree(temp, name, tree);
    for (const format of ["v2", "hybrid"] as const) {
      const pieceLength = 32_768;
      const theirs = await createWithLibtorrent(path, temp.join("theirs"), { format, pieceLength });
      const ours = await torrentOf(path, { format, pieceLength });
      assertEquals([ours.v1Hash, ours.v2Hash], [theirs.v1, theirs.v2], format);
    }
  });

  foreignTest(
    `libtorrent seeds the folder "${name}" with our torrent`,
    ["libtorrent"],
    async () => {
      await using temp = await TempFolder.create();
      const path = await makeTree(temp, name, tree);
      // The order of files in v1 is each program's own, so there is no hash to compare.
      const { torrent, file } = await written(temp, await torrentOf(path, { format: "v1" }));
      const folder = torrent.multiFile ? dirname(path) : path;
      await using _peer = await LibtorrentPeer.seed(file, { folder });
    },
  );
}

for (
  const [name, format] of [
    ["odd", "v1"],
    ["odd", "v2"],
    ["odd", "hybrid"],
    ["one", "hybrid"],
    ["one", "v2"],
    ["deep", "hybrid"],
    ["small", "hybrid"],
    ["small", "v1"],
  ] as const
) {
  const title = `libtorrent gets the ${format} folder "${name}" from our seeder`;
  foreignTest(title, ["libtorrent"], async () => {
    await using temp = await TempFolder.create();
    const path = await makeTree(temp, name, TREES[name]!);
    await using seeder = await seed(path, { format });
    const { torrent, file } = await written(temp, seeder.torrent);
    const folder = await temp.folder("copy");
    {
      await using peer = await LibtorrentPeer.leech(file, { folder, peers: [addressOf(seeder)] });
      await peer.finished();
      assertEquals(peer.events("hash-failed"), []);
    } // only once it has stopped, everything is sure to be on disk
    const copy = torrent.multiFile ? join(folder, basename(path)) : folder;
    assertEquals(await digestsOf(copy), await digestsOf(path));
  });
}

/** A torrent with the file it is written to. */
async function written(temp: TempFolder, torrent: Torrent) {
  const file = await temp.file("ours.torrent", new Uint8Array(torrent.toBytes()));
  return { torrent, file };
}
