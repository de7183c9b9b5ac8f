/**
 * The files of a v1 info dictionary (BEP 3, BEP 47): one `length`, or a list with paths and pads.
 *
 * @module
 */

import { TorrentError } from "../errors.ts";
import type { Bencode, BencodeDict } from "./bencode.ts";
import { bytesAt, integerAt, isDict, listAt } from "./bencode_fields.ts";
import { textOf } from "./bytes.ts";
import type { TorrentFile } from "./info.ts";
import { originalPath, safeComponent } from "./path_safety.ts";

/** Most folders inside one another, as in libtorrent. */
export const MAX_PATH_DEPTH = 100;

/** How BitComet names its pad files, which it does not mark. */
export const BITCOMET_PAD = "_____padding_file_";

/**
 * Reads `files` of a multi-file torrent, pads included, in their order. Symbolic links are left out: they
 * hold no bytes, and where they point is a stranger's choice.
 *
 * @throws TorrentError when an entry has no valid length or path.
 */
export function parseFileList(list: Bencode[], pieceLength: number): TorrentFile[] {
  const files: TorrentFile[] = [];
  let offset = 0;
  for (const entry of list) {
    if (!isDict(entry)) {
      throw new TorrentError("the torrent's file list has an entry that is no file");
    }
    const attributes = attributesOf(entry);
    if (attributes.includes("l")) continue;
    const length = lengthOf(entry);
    offset += length;
    const marked = attributes.includes("p");
    const raw = pathOf(entry);
    const path = raw?.map((component) => safeComponent(component)) ??
      (marked ? [".pad", String(length)] : undefined);
    if (path === undefined) throw new TorrentError("the torrent lists a file without a path");
    const looksLikePad = marked || path.at(-1)!.startsWith(BITCOMET_PAD);
    // Padding exists to reach a piece boundary; what does not reach one is data that happens to be marked.
    const pad = looksLikePad && offset % pieceLength === 0;
    if (pad && length === 0) continue;
    const original = raw && originalPath(raw, path);
    files.push({ path, length, pad, ...(original && { original }) });
  }
  return files;
}

/** The `attr` characters of a file (BEP 47); unknown ones are for others. */
export function attributesOf(file: BencodeDict): string {
  return textOf(bytesAt(file, "attr") ?? new Uint8Array());
}

/**
 * The `length` of a file, in bytes.
 *
 * @throws TorrentError when it is missing, negative or beyond the exact integers.
 */
export function lengthOf(file: BencodeDict): number {
  const length = integerAt(file, "length");
  if (length === undefined || length < 0) {
    throw new TorrentError("the torrent lists a file without a valid length");
  }
  return length;
}

/**
 * Refuses a path that is nested too deeply.
 *
 * @throws TorrentError beyond {@link MAX_PATH_DEPTH} components.
 */
export function checkDepth(componentCount: number): void {
  if (componentCount > MAX_PATH_DEPTH) {
    throw new TorrentError(`the torrent nests folders more than ${MAX_PATH_DEPTH} deep`);
  }
}

/** The components of its path, as they came. */
function pathOf(file: BencodeDict): Uint8Array[] | undefined {
  const raw = listAt(file, "path.utf-8") ?? listAt(file, "path");
  if (raw === undefined || raw.length === 0) return undefined;
  checkDepth(raw.length);
  return raw.map((component) => {
    if (!(component instanceof Uint8Array)) {
      throw new TorrentError("the torrent lists a file whose path is not made of text");
    }
    return component;
  });
}
