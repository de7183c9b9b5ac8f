/**
 * The content that the benchmarks transfer, and its torrents.
 *
 * @module
 */

import { join } from "@std/path";
import { createTorrent } from "../../mod.ts";
import { pseudoRandomBytes, sha256OfFile, writePseudoRandomFile } from "../../support/content.ts";
import type { Content, Format } from "../contenders/contender.ts";
import { PIECE_LENGTH } from "../contenders/shoal.ts";

const SEED = 20_260_101;
/** The part of each piece of a sparse file that is data. */
const MARK_BYTES = 4096;

/** Creates a file of `bytes` bytes, or a folder with it and `smallFiles` others of 1 to 40 KB. */
export async function makeContent(
  folder: string,
  bytes: number,
  smallFiles = 0,
): Promise<Content> {
  if (smallFiles > 0) {
    const { path, length } = await writeFolder(folder, bytes, smallFiles);
    return await describe(path, length, folder);
  }
  const file = join(folder, "transfer.bin");
  await writePseudoRandomFile(file, bytes, SEED);
  return await describe(file, bytes, folder);
}

/**
 * Creates a sparse file that takes almost no space: 4 KiB of every piece are data, so that no two pieces
 * are alike, and the rest are holes.
 */
export async function makeSparseContent(folder: string, bytes: number): Promise<Content> {
  const path = join(folder, "sparse.bin");
  const marks = pseudoRandomBytes(MARK_BYTES * 2, SEED);
  {
    using file = await Deno.open(path, { write: true, create: true, truncate: true });
    await file.truncate(bytes);
    for (let at = 0; at + MARK_BYTES <= bytes; at += PIECE_LENGTH) {
      const mark = marks.slice(at / PIECE_LENGTH % MARK_BYTES).subarray(0, MARK_BYTES);
      new DataView(mark.buffer).setUint32(0, at / PIECE_LENGTH);
      await file.seek(at, Deno.SeekMode.Start);
      await file.write(mark);
    }
  }
  return await describe(path, bytes, folder);
}

async function describe(path: string, bytes: number, folder: string): Promise<Content> {
  const isFile = (await Deno.stat(path)).isFile;
  const pieces = isFile ? { pieceLength: PIECE_LENGTH } : {};
  const made = new Map<Format, Promise<string>>();
  const make = async (format: Format) => {
    const torrent = await createTorrent(path, { format, cache: false, ...pieces });
    const out = join(folder, `${format}.torrent`);
    await Deno.writeFile(out, torrent.toBytes());
    return out;
  };
  const torrent = (format: Format) => {
    if (!made.has(format)) made.set(format, make(format));
    return made.get(format)!;
  };
  return { path, bytes, sha256: await digestOf(path), torrent };
}

async function writeFolder(
  folder: string,
  bytes: number,
  smallFiles: number,
): Promise<{ path: string; length: number }> {
  const path = join(folder, "transfer");
  let length = bytes;
  for (let i = 0; i < smallFiles; i++) {
    const parent = join(path, `part ${i % 100}`);
    if (i < 100) await Deno.mkdir(parent, { recursive: true });
    const small = new Uint8Array(1000 + i * 7919 % 39_000).fill(i);
    new DataView(small.buffer).setUint32(0, i);
    await Deno.writeFile(join(parent, `file ${i}.dat`), small);
    length += small.length;
  }
  await writePseudoRandomFile(join(path, "transfer.bin"), bytes, SEED);
  return { path, length };
}

/** SHA-256 of a file, or of the names and contents of all files in a folder. */
export async function digestOf(path: string): Promise<string> {
  if ((await Deno.stat(path)).isFile) return await sha256OfFile(path);
  const entries = await Array.fromAsync(Deno.readDir(path));
  entries.sort((a, b) => a.name < b.name ? -1 : 1);
  let list = "";
  for (const { name } of entries) list += `${name} ${await digestOf(join(path, name))}\n`;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(list));
  return new Uint8Array(digest).toHex();
}
