/**
 * Pieces read from disk for other peers, and files that are not what they were.
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { fingerprintOf } from "../../lib/disk/file_fingerprint.ts";
import { FileReader } from "../../lib/disk/file_reader.ts";
import { Layout, type PieceIndex } from "../../lib/store/layout.ts";
import type { PieceHash } from "../../lib/store/pieces.ts";
import { pieceLayersOf } from "../../lib/store/torrent.ts";
import { DiskError, type Torrent } from "../../mod.ts";
import { formulaBytes } from "../../support/content.ts";
import { TempFolder } from "../../support/temp.ts";
import { torrentOf } from "../support/clients/library.ts";

const PIECE = 32_768;
const LENGTH = 3 * PIECE + 100;
const FORMATS = ["v1", "v2", "hybrid"] as const;

interface Reading extends AsyncDisposable {
  temp: TempFolder;
  path: string;
  bytes: Uint8Array;
  /** Reads a range of a piece; undefined when it is not what it should be. */
  read(piece: number, begin: number, length: number): Promise<Uint8Array | undefined>;
}

/** The hash of a piece, as a transfer knows it. */
function expectation(torrent: Torrent): (piece: PieceIndex) => PieceHash {
  const { info } = torrent.metainfo;
  const [layer] = [...pieceLayersOf(torrent.metainfo).values()];
  return (piece) =>
    layer !== undefined
      ? { kind: "sha256", hash: layer.hash(piece)! }
      : { kind: "sha1", hash: info.pieces!.subarray(20 * piece, 20 * piece + 20) };
}

async function reading(
  format: "v1" | "v2" | "hybrid",
  { growing = false, expected }: { growing?: boolean; expected?: () => undefined } = {},
): Promise<Reading> {
  const temp = await TempFolder.create();
  const bytes = formulaBytes(LENGTH);
  const path = await temp.file("data.bin", bytes);
  const torrent = await torrentOf(path, { format, pieceLength: PIECE });
  const { info } = torrent.metainfo;
  const layout = Layout.of(info);
  const state = growing ? "growing" : [await fingerprintOf(path)];
  const hashes = expected ?? expectation(torrent);
  const reader = new FileReader(layout, info.files, [path], hashes, state);
  return {
    temp,
    path,
    bytes,
    async read(piece, begin, length) {
      const out = new Uint8Array(length).fill(0xee);
      return await reader.read(piece as PieceIndex, begin, length, out) ? out : undefined;
    },
    async [Symbol.asyncDispose]() {
      await reader.close();
      await temp[Symbol.asyncDispose]();
    },
  };
}

async function flip(path: string, offset: number): Promise<void> {
  const original = formulaBytes(LENGTH)[offset]!;
  using file = await Deno.open(path, { write: true });
  await file.seek(offset, Deno.SeekMode.Start);
  await file.write(Uint8Array.of(original ^ 1));
  // A second later, whatever the clock of the disk can tell apart.
  await file.utime(new Date(), new Date(Date.now() + 1000));
}

for (const format of FORMATS) {
  Deno.test(`any range of a ${format} file is read as it is, at the same time too`, async () => {
    await using r = await reading(format);
    const ranges: [number, number, number][] = [
      [0, 0, PIECE],
      [1, 16_384, 16_384],
      [2, 1, 5],
      [3, 0, 100],
      [0, PIECE - 1, 1],
    ];
    const read = await Promise.all(ranges.map((range) => r.read(...range)));
    for (const [i, [piece, begin, length]] of ranges.entries()) {
      const at = piece * PIECE + begin;
      assertEquals(read[i], r.bytes.slice(at, at + length));
    }
  });

  Deno.test(`of a ${format} file that changed, only the pieces that still match are read`, async () => {
    await using r = await reading(format);
    await flip(r.path, PIECE + 7);
    assertEquals(await r.read(0, 0, 16), r.bytes.slice(0, 16));
    assertEquals(await r.read(1, 0, 16), undefined);
    assertEquals(await r.read(1, 16_384, 16), undefined);
    assertEquals(await r.read(3, 0, 100), r.bytes.slice(3 * PIECE));
    // And once more, somewhere else: nothing found before counts any longer.
    await Deno.utime(r.path, new Date(), new Date(Date.now() + 5000));
    await flip(r.path, 3);
    await Deno.utime(r.path, new Date(), new Date(Date.now() + 10_000));
    assertEquals(await r.read(0, 0, 16), undefined);
    assertEquals(await r.read(2, 0, 16), r.bytes.slice(2 * PIECE, 2 * PIECE + 16));
  });

  Deno.test(`a ${format} file cut short gives what is left of it in whole pieces`, async () => {
    await using r = await reading(format);
    await r.read(0, 0, 16);
    await Deno.truncate(r.path, PIECE + 10);
    assertEquals(await r.read(0, 0, 16), r.bytes.slice(0, 16));
    assertEquals(await r.read(1, 0, 8), undefined);
    assertEquals(await r.read(3, 0, 8), undefined);
  });
}

Deno.test("a change is noticed also when reads have become quick", async () => {
  await using r = await reading("hybrid");
  for (let i = 0; i < 40; i++) {
    const begin = 512 * i;
    assertEquals(await r.read(0, begin, 512), r.bytes.slice(begin, begin + 512));
  }
  await flip(r.path, PIECE + 7);
  assertEquals(await r.read(1, 0, 16), undefined);
  assertEquals(await r.read(2, 0, 16), r.bytes.slice(2 * PIECE, 2 * PIECE + 16));
  await Deno.truncate(r.path, 2 * PIECE + 10);
  assertEquals(await r.read(2, 0, 16), undefined);
});

Deno.test("past the end of a v2 file there are zeros", async () => {
  for (const format of ["v2", "hybrid"] as const) {
    await using r = await reading(format);
    const out = await r.read(3, 0, 16_384);
    assertEquals(out!.subarray(0, 100), r.bytes.subarray(3 * PIECE));
    assert(out!.subarray(100).every((byte) => byte === 0));
  }
});

Deno.test("a file put in the place of another is looked at before it is given", async () => {
  await using r = await reading("hybrid");
  const other = r.bytes.slice();
  other[5]! ^= 1;
  await Deno.rename(await r.temp.file("other", other as Uint8Array<ArrayBuffer>), r.path);
  assertEquals(await r.read(0, 0, 16), undefined);
  assertEquals(await r.read(1, 0, 16), r.bytes.slice(PIECE, PIECE + 16));
});

Deno.test("a file that is gone gives nothing, and is found again when it is back", async () => {
  await using r = await reading("hybrid");
  await Deno.rename(r.path, `${r.path}.away`);
  assertEquals(await r.read(0, 0, 16), undefined);
  await Deno.rename(`${r.path}.away`, r.path);
  assertEquals(await r.read(0, 0, 16), r.bytes.slice(0, 16));
});

Deno.test("a changed file whose hashes are not known gives nothing", async () => {
  await using r = await reading("v2", { expected: () => undefined });
  assertEquals(await r.read(0, 0, 16), r.bytes.slice(0, 16));
  await flip(r.path, PIECE);
  assertEquals(await r.read(0, 0, 16), undefined);
});

Deno.test("a file that we write ourselves may change", async () => {
  await using r = await reading("hybrid", { growing: true });
  await r.read(0, 0, 1);
  await flip(r.path, 0);
  assertEquals(await r.read(0, 1, 8), r.bytes.slice(1, 9));
});

Deno.test("what cannot be looked at is an error of the disk", async () => {
  await assertRejects(() => fingerprintOf("/does/not/exist"), DiskError, "does not exist");
});
