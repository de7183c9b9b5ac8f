/**
 * The torrent file: an info dictionary, and around it what does not change its hash (BEP 3, 12, 19, 52).
 *
 * @module
 */

import { TorrentError } from "../errors.ts";
import {
  type Bencode,
  type BencodeDict,
  BencodeError,
  type Decoded,
  decodePrefix,
  dictOf,
  encode,
} from "./bencode.ts";
import { bytesAt, dictAt, integerAt, isDict, listAt } from "./bencode_fields.ts";
import { concat, fromHex, fromLatin1, hex, latin1, textOf, utf8 } from "./bytes.ts";
import { MAX_INFO_DEPTH, parseInfo, type TorrentInfo } from "./info.ts";
import { checkPieceLayer } from "./merkle.ts";

export {
  buildInfo,
  compareTreePaths,
  type InfoFile,
  type InfoSpec,
  padAfter,
  paddings,
} from "./build_info.ts";
export { parseInfo, type TorrentFile, type TorrentInfo, type TorrentVersion } from "./info.ts";
export { chooseFolderPieceLength, choosePieceLength } from "./piece_length.ts";

/** The largest torrent file worth reading, in bytes: room for the hashes of a million hybrid pieces. */
export const MAX_METAINFO_LENGTH = 64 * 1024 * 1024;

/** What a torrent file says, checked. */
export interface Metainfo {
  /** What the torrent is. */
  info: TorrentInfo;
  /** Tracker URLs in tiers: a tier is tried as a whole before the next (BEP 12). */
  trackers: string[][];
  /** Packed piece hashes by the file's root in hex; files of one piece have none, others may lack theirs. */
  pieceLayers: Map<string, Uint8Array>;
  /** URLs that serve the files over HTTP (BEP 19). */
  webSeeds: string[];
  /** Free text. */
  comment?: string;
  /** The program that made the file. */
  createdBy?: string;
  /** Seconds since 1970. */
  creationDateSeconds?: number;
}

/** What {@link buildMetainfo} puts into a torrent file. */
export interface MetainfoSpec extends Omit<Partial<Metainfo>, "info"> {
  /** The info dictionary's own bytes, which go in as they are. */
  infoBytes: Uint8Array;
}

/**
 * Reads a torrent file. Bytes after its end are ignored, as is whatever around the info dictionary has the
 * wrong type; piece layers are checked against their roots.
 *
 * @throws TorrentError with one sentence that says what is wrong.
 */
export function parseMetainfo(bytes: Uint8Array): Metainfo {
  if (bytes.length > MAX_METAINFO_LENGTH) {
    throw new TorrentError(`the torrent file is larger than ${MAX_METAINFO_LENGTH} bytes`);
  }
  const { value: dict, spans } = decodeFile(bytes);
  if (!isDict(dict)) throw new TorrentError("this is not a torrent file: it is not a dictionary");
  if (dictAt(dict, "info") === undefined) {
    throw new TorrentError("this is not a torrent file: it has no info dictionary");
  }
  const { start, end } = spans.get("info")!;
  // Copies, so that the file's bytes need not stay in memory for the sake of a few views.
  const info = parseInfo(bytes.slice(start, end));
  const metainfo: Metainfo = {
    info,
    trackers: trackersOf(dict),
    pieceLayers: info.version === "v1" ? new Map() : pieceLayersOf(dict, info),
    webSeeds: webSeedsOf(dict),
  };
  const comment = bytesAt(dict, "comment.utf-8") ?? bytesAt(dict, "comment");
  const createdBy = bytesAt(dict, "created by");
  const creationDateSeconds = integerAt(dict, "creation date");
  if (comment !== undefined) metainfo.comment = textOf(comment);
  if (createdBy !== undefined) metainfo.createdBy = textOf(createdBy);
  if (creationDateSeconds !== undefined) metainfo.creationDateSeconds = creationDateSeconds;
  return metainfo;
}

