/**
 * The files of a v2 info dictionary (BEP 52): a tree of dictionaries whose keys are path components.
 *
 * @module
 */

import { TorrentError } from "../errors.ts";
import type { Bencode, BencodeDict } from "./bencode.ts";
import { bytesAt, isDict } from "./bencode_fields.ts";
import { fromLatin1 } from "./bytes.ts";
import { attributesOf, checkDepth, lengthOf } from "./file_list.ts";
import type { TorrentFile } from "./info.ts";
import { HASH_LENGTH } from "./merkle.ts";
import { originalPath, safeComponent } from "./path_safety.ts";

/** The key that makes a dictionary a file: no path component is empty. */
const FILE_KEY = "";

/**
 * Reads a `file tree`, depth first in the order of its keys. Symbolic links are left out.
 *
 * @returns the files, and whether the tree is a single file at its top.
 * @throws TorrentError when a node is neither file nor folder, or a file breaks BEP 52.
 */
export function parseFileTree(tree: BencodeDict): { files: TorrentFile[]; singleFile: boolean } {
  if (tree.has(FILE_KEY)) {
    throw new TorrentError("the torrent's file tree has a file without a name");
  }
  const files: TorrentFile[] = [];
  // The depth is bounded by the decoder's limit as well as by checkDepth.
  const walk = (folder: BencodeDict, path: string[], raw: Uint8Array[]) => {
    for (const [key, node] of folder) {
      if (!isDict(node)) {
        throw new TorrentError(
          "the torrent's file tree has an entry that is neither file nor folder",
        );
      }
      const name = fromLatin1(key);
      const below = [...path, safeComponent(name)];
      const rawBelow = [...raw, name];
      checkDepth(below.length);
      if (!node.has(FILE_KEY)) {
        walk(node, below, rawBelow);
        continue;
      }
      if (node.size > 1) {
        throw new TorrentError(
          "the torrent's file tree has an entry that is both file and folder",
        );
      }
      const file = parseFile(node.get(FILE_KEY), below);
      if (file === undefined) continue;
      const original = originalPath(rawBelow, below);
      files.push(original === undefined ? file : { ...file, original });
    }
  };
  walk(tree, [], []);
  const [top] = tree.values();
  const singleFile = tree.size === 1 && isDict(top) && top.has(FILE_KEY);
  return { files, singleFile };
}

function parseFile(properties: Bencode | undefined, path: string[]): TorrentFile | undefined {
  if (!isDict(properties)) {
    throw new TorrentError("the torrent's file tree has a file without properties");
  }
  const attributes = attributesOf(properties);
  if (attributes.includes("l")) return undefined;
  if (attributes.includes("p")) {
    throw new TorrentError(
      "the torrent's file tree has a pad file, which version 2 does not allow",
    );
  }
  const length = lengthOf(properties);
  if (length === 0) return { path, length, pad: false };
  const root = bytesAt(properties, "pieces root");
  if (root === undefined || root.length !== HASH_LENGTH || root.every((byte) => byte === 0)) {
    throw new TorrentError("the torrent's file tree has a file without a valid root hash");
  }
  return { path, length, pad: false, root };
}
