/**
 * The files of a v2 info dictionary (BEP 52): a tree of dictionaries whose keys are path components.
 *
 * @module
 */

import { TorrentError } from "../errors.ts";
import { BencodeReader } from "./bencode.ts";
import { bytesAt } from "./bencode_fields.ts";
import { fromLatin1 } from "./bytes.ts";
import { attributesOf, checkDepth, checkedLength, MAX_PATH_DEPTH } from "./file_list.ts";
import type { TorrentFile } from "./info.ts";
import { HASH_LENGTH } from "./merkle.ts";
import { type SafePath, SafePaths } from "./path_safety.ts";

/** The key that makes a dictionary a file: no path component is empty. */
const FILE_KEY = "";

const PROPERTY_KEYS = new Set(["attr", "length", "pieces root"]);

/** The tree, the components of the deepest path, and the file's properties. */
const MAX_TREE_DEPTH = MAX_PATH_DEPTH + 2;

/**
 * Reads a `file tree`, depth first in the order of its keys. Symbolic links are left out.
 *
 * @param bytes the info dictionary
 * @param start where the tree begins in it
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
        // Keys are in order: this one is the first.
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
