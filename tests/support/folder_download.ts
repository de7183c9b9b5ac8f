/**
 * The disk's half of a download of a folder, without a network: pieces come from a folder beside it.
 * @module
 */

import { assert } from "@std/assert";
import { join } from "@std/path";
import {
  type DownloadChoices,
  type DownloadParts,
  prepareDownload,
} from "../../lib/client/download.ts";
import { hex } from "../../lib/codec/bytes.ts";
import { DiskResources } from "../../lib/disk/disk_resources.ts";
import type { Layout, PieceIndex } from "../../lib/store/layout.ts";
import type { PieceHash } from "../../lib/store/pieces.ts";
import type { Torrent } from "../../mod.ts";

/** A download, and whether its data was hashed when it began. */
export interface Prepared extends AsyncDisposable {
  readonly parts: DownloadParts;
  readonly wasHashed: boolean;
  /** Stores these pieces, by default all that are wanted and missing. */
  store(pieces?: Iterable<number>): Promise<void>;
}

/** Prepares to download `torrent`, whose files are below `origin`; leaves it at the end of its scope. */
export async function prepare(
  torrent: Torrent,
  origin: string,
  choices: DownloadChoices,
): Promise<Prepared> {
  let wasHashed = false;
  const disk = new DiskResources();
  const parts = await prepareDownload(torrent.metainfo, choices, {
    disk,
    onProgress: () => wasHashed = true,
    signal: new AbortController().signal,
  }).catch(async (error) => {
    await disk.close();
    throw error;
  });
  return {
    parts,
    wasHashed,
    store: (pieces = missing(parts)) => store(parts, origin, [...pieces]),
    [Symbol.asyncDispose]: async () => {
      await disk.close();
      await parts.files.leave();
    },
  };
}

/** The pieces that are wanted and not there. */
export function missing({ layout, selection, files }: DownloadParts): PieceIndex[] {
  return [...layout.pieces()].filter((piece) => selection.wants(piece) && !files.have.get(piece));
}

/** The number of the file of this name, as `--select` has it. */
export function indexOf(torrent: Torrent, name: string): number {
  const index = torrent.files.findIndex(({ path }) => path === `${torrent.name}/${name}`);
  assert(index >= 0, `no file ${name}`);
  return index;
}

async function store(parts: DownloadParts, origin: string, pieces: number[]): Promise<void> {
  const { metainfo: { info }, layout, files } = parts;
  const { pieceLength, version } = layout;
  const workers = parts.disk.workers.open(
    {
      layout: { pieceLength, version, files: info.files },
      paths: files.writtenPaths,
      writing: files.writing!,
    },
    1,
    files.watch,
  );
  try {
    for (const piece of pieces as PieceIndex[]) {
      const buffer = await pieceOf(
        layout,
        piece,
        (file) => join(origin, ...info.files[file]!.path),
      );
      const note = files.fragments?.get(piece) ? 0 : 1;
      const job = { piece, buffer, expected: expectedOf(parts, piece), note, digests: false };
      assert((await workers.store(job)).matches, `piece ${piece}`);
      files.have.set(piece);
    }
  } finally {
    await workers.close();
  }
}

async function pieceOf(
  layout: Layout,
  piece: PieceIndex,
  pathOf: (file: number) => string,
): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(layout.pieceLength);
  for (const { file, offset, length, at } of layout.spans(piece, 0, layout.pieceLength)) {
    const whole = await Deno.readFile(pathOf(file));
    bytes.set(whole.subarray(offset, offset + length), at);
  }
  return bytes.buffer;
}

function expectedOf({ metainfo: { info }, layout, layers }: DownloadParts, piece: PieceIndex) {
  if (layout.version === "v1") {
    const hash = info.pieces!.subarray(20 * piece, 20 * piece + 20);
    return { kind: "sha1", hash } satisfies PieceHash;
  }
  const { root, pieceInFile } = layout.fileOf(piece);
  const hash = layers.get(hex(root!))!.hash(pieceInFile)!;
  return { kind: "sha256", hash } satisfies PieceHash;
}