/** The canonical bytes of a torrent file. `announce` names the first tracker; more take an `announce-list`. */
export function buildMetainfo(spec: MetainfoSpec): Uint8Array {
  const { trackers = [], pieceLayers, webSeeds = [], comment, createdBy } = spec;
  const tiers = trackers.filter((tier) => tier.length > 0);
  const around = dictOf({
    announce: tiers[0] && utf8(tiers[0][0]!),
    "announce-list": tiers.flat().length > 1 ? tiers.map((tier) => tier.map(utf8)) : undefined,
    comment: comment === undefined ? undefined : utf8(comment),
    "created by": createdBy === undefined ? undefined : utf8(createdBy),
    "creation date": spec.creationDateSeconds,
    "piece layers": pieceLayers && layersDict(pieceLayers),
    "url-list": webSeeds.length > 0 ? webSeeds.map(utf8) : undefined,
  });
  const encoded = new Map<string, Uint8Array>([["info", spec.infoBytes]]);
  for (const [key, value] of around) encoded.set(key, encode(value));
  const parts = [...encoded.keys()].sort().flatMap((key) => [
    encode(fromLatin1(key)),
    encoded.get(key)!,
  ]);
  return concat(utf8("d"), ...parts, utf8("e"));
}

function decodeFile(bytes: Uint8Array): Decoded {
  try {
    return decodePrefix(bytes, { strict: false, maxDepth: MAX_INFO_DEPTH + 1 });
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    throw new TorrentError(`this is not a torrent file: ${error.message}`, error);
  }
}

function layersDict(pieceLayers: Map<string, Uint8Array>): BencodeDict | undefined {
  if (pieceLayers.size === 0) return undefined;
  return new Map(
    [...pieceLayers].map(([root, layer]) => [latin1(fromHex(root)), layer] as const),
  );
}

function trackersOf(dict: BencodeDict): string[][] {
  const tiers = (listAt(dict, "announce-list") ?? [])
    .map((tier) => urlsOf(tier))
    .filter((tier) => tier.length > 0);
  if (tiers.length > 0) return tiers;
  const announce = urlsOf([dict.get("announce") ?? []]);
  return announce.length > 0 ? [announce] : [];
}

function webSeedsOf(dict: BencodeDict): string[] {
  const value = dict.get("url-list");
  return urlsOf(value instanceof Uint8Array ? [value] : value);
}

/** The texts of a list, without the spaces that programs leave around them. */
function urlsOf(list: Bencode | undefined): string[] {
  if (!Array.isArray(list)) return [];
  return list
    .filter((item) => item instanceof Uint8Array)
    .map((item) => textOf(item).trim())
    .filter((url) => url !== "");
}

/** Every layer must belong to a file of the torrent and hash up to its root; some may be missing (BEP 52). */
function pieceLayersOf(dict: BencodeDict, info: TorrentInfo): Map<string, Uint8Array> {
  const layers = new Map<string, Uint8Array>();
  if (!dict.has("piece layers")) return layers;
  const given = dictAt(dict, "piece layers");
  if (given === undefined) {
    throw new TorrentError("the torrent's piece layers are not a dictionary");
  }
  const checked = new Set<string>();
  for (const { root, length } of info.files) {
    if (root === undefined || length <= info.pieceLength) continue;
    const layer = given.get(latin1(root));
    if (layer === undefined) continue;
    const key = hex(root);
    // Files that share a root and a piece count share the proof, so that many cost no more than one.
    const proof = `${key} ${Math.ceil(length / info.pieceLength)}`;
    if (checked.has(proof)) continue;
    checked.add(proof);
    if (!(layer instanceof Uint8Array) || !checkPieceLayer(root, layer, length, info.pieceLength)) {
      throw new TorrentError("a piece layer of the torrent does not match its file's root hash");
    }
    layers.set(key, layer.slice());
  }
  if (layers.size !== given.size) {
    throw new TorrentError("the torrent has a piece layer that belongs to none of its files");
  }
  return layers;
}
