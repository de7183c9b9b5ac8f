/**
 * Spot checks of files whose hashes are known.
 * @module
 */

import { assertEquals } from "@std/assert";
import { DiskResources } from "../../lib/disk/disk_resources.ts";
import { passesSpotCheck } from "../../lib/disk/spot_check.ts";
import { Bitfield } from "../../lib/store/bitfield.ts";
import { Layout } from "../../lib/store/layout.ts";
import { pieceLayersOf } from "../../lib/store/torrent.ts";
import { formulaBytes } from "../../support/content.ts";
import { TempFolder } from "../../support/temp.ts";
import { torrentOf } from "../support/clients/library.ts";

Deno.test("many spot checks at the same time keep few files open", async () => {
  await using temp = await TempFolder.create();
  await using disk = new DiskResources();
  const bytes = formulaBytes(50_000);
  const torrent = await torrentOf(await temp.file("a", bytes), { pieceLength: 16_384 });
  const { info } = torrent.metainfo;
  const layout = Layout.of(info);
  const layers = pieceLayersOf(torrent.metainfo);
  const all = new Bitfield(layout.pieceCount);
  all.fill();
  const paths = await Promise.all(
    Array.from({ length: 300 }, (_, i) => temp.file(`${i}`, i === 77 ? bytes.toReversed() : bytes)),
  );
  let most = 0;
  const results = await Promise.all(paths.map(async (path) => {
    const result = await passesSpotCheck({ disk, info, layout, layers, paths: [path] }, all);
    most = Math.max(most, disk.openFiles.size);
    return result;
  }));
  assertEquals(results.map((isRight, i) => isRight ? -1 : i).filter((i) => i >= 0), [77]);
  assertEquals(most > 0 && most <= 16, true, `${most} files`);
});
