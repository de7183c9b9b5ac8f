/**
 * Which pieces of a file on disk are right.
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import type { PieceLayer } from "../../lib/codec/torrent/piece_layer.ts";
import { checkPieces, type CheckResult } from "../../lib/disk/check_pieces.ts";
import { DiskResources } from "../../lib/disk/disk_resources.ts";
import { Layout } from "../../lib/store/layout.ts";
import { pieceLayersOf } from "../../lib/store/torrent.ts";
import type { Torrent } from "../../mod.ts";
import { pseudoRandomBytes } from "../../support/content.ts";
import { TempFolder } from "../../support/temp.ts";
import { torrentOf } from "../support/clients/library.ts";

const PIECE = 16_384;
const LENGTH = 9 * PIECE + 1;
const FORMATS = ["v1", "v2", "hybrid"] as const;

/** Checks `path`; with a magnet link's knowledge only, unless `layers` are handed in. */
async function check(
  torrent: Torrent,
  path: string,
  layers: Map<string, PieceLayer> = pieceLayersOf(torrent.metainfo),
  signal: AbortSignal = new AbortController().signal,
  onProgress: (doneBytes: number, totalBytes: number) => void = () => {},
): Promise<CheckResult> {
  const { metainfo } = torrent;
  const layout = Layout.of(metainfo.info);
  await using disk = new DiskResources();
  return await checkPieces({ disk, metainfo, layout, layers, paths: [path], onProgress, signal });
}

/** The layers as a magnet link leaves them: nothing known but the root. */
function unknownLayers({ metainfo }: Torrent): Map<string, PieceLayer> {
  return pieceLayersOf({ ...metainfo, pieceLayers: new Map() });
}

async function damaged(temp: TempFolder, pieces: number[]): Promise<string> {
  const bytes = pseudoRandomBytes(LENGTH, 1);
  for (const piece of pieces) bytes[piece * PIECE]! ^= 1;
  return await temp.file("copy.bin", bytes);
}

async function made(temp: TempFolder, format: "v1" | "v2" | "hybrid"): Promise<Torrent> {
  const path = await temp.file("origin.bin", pseudoRandomBytes(LENGTH, 1));
  return await torrentOf(path, { format, pieceLength: PIECE });
}

function missing({ have }: CheckResult): number[] {
  return Array.from({ length: have.length }, (_, piece) => piece).filter((piece) =>
    !have.get(piece)
  );
}

for (const format of FORMATS) {
  Deno.test(`the wrong pieces of a ${format} file are found, the others are right`, async () => {
    await using temp = await TempFolder.create();
    const torrent = await made(temp, format);
    for (const pieces of [[], [0], [3, 4, 9], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]) {
      const found = await check(torrent, await damaged(temp, pieces));
      assertEquals([missing(found), found.bySha1], [pieces, false]);
    }
  });

  Deno.test(`a ${format} file that is too short, too long or not there has what it has`, async () => {
    await using temp = await TempFolder.create();
    const torrent = await made(temp, format);
    const path = await damaged(temp, []);
    await Deno.truncate(path, 4 * PIECE + 5);
    assertEquals(missing(await check(torrent, path)), [4, 5, 6, 7, 8, 9]);
    await Deno.writeFile(path, pseudoRandomBytes(LENGTH, 1));
    await Deno.truncate(path, LENGTH + 1000);
    assertEquals(missing(await check(torrent, path)), []);
    await Deno.remove(path);
    assertEquals(missing(await check(torrent, path)).length, 10);
  });
}

Deno.test("without piece layers a v2 file is right as a whole, which makes the layers known", async () => {
  await using temp = await TempFolder.create();
  for (const format of ["v2", "hybrid"] as const) {
    const torrent = await made(temp, format);
    const layers = unknownLayers(torrent);
    assertEquals([...layers.values()].map(({ complete }) => complete), [false]);
    const found = await check(torrent, await damaged(temp, []), layers);
    assertEquals([missing(found), found.bySha1], [[], false]);
    assertEquals([...layers.values()].map(({ complete }) => complete), [true]);
  }
});

Deno.test("without piece layers a damaged v2 file counts for nothing, and its hashes are not believed", async () => {
  await using temp = await TempFolder.create();
  const torrent = await made(temp, "v2");
  const layers = unknownLayers(torrent);
  assertEquals(missing(await check(torrent, await damaged(temp, [2]), layers)).length, 10);
  const [layer] = [...layers.values()];
  assertEquals([layer!.complete, layer!.hash(0), [...layer!.requests()].length], [
    false,
    undefined,
    1,
  ]);
});

Deno.test("without piece layers a damaged hybrid is checked by SHA-1, and that is said", async () => {
  await using temp = await TempFolder.create();
  const torrent = await made(temp, "hybrid");
  const found = await check(torrent, await damaged(temp, [2, 7]), unknownLayers(torrent));
  assertEquals([missing(found), found.bySha1], [[2, 7], true]);
});

Deno.test("an empty torrent has no pieces to miss", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("empty", "");
  for (const format of FORMATS) {
    const found = await check(await torrentOf(path, { format }), path);
    assertEquals([found.have.length, found.have.isFull], [0, true]);
  }
});

Deno.test("progress ends at everything, and a check can be stopped", async () => {
  await using temp = await TempFolder.create();
  const torrent = await made(temp, "hybrid");
  const path = await damaged(temp, []);
  const told: [number, number][] = [];
  const layers = pieceLayersOf(torrent.metainfo);
  const stop = new AbortController();
  await check(torrent, path, layers, stop.signal, (...progress) => told.push(progress));
  assertEquals(told.at(-1), [LENGTH, LENGTH]);
  const reason = new Error("enough");
  stop.abort(reason);
  const error = await assertRejects(() => check(torrent, path, layers, stop.signal));
  assertEquals(error, reason);
});
