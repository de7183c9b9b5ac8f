/**
 * The files of a v1 info dictionary (BEP 3, BEP 47): one `length`, or a list with paths and pads.
 *
 * @module
 */

import { TorrentError } from "../errors.ts";
import { type Bencode, BencodeError, BencodeReader } from "./bencode.ts";
import { textOf } from "./bytes.ts";
import type { TorrentFile } from "./info.ts";
import { type SafePath, SafePaths } from "./path_safety.ts";

/** Most folders inside one another, as in libtorrent. */
export const MAX_PATH_DEPTH = 100;

/** How BitComet names its pad files, which it does not mark. */
export const BITCOMET_PAD = "_____padding_file_";

/**
 * Reads `files` of a multi-file torrent, pads included, in their order. Symbolic links are left out: they
 * hold no bytes, and where they point is a stranger's choice.
 *
 * @param bytes the info dictionary
 * @param start where the list begins in it
 * @throws TorrentError when an entry has no valid length or path.
 * @throws BencodeError when an entry has a field twice.
 */
export function parseFileList(
  bytes: Uint8Array,
  start: number,
  pieceLength: number,
): TorrentFile[] {
  const files: TorrentFile[] = [];
  const reader = new BencodeReader(bytes, { strict: false }, start);
  const paths = new SafePaths();
  let offset = 0;
  reader.enter();
  while (reader.more()) {
    if (reader.kind !== "dict") {
      throw new TorrentError("the torrent's file list has an entry that is no file");
    }
    const entry = readEntry(reader);
    const attributes = attributesOf(entry.attr);
    if (attributes.includes("l")) continue;
    const length = checkedLength(entry.length);
    offset += length;
    const marked = attributes.includes("p");
    if (entry.path === undefined && !marked) {
      throw new TorrentError("the torrent lists a file without a path");
    }
    const { path, original }: SafePath = entry.path === undefined
      ? { path: [".pad", String(length)] }
      : paths.of(entry.path);
    const looksLikePad = marked || path.at(-1)!.startsWith(BITCOMET_PAD);
    // Padding exists to reach a piece boundary; what does not reach one is data that happens to be marked.
    const pad = looksLikePad && offset % pieceLength === 0;
    if (pad && length === 0) continue;
    files.push(original ? { path, length, pad, original } : { path, length, pad });
  }
  return files;
}

/** The fields of an entry that count. */
interface Entry {
  attr?: Bencode;
  length?: Bencode;
  /** Its components, as they came. */
  path?: Uint8Array[];
}

/** Reads an entry's fields one by one: a list may have very many entries. */
function readEntry(reader: BencodeReader): Entry {
  const entry: Entry = {};
  let old: Uint8Array[] | undefined;
  reader.enter();
  while (reader.more()) {
    switch (reader.key()) {
      case "attr":
        entry.attr = once(reader, entry.attr, scalar(reader))!;
        break;
      case "length":
        entry.length = once(reader, entry.length, scalar(reader))!;
        break;
      case "path":
        old = once(reader, old, readPath(reader));
        break;
      case "path.utf-8":
        entry.path = once(reader, entry.path, readPath(reader))!;
        break;
      default:
        reader.skip();
    }
  }
  if (entry.path === undefined && old !== undefined) entry.path = old;
  return entry;
}

/** Another program may take the other one of two, and with it see another file. */
function once<T>(reader: BencodeReader, known: T | undefined, value: T | undefined): T | undefined {
  if (known !== undefined) throw new BencodeError("a key comes twice", reader.at);
  return value;
}

/** The integer or the byte string that is next; anything else is passed over. */
function scalar(reader: BencodeReader): Bencode | undefined {
  const { kind } = reader;
  return kind === "integer" || kind === "string" ? reader.value() : void reader.skip();
}

/** The `attr` characters of a file (BEP 47); unknown ones are for others. */
export function attributesOf(attr: Bencode | undefined): string {
  return attr instanceof Uint8Array ? textOf(attr) : "";
}

/**
 * The `length` of a file, in bytes.
 *
 * @throws TorrentError when it is missing, negative or beyond the exact integers.
 */
export function checkedLength(length: Bencode | undefined): number {
  if (typeof length !== "number" || length < 0) {
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

/** The components of the path that is next; `undefined` when it is no list, or has none. */
function readPath(reader: BencodeReader): Uint8Array[] | undefined {
  if (reader.kind !== "list") return void reader.skip();
  const path: Uint8Array[] = [];
  reader.enter();
  while (reader.more()) {
    const component = scalar(reader);
    if (!(component instanceof Uint8Array)) {
      throw new TorrentError("the torrent lists a file whose path is not made of text");
    }
    path.push(component);
    checkDepth(path.length);
  }
  return path.length > 0 ? path : undefined;
}
