/**
 * A user of Transmission downloads what a user of Shoal shares. Transmission 3.00 knows BitTorrent v1
 * only and cannot read a hybrid .torrent, so these are v1 torrents.
 *
 * Transmission refuses loopback addresses that a tracker gives it; it announces itself, and our
 * seeder, which hears of it at its next announce, connects. Transmission decides every ten seconds
 * whose blocks it wants, which is what these tests mostly wait for.
 * @module
 */

import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { sha256OfFile, writePseudoRandomFile } from "../support/content.ts";
import { foreignTest } from "../support/foreign.ts";
import { magnetLink, ShoalSeeder, ShoalTracker } from "../support/shoal.ts";
import { TempFolder } from "../support/temp.ts";
import { Transmission } from "../support/transmission.ts";

const BYTES = 3 * 2 ** 20 + 1;
const NAME = "data.bin";

for (const source of [".torrent", "link"] as const) {
  foreignTest(`Transmission gets our file from a v1 ${source}`, ["transmission"], async () => {
    await using temp = await TempFolder.create();
    const path = join(await temp.folder("origin"), NAME);
    const sha256 = await writePseudoRandomFile(path, BYTES, BYTES);
    await using tracker = await ShoalTracker.start();
    const torrent = temp.join("ours.torrent");
    const shape = ["--format", "v1", "--piece-size", "64K", "-o", torrent];
    await using seeder = await ShoalSeeder.start(path, [...shape, "--tracker", tracker.url]);
    const folder = await temp.folder("copy");
    await using transmission = await Transmission.start(folder);
    const link = magnetLink(seeder.hashes, [tracker.url]);
    await transmission.add(source === "link" ? link : torrent);
    await transmission.finished();
    assertEquals(await sha256OfFile(join(folder, NAME)), sha256);
  });
}
