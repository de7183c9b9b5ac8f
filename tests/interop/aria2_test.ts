/**
 * A user of aria2 and a user of Shoal exchange a file, both ways. aria2 knows BitTorrent v1 only, and
 * 1.36 cannot read a hybrid .torrent, so these are v1 torrents.
 * @module
 */

import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { Aria2 } from "../support/aria2.ts";
import { sha256OfFile, writePseudoRandomFile } from "../support/content.ts";
import { foreignTest } from "../support/foreign.ts";
import { createWithLibtorrent } from "../support/libtorrent.ts";
import { leech, magnetLink, ShoalSeeder, ShoalTracker } from "../support/shoal.ts";
import { TempFolder } from "../support/temp.ts";

const SIZES = [
  { bytes: 81_921, pieceLength: 32_768 },
  { bytes: 3 * 2 ** 20 + 1, pieceLength: 262_144 },
];
const NAME = "data.bin";

for (const { bytes, pieceLength } of SIZES) {
  foreignTest(
    `aria2 gets our ${bytes} bytes from our v1 .torrent and from a link`,
    ["aria2"],
    async () => {
      await using temp = await TempFolder.create();
      const origin = await temp.folder("origin");
      const path = join(origin, NAME);
      const sha256 = await writePseudoRandomFile(path, bytes, bytes);
      await using tracker = await ShoalTracker.start();
      const torrent = temp.join("ours.torrent");
      const shape = ["--format", "v1", "--piece-size", `${pieceLength}`, "-o", torrent];
      await using seeder = await ShoalSeeder.start(path, [...shape, "--tracker", tracker.url]);
      await seeder.program.line(/tracker \S+ answers/);
      const link = magnetLink(seeder.hashes, [tracker.url]);
      for (const [label, what] of Object.entries({ torrent, link })) {
        const folder = await temp.folder(label);
        await using aria2 = Aria2.leech(what, { folder, temp, trackers: [tracker.url] });
        await aria2.finished();
        assertEquals(await sha256OfFile(join(folder, NAME)), sha256, label);
      }
    },
  );

  foreignTest(
    `we get ${bytes} bytes from aria2, from a .torrent and from a link`,
    ["aria2", "libtorrent"],
    async () => {
      await using temp = await TempFolder.create();
      const origin = await temp.folder("origin");
      const sha256 = await writePseudoRandomFile(join(origin, NAME), bytes, bytes);
      const torrent = await createWithLibtorrent(join(origin, NAME), temp.join("made.torrent"), {
        format: "v1",
        pieceLength,
      });
      await using aria2 = await Aria2.seed(torrent.path, { folder: origin, temp });
      const link = magnetLink(torrent);
      for (const [label, what] of Object.entries({ torrent: torrent.path, link })) {
        const path = await leech(what, await temp.folder(label), ["--peer", aria2.address]);
        assertEquals(await sha256OfFile(path), sha256, label);
      }
    },
  );
}
