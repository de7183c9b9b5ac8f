/**
 * The files of a v1 info dictionary (BEP 3, BEP 47): one `length`, or a list with paths and pads.
 *
 * @module
 */

import { TorrentError } from "../../errors.ts";
import { BencodeError, BencodeReader } from "../bencode.ts";
import { bytesAt } from "../bencode_decoder.ts";
import type { Bencode } from "../bencode_value.ts";
import { fromLatin1, textOf } from "../bytes.ts";
import { HASH_LENGTH } from "./merkle.ts";
import { type SafePath, SafePaths } from "./safe_path.ts";

/** The maximum folder depth, as in libtorrent. */
export const MAX_PATH_DEPTH = 100;

/** BitComet's name for pad files, which it does not mark. */
export const BITCOMET_PAD = "_____padding_file_";

/**
 * Reads the `files` of a multi-file torrent in order, including pads. Leaves out symbolic links: they hold
 * no bytes, and an untrusted torrent chooses their target.
 *
 * @param bytes the info dictionary
 * @param start offset of the list in it
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
    // Padding ends at a piece boundary; anything else is data that happens to be marked as padding.
    const pad = looksLikePad && offset % pieceLength === 0;
    if (pad && length === 0) continue;
    files.push(original ? { path, length, pad, original } : { path, length, pad });
  }
  return files;
}

/** The relevant fields of an entry. */
interface Entry {
  attr?: Bencode;
  length?: Bencode;
  /** Its raw components. */
  path?: Uint8Array[];
}

/** Reads an entry's fields one by one, because a list may have very many entries. */
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

/** Refuses a repeated field: another program may take the other value, and so see another file. */
function once<T>(reader: BencodeReader, known: T | undefined, value: T | undefined): T | undefined {
  if (known !== undefined) throw new BencodeError("a key comes twice", reader.at);
  return value;
}

/** The next integer or byte string; skips anything else. */
function scalar(reader: BencodeReader): Bencode | undefined {
  const { kind } = reader;
  return kind === "integer" || kind === "string" ? reader.value() : void reader.skip();
}

/** The `attr` characters of a file (BEP 47); unknown ones are ignored. */
function attributesOf(attr: Bencode | undefined): string {
  return attr instanceof Uint8Array ? textOf(attr) : "";
}

/**
 * The `length` of a file, in bytes.
 *
 * @throws TorrentError when it is missing, negative or beyond the exact integers.
 */
function checkedLength(length: Bencode | undefined): number {
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
function checkDepth(componentCount: number): void {
  if (componentCount > MAX_PATH_DEPTH) {
    throw new TorrentError(`the torrent nests folders more than ${MAX_PATH_DEPTH} deep`);
  }
}

/** The components of the next path; `undefined` when it is no list, or empty. */
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

/** The key that makes a dictionary a file: no path component is empty. */
const FILE_KEY = "";

const PROPERTY_KEYS = new Set(["attr", "length", "pieces root"]);

/** The tree, the components of the deepest path, and the file's properties. */
const MAX_TREE_DEPTH = MAX_PATH_DEPTH + 2;

/**
 * Reads a `file tree`, depth first in key order. Leaves out symbolic links.
 *
 * @param bytes the info dictionary
 * @param start offset of the tree in it
 * @returns the files, and whether the tree is a single file at its top.
 * @throws TorrentError when a node is neither file nor folder, or a file breaks BEP 52.
 * @throws BencodeError when it is not canonical.
 */
export function parseFileTree(
  bytes: Uint8Array,
  start: number,
): { files: TorrentFile[]; singleFile: boolean } {
  const files: TorrentFile[] = [];
  const reader = new BencodeReader(bytes, { maxDepth: MAX_TREE_DEPTH }, start);
  const paths = new SafePaths();
  let [entries, filesAtTop] = [0, 0];
  // The depth is bounded by the reader's limit as well as by checkDepth.
  const walk = (path: Uint8Array[]) => {
    let isFile = false;
    reader.enter();
    while (reader.more()) {
      const key = reader.key();
      if (key === FILE_KEY) {
        // Keys are sorted, so this one is the first.
        if (path.length === 0) {
          throw new TorrentError("the torrent's file tree has a file without a name");
        }
        isFile = true;
        const file = parseFile(reader, paths.of(path));
        if (file !== undefined) files.push(file);
        if (path.length === 1) filesAtTop++;
        continue;
      }
      if (isFile) {
        throw new TorrentError(
          "the torrent's file tree has an entry that is both file and folder",
        );
      }
      if (reader.kind !== "dict") {
        throw new TorrentError(
          "the torrent's file tree has an entry that is neither file nor folder",
        );
      }
      if (path.length === 0) entries++;
      checkDepth(path.length + 1);
      walk([...path, fromLatin1(key)]);
    }
  };
  walk([]);
  return { files, singleFile: entries === 1 && filesAtTop === 1 };
}

function parseFile(reader: BencodeReader, { path, original }: SafePath): TorrentFile | undefined {
  if (reader.kind !== "dict") {
    throw new TorrentError("the torrent's file tree has a file without properties");
  }
  const { scalars } = reader.fields(PROPERTY_KEYS);
  const attributes = attributesOf(scalars.get("attr"));
  if (attributes.includes("l")) return undefined;
  if (attributes.includes("p")) {
    throw new TorrentError(
      "the torrent's file tree has a pad file, which version 2 does not allow",
    );
  }
  const length = checkedLength(scalars.get("length"));
  const file = { path, length, pad: false, ...(original && { original }) };
  if (length === 0) return file;
  const root = bytesAt(scalars, "pieces root");
  if (root === undefined || root.length !== HASH_LENGTH || root.every((byte) => byte === 0)) {
    throw new TorrentError("the torrent's file tree has a file without a valid root hash");
  }
  return { ...file, root };
}

/** One file of a torrent. */
export interface TorrentFile {
  /** Safe components: below the torrent's name in a multi-file torrent, else just that name. */
  path: string[];
  /** The torrent's own path for it, below its folder, if that is not a safe path: see `originalPath`. */
  original?: string[] | undefined;
  /** Bytes. */
  length: number;
  /** Root of the file's tree (32 bytes); absent in v1 torrents and for empty files. */
  root?: Uint8Array;
  /** Whether this is padding up to a piece boundary rather than a file (BEP 47). */
  pad: boolean;
}
