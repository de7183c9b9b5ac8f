/**
 * The info dictionary. Info-hashes are computed from its bytes, so they are kept unchanged (BEP 3, BEP 52).
 *
 * @module
 */

import { TorrentError } from "../../errors.ts";
import { BencodeError, BencodeReader, type Fields } from "../bencode.ts";
import { bytesAt, integerAt } from "../bencode_decoder.ts";
import { sha1, SHA1_LENGTH, sha256 } from "../hash.ts";
import { MAX_PATH_DEPTH, parseFileList, parseFileTree, type TorrentFile } from "./file_list.ts";
import { checkPieceLength, MAX_PIECES } from "./piece_length.ts";
import { safeComponent, uniquePaths } from "./safe_path.ts";

/** Which hashes a torrent has: SHA-1 pieces (v1), SHA-256 trees (v2), or both (hybrid). */
export type TorrentVersion = "v1" | "v2" | "hybrid";

/** A validated info dictionary. */
export interface TorrentInfo {
  /** The dictionary's own bytes. */
  bytes: Uint8Array;
  /** Which hashes it has. */
  version: TorrentVersion;
  /** A safe name for the file or folder. */
  name: string;
  /** Bytes. */
  pieceLength: number;
  /** In v1 order with pads; in tree order for v2 alone. */
  files: TorrentFile[];
  /** Whether the torrent is a folder. */
  multiFile: boolean;
  /** Bytes of all files, without pads. */
  totalLength: number;
  /** Only the torrent's own trackers may supply peers (BEP 27). */
  private: boolean;
  /** SHA-1 of each piece, packed; absent in v2. */
  pieces?: Uint8Array;
  /** SHA-1 of {@link bytes} (20 bytes); absent in v2. */
  v1Hash?: Uint8Array;
  /** SHA-256 of {@link bytes} (32 bytes); absent in v1. */
  v2Hash?: Uint8Array;
}

/**
 * The maximum nesting depth of an info dictionary: itself, the tree, the components of the deepest path,
 * and the file's properties.
 */
export const MAX_INFO_DEPTH = MAX_PATH_DEPTH + 3;

/** The keys read from an info dictionary. */
const INFO_KEYS = new Set([
  "file tree",
  "files",
  "length",
  "meta version",
  "name",
  "name.utf-8",
  "piece length",
  "pieces",
  "private",
]);

/**
 * Parses an info dictionary, from a torrent file or from peers. One with a v2 half must be canonical
 * bencoding; in v1 alone, the mistakes of old programs are tolerated. Empty torrents are legal.
 *
 * @throws TorrentError with one sentence that says what is wrong.
 */
export function parseInfo(bytes: Uint8Array): TorrentInfo {
  try {
    return readInfo(bytes);
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    throw new TorrentError(`the torrent's info dictionary is malformed: ${error.message}`, {
      cause: error,
    });
  }
}

function readInfo(bytes: Uint8Array): TorrentInfo {
  const fields = outline(bytes, false);
  const { scalars } = fields;
  const metaVersion = integerAt(scalars, "meta version") ?? 0;
  if (metaVersion > 0) outline(bytes, true);
  if (metaVersion > 2) {
    throw new TorrentError(
      `the torrent is of version ${metaVersion}; Shoal knows versions 1 and 2`,
    );
  }
  const isV2 = metaVersion === 2;
  const pieceLength = integerAt(scalars, "piece length");
  if (pieceLength === undefined) throw new TorrentError("the torrent has no piece length");
  checkPieceLength(pieceLength, isV2);
  const name = nameOf(fields);
  if (has(fields, "file tree") !== isV2) {
    throw new TorrentError("the torrent's file tree and its version do not go together");
  }

  const v2 = isV2 ? readV2(bytes, fields) : undefined;
  const v1 = !isV2 || hasV1Keys(fields) ? readV1(bytes, fields, name, pieceLength) : undefined;
  const { files, multiFile } = v1 !== undefined && v2 !== undefined
    ? joinHalves(v1, v2, pieceLength)
    : (v1 ?? v2)!;
  checkTotals(files, pieceLength, isV2);
  const info: TorrentInfo = {
    bytes,
    version: v2 === undefined ? "v1" : v1 === undefined ? "v2" : "hybrid",
    // A single v2 file takes its name from the tree; in a hybrid both names are equal.
    name: multiFile ? name : files[0]!.path[0]!,
    pieceLength,
    files: withUniquePaths(files),
    multiFile,
    totalLength: lengthOfAll(files.filter((file) => !file.pad)),
    private: (integerAt(scalars, "private") ?? 0) !== 0,
  };
  if (v1 !== undefined) {
    info.pieces = checkedPieces(fields, lengthOfAll(v1.files), pieceLength);
    info.v1Hash = sha1(bytes);
  }
  if (v2 !== undefined) info.v2Hash = sha256(bytes);
  return info;
}

