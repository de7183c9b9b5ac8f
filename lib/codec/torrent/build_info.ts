/**
 * Builds an info dictionary, the canonical bytes that a new torrent's info-hashes are computed from.
 *
 * @module
 */

import { TorrentError } from "../../errors.ts";
import { dictOf, encode } from "../bencode.ts";
import type { Bencode, BencodeDict } from "../bencode_value.ts";
import { compareBytes, latin1, utf8 } from "../bytes.ts";
import type { TorrentVersion } from "./info.ts";
import { checkPieceLength } from "./piece_length.ts";

/** A file of a new torrent. */
export interface InfoFile {
  /**
   * Components below the torrent's name; ignored in a single-file torrent, which has the torrent's name.
   */
  path: string[];
  /** Bytes. */
  length: number;
  /** Root of the file's tree (32 bytes), for v2 and hybrid unless the file is empty. */
  root?: Uint8Array;
}

/** The input of {@link buildInfo}. */
export interface InfoSpec {
  /** Name of the file or folder. */
  name: string;
  /** Bytes. */
  pieceLength: number;
  /** Which hashes to write. */
  version: TorrentVersion;
  /** Only the torrent's own trackers may supply peers (BEP 27). */
  private?: boolean;
  /** Exactly one unless `multiFile`; for v2 and hybrid in the order of {@link compareTreePaths}. */
  files: InfoFile[];
  /** Whether the torrent is a folder. */
  multiFile: boolean;
  /**
   * SHA-1 of each piece, packed, for v1 and hybrid. In a hybrid, it includes the padding of
   * {@link padAfter}.
   */
  pieces?: Uint8Array;
}

/**
 * The bytes of an info dictionary. A hybrid of several files gets the pad files of {@link paddings}.
 *
 * @throws TorrentError when the piece length breaks the rules, hashes are missing, or files are out of order.
 */
export function buildInfo(spec: InfoSpec): Uint8Array {
  const { name, pieceLength, version, files, multiFile } = spec;
  const v1 = version !== "v2";
  const v2 = version !== "v1";
  checkPieceLength(pieceLength, v2);
  if (files.length === 0 || (!multiFile && files.length > 1)) {
    throw new TorrentError("a torrent has one file, or a folder of at least one");
  }
  if (v1 && spec.pieces === undefined) {
    throw new TorrentError("the torrent's piece hashes are missing");
  }
  return encode(dictOf({
    "file tree": v2 ? fileTree(spec) : undefined,
    files: v1 && multiFile ? fileList(spec) : undefined,
    length: v1 && !multiFile ? files[0]!.length : undefined,
    "meta version": v2 ? 2 : undefined,
    name: utf8(name),
    "piece length": pieceLength,
    pieces: v1 ? spec.pieces : undefined,
    private: spec.private ? 1 : undefined,
  }));
}

/** The number of zeros between the end of a file and the next piece boundary. */
export function padAfter(fileLength: number, pieceLength: number): number {
  return (pieceLength - fileLength % pieceLength) % pieceLength;
}

/**
 * The length of the pad file after each file of a new torrent, 0 for none. In a hybrid of several files
 * every file is padded to a piece boundary, including the last, as libtorrent and BEP 52's reference
 * creator do. The only file of a folder is not padded, as in libtorrent.
 */
export function paddings(
  files: readonly { readonly length: number }[],
  pieceLength: number,
  version: TorrentVersion,
): number[] {
  const isPadded = version === "hybrid" && files.length > 1;
  return files.map(({ length }) => isPadded ? padAfter(length, pieceLength) : 0);
}

/**
 * The order of files in a v2 tree: folder by folder, names by their UTF-8 bytes. A hybrid's v1 file list
 * must use the same order.
 */
export function compareTreePaths(a: string[], b: string[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = a[i] === b[i] ? 0 : compareBytes(utf8(a[i]!), utf8(b[i]!));
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function fileList({ files, pieceLength, version }: InfoSpec): Bencode[] {
  const list: Bencode[] = [];
  const pads = paddings(files, pieceLength, version);
  for (const [i, { path, length }] of files.entries()) {
    list.push(dictOf({ length, path: path.map(utf8) }));
    const pad = pads[i]!;
    if (pad === 0) continue;
    list.push(dictOf({ attr: utf8("p"), length: pad, path: [utf8(".pad"), utf8(String(pad))] }));
  }
  return list;
}

function fileTree({ files, multiFile, name }: InfoSpec): BencodeDict {
  const tree: BencodeDict = new Map();
  for (const [i, file] of files.entries()) {
    if (i > 0 && compareTreePaths(files[i - 1]!.path, file.path) >= 0) {
      throw new TorrentError("the torrent's files are not in the order of version 2");
    }
    const components = (multiFile ? file.path : [name]).map((component) => latin1(utf8(component)));
    let folder = tree;
    for (const component of components) {
      const below = folder.get(component) as BencodeDict | undefined ?? new Map();
      folder.set(component, below);
      folder = below;
    }
    if (file.length > 0 && file.root === undefined) {
      throw new TorrentError("the root hash of one of the torrent's files is missing");
    }
    const root = file.length > 0 ? file.root : undefined;
    folder.set("", dictOf({ length: file.length, "pieces root": root }));
  }
  return tree;
}
