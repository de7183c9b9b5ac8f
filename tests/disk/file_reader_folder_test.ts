/**
 * Pieces read from the many files of a folder for other peers.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { dirname } from "@std/path";
import { createContent } from "../../lib/client/create/create_torrent.ts";
import { hex } from "../../lib/codec/bytes.ts";
import { sha1 } from "../../lib/codec/hash.ts";
import { fingerprintsOf } from "../../lib/disk/file_fingerprint.ts";
import { FileReader } from "../../lib/disk/file_reader.ts";
import { Layout, type PieceIndex } from "../../lib/store/layout.ts";
import type { PieceHash } from "../../lib/store/pieces.ts";
import { pieceLayersOf } from "../../lib/store/torrent.ts";
import { TempFolder } from "../../support/temp.ts";
import { makeTree, ODD_TREE, type Tree } from "../support/folders.ts";

const FORMATS = ["v1", "v2", "hybrid"] as const;
const PIECE = 16_384;

/** More files than are ever open, small ones and large ones, empty ones among them. */
const TREE: Tree = {
  ...ODD_TREE,
  ...Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`many/${i}`, (i * 997) % 5000])),
};

async function sharing(temp: TempFolder, format: (typeof FORMATS)[number]) {
  const path = await makeTree(temp, "shared", TREE);
  const content = await createContent(path, { format, pieceLength: PIECE, cache: false });
  const { metainfo } = content.torrent;
  const { info } = metainfo;
  const layout = Layout.of(info);
  const layers = pieceLayersOf(metainfo);
  const expected = (piece: PieceIndex): PieceHash => {
    if (format === "v1") {
      return { kind: "sha1", hash: info.pieces!.subarray(20 * piece, 20 * piece + 20) };
    }
    const { root, pieceInFile } = layout.fileOf(piece);
    return { kind: "sha256", hash: layers.get(hex(root!))!.hash(pieceInFile)! };
  };
  const reader = new FileReader(layout, info.files, content.paths, expected, content.stamps);
  const read = async (piece: PieceIndex, length = layout.servableLength(piece)) => {
    const out = new Uint8Array(length).fill(0xee);
    return await reader.read(piece, 0, length, out) ? out : undefined;
  };
  return { path, content, info, layout, reader, read };
}

for (const format of FORMATS) {
  Deno.test(`every piece of a ${format} folder is read as it was hashed, many at once`, async () => {
    await using temp = await TempFolder.create();
    const { content, info, layout, reader, read } = await sharing(temp, format);
    assertEquals(await fingerprintsOf(content.paths), content.stamps);
    const pieces = await Promise.all([...layout.pieces()].map(async (piece) => {
      return { piece, bytes: await read(piece) };
    }));
    for (const { piece, bytes } of pieces) {
      assert(bytes !== undefined, `piece ${piece}`);
      if (format === "v2") {
        assert(bytes.subarray(layout.dataLength(piece)).every((byte) => byte === 0));
        continue;
      }
      const whole = bytes.subarray(0, layout.pieceSize(piece));
      assertEquals(sha1(whole), info.pieces!.slice(20 * piece, 20 * piece + 20));
    }
    assert(pieces.length > (format === "v1" ? 30 : 150));
    await reader.close();
  });

  Deno.test(`of a ${format} folder with one changed file, everything else is still read`, async () => {
    await using temp = await TempFolder.create();
    const { content, info, layout, reader, read } = await sharing(temp, format);
    const file = info.files.findIndex(({ path }) => path.join("/") === "many/77");
    const { first, count } = layout.piecesOf(file);
    assertEquals(count >= 1, true);
    await Deno.writeFile(content.paths[file]!, new Uint8Array(info.files[file]!.length));
    const lost: number[] = [];
    for (const piece of layout.pieces()) if (await read(piece) === undefined) lost.push(piece);
    assertEquals(lost, Array.from({ length: count }, (_, i) => first + i));
    assert(
      lost.every((piece) =>
        format === "v1" || reader.pathOf(piece as PieceIndex) === content.paths[file]
      ),
    );
    await reader.close();
  });

  Deno.test(`of a ${format} folder that was moved away, nothing is read`, async () => {
    await using temp = await TempFolder.create();
    const { path, reader, read } = await sharing(temp, format);
    await Deno.rename(path, `${dirname(path)}/elsewhere`);
    assertEquals(await read(0 as PieceIndex, 16), undefined);
    await Deno.rename(`${dirname(path)}/elsewhere`, path);
    assert(await read(0 as PieceIndex, 16) !== undefined);
    await reader.close();
  });
}