/** The files according to one half of the dictionary. */
interface Half {
  files: TorrentFile[];
  multiFile: boolean;
}

/** Scans the whole dictionary without building the lists and dictionaries in it. */
function outline(bytes: Uint8Array, strict: boolean): Fields {
  const reader = new BencodeReader(bytes, { strict, maxDepth: MAX_INFO_DEPTH });
  if (reader.kind !== "dict") throw new TorrentError("the torrent's info is not a dictionary");
  const fields = reader.fields(INFO_KEYS);
  if (reader.at !== bytes.length) throw new BencodeError("bytes follow the value", reader.at);
  return fields;
}

function has({ scalars, places }: Fields, key: string): boolean {
  return scalars.has(key) || places.has(key);
}

function hasV1Keys(fields: Fields): boolean {
  return has(fields, "pieces") || has(fields, "files") || has(fields, "length");
}

/** Any name can be made safe, but an empty one, or one of NUL characters only, is refused. */
function nameOf({ scalars }: Fields): string {
  const raw = bytesAt(scalars, "name.utf-8") ?? bytesAt(scalars, "name");
  if (raw === undefined) throw new TorrentError("the torrent has no name");
  if (raw.every((byte) => byte === 0)) throw new TorrentError("the torrent's name is empty");
  return safeComponent(raw);
}

function readV1(bytes: Uint8Array, fields: Fields, name: string, pieceLength: number): Half {
  if (has(fields, "length") === has(fields, "files")) {
    throw new TorrentError("the torrent must have either one length or a list of files");
  }
  if (has(fields, "files")) {
    const list = fields.places.get("files");
    if (list?.kind !== "list") throw new TorrentError("the torrent's file list is not a list");
    return { files: parseFileList(bytes, list.start, pieceLength), multiFile: true };
  }
  const length = integerAt(fields.scalars, "length");
  if (length === undefined || length < 0) {
    throw new TorrentError("the torrent's length is not valid");
  }
  return { files: [{ path: [name], length, pad: false }], multiFile: false };
}

function readV2(bytes: Uint8Array, { places }: Fields): Half {
  const tree = places.get("file tree");
  if (tree?.kind !== "dict") throw new TorrentError("the torrent's file tree is not a dictionary");
  const { files, singleFile } = parseFileTree(bytes, tree.start);
  return { files, multiFile: !singleFile };
}

/**
 * Joins the v1 half's files with the v2 half's roots, after checking that both halves have the same files
 * at the same offsets (BEP 52). Empty files may differ, because they hold no data. Only v1 tells for
 * certain whether the torrent is a folder: a tree of one file looks the same either way.
 */
function joinHalves(v1: Half, v2: Half, pieceLength: number): Half {
  const mismatch = () =>
    new TorrentError(
      "the torrent's version 1 and version 2 halves do not describe the same files",
    );
  const trees = v2.files.filter((file) => file.length > 0).values();
  let offset = 0;
  for (const file of v1.files) {
    if (file.length > 0 && !file.pad) {
      const { value: inTree } = trees.next();
      const same = inTree !== undefined && inTree.length === file.length &&
        offset % pieceLength === 0 && inTree.path.join("/") === file.path.join("/");
      if (!same) throw mismatch();
      file.root = inTree.root!;
    }
    offset += file.length;
  }
  if (!trees.next().done) throw mismatch();
  return v1;
}

function checkTotals(files: TorrentFile[], pieceLength: number, isV2: boolean): void {
  if (files.length === 0) throw new TorrentError("the torrent has no files");
  const total = lengthOfAll(files);
  let pieceCount = Math.ceil(total / pieceLength);
  if (isV2) {
    // Each file starts a new piece.
    pieceCount = files.reduce((sum, file) => sum + Math.ceil(file.length / pieceLength), 0);
  }
  if (!Number.isSafeInteger(total) || pieceCount > MAX_PIECES) {
    throw new TorrentError(`the torrent has more than ${MAX_PIECES} pieces`);
  }
}

function checkedPieces({ scalars }: Fields, v1Length: number, pieceLength: number): Uint8Array {
  const pieces = bytesAt(scalars, "pieces");
  if (pieces?.length !== Math.ceil(v1Length / pieceLength) * SHA1_LENGTH) {
    throw new TorrentError("the torrent's number of piece hashes does not fit its length");
  }
  return pieces;
}

function withUniquePaths(files: TorrentFile[]): TorrentFile[] {
  const real = files.filter((file) => !file.pad);
  const paths = uniquePaths(real.map((file) => file.path));
  for (const [i, file] of real.entries()) file.path = paths[i]!;
  return files;
}

function lengthOfAll(files: TorrentFile[]): number {
  return files.reduce((sum, file) => sum + file.length, 0);
}
