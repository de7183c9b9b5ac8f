/**
 * Links with the v1 hash, the v2 hash or both, and torrents that libtorrent made, for files of awkward
 * lengths. What else libtorrent and Shoal do with each other is in `matrix_test.ts`.
 * @module
 */

import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { sha256OfFile, writePseudoRandomFile } from "../../support/content.ts";
import { foreignTest } from "../../support/foreign.ts";
import { createWithLibtorrent, LibtorrentPeer } from "../../support/libtorrent.ts";
import { TempFolder } from "../../support/temp.ts";
import { leech, magnetLink, ShoalSeeder, ShoalTracker } from "../support/clients/shoal.ts";

/** Several pieces each, and none ends on a block: one byte over, 1696 bytes over. */
const SIZES = [
  { bytes: 81_921, pieceLength: 32_768 },
  { bytes: 100_000, pieceLength: 16_384 },
];
const FORMATS = ["v1", "v2", "hybrid"] as const;
const NAME = "data.bin";

interface Origin {
  temp: TempFolder;
  folder: string;
  path: string;
  sha256: string;
}

async function makeFile(temp: TempFolder, bytes: number): Promise<Origin> {
  const folder = await temp.folder("origin");
  const path = join(folder, NAME);
  return { temp, folder, path, sha256: await writePseudoRandomFile(path, bytes, bytes) };
}

/** libtorrent downloads `what`; the copy must be the file that was hosted. */
async function libtorrentGets(
  what: string,
  origin: Origin,
  label: string,
): Promise<void> {
  const folder = await origin.temp.folder(`copy-${label}`);
  await using peer = await LibtorrentPeer.leech(what, { folder });
  await peer.finished();
  assertEquals(await sha256OfFile(join(folder, NAME)), origin.sha256, label);
  assertEquals(peer.events("hash-failed"), [], label);
}

for (const { bytes, pieceLength } of SIZES) {
  foreignTest(
    `libtorrent gets our ${bytes} bytes from a link with the v1 hash, the v2 hash or both`,
    ["libtorrent"],
    async () => {
      await using temp = await TempFolder.create();
      const origin = await makeFile(temp, bytes);
      await using tracker = await ShoalTracker.start();
      const args = ["--tracker", tracker.url, "--piece-size", `${pieceLength}`];
      await using seeder = await ShoalSeeder.start(origin.path, args);
      const { v1 = "", v2 = "" } = seeder.hashes;
      const links = { v1: { v1 }, v2: { v2 }, both: { v1, v2 } };
      for (const [label, hashes] of Object.entries(links)) {
        await libtorrentGets(magnetLink(hashes, [tracker.url]), origin, label);
      }
    },
  );

  for (const format of FORMATS) {
    foreignTest(
      `we get libtorrent's ${format} torrent of ${bytes} bytes from its .torrent and from links`,
      ["libtorrent"],
      async () => {
        await using temp = await TempFolder.create();
        const origin = await makeFile(temp, bytes);
        const torrent = await createWithLibtorrent(origin.path, temp.join("made.torrent"), {
          format,
          pieceLength,
        });
        await using seeder = await LibtorrentPeer.seed(torrent.path, { folder: origin.folder });
        const { v1, v2 } = torrent;
        const sources = [
          torrent.path,
          ...(v1 === undefined ? [] : [magnetLink({ v1 })]),
          ...(v2 === undefined ? [] : [magnetLink({ v2 })]),
          ...(v1 === undefined || v2 === undefined ? [] : [magnetLink({ v1, v2 })]),
        ];
        for (const [i, what] of sources.entries()) {
          const path = await leech(what, await temp.folder(`copy${i}`), ["--peer", seeder.address]);
          assertEquals(await sha256OfFile(path), origin.sha256, what);
        }
      },
    );
  }
}
