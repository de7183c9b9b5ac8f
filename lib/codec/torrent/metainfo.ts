/**
 * The torrent file: an info dictionary, and fields around it that do not affect its hash (BEP 3, 12, 19,
 * 52).
 *
 * @module
 */

import { TorrentError } from "../../errors.ts";
import { BencodeError, BencodeReader, dictOf, encode, type Fields } from "../bencode.ts";
import { bytesAt, integerAt } from "../bencode_decoder.ts";
import type { BencodeDict } from "../bencode_value.ts";
import { concat, fromHex, fromLatin1, hex, latin1, textOf, utf8 } from "../bytes.ts";
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
export { parseInfo, type TorrentInfo, type TorrentVersion } from "./info.ts";
export { chooseFolderPieceLength, choosePieceLength } from "./piece_length.ts";
export type { TorrentFile } from "./file_list.ts";

/** The keys read from a torrent file. */
const METAINFO_KEYS = new Set([
  "announce",
  "announce-list",
  "comment",
  "comment.utf-8",
  "created by",
  "creation date",
  "info",
  "piece layers",
  "url-list",
]);

/** The largest torrent file to read, in bytes: enough for the hashes of a million hybrid pieces. */
export const MAX_METAINFO_LENGTH = 64 * 1024 * 1024;

/** The most trackers, and the most web seeds, read from a torrent file, whose lists may have any length. */
const MAX_URLS = 1000;
/** The longest URL, in bytes; signed ones have about 2,000. */
const MAX_URL_LENGTH = 8192;
/** Longer comments are cut, in bytes. */
const MAX_COMMENT_LENGTH = 64 * 1024;

/** A validated torrent file. */
export interface Metainfo {
  /** The torrent's info dictionary. */
  info: TorrentInfo;
  /** Tracker URLs in tiers: all of a tier is tried before the next (BEP 12). */
  trackers: string[][];
  /**
   * Packed piece hashes by the file's root in hex. Files of one piece have none; other files may lack
   * theirs.
   */
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

/** The input of {@link buildMetainfo}. */
interface MetainfoSpec extends Omit<Partial<Metainfo>, "info"> {
  /** The info dictionary's bytes, written unchanged. */
  infoBytes: Uint8Array;
}

/**
 * Parses a torrent file. Ignores bytes after its end, and fields of the wrong type outside the info
 * dictionary; checks piece layers against their roots.
 *
 * @throws TorrentError with one sentence that says what is wrong.
 */
export function parseMetainfo(bytes: Uint8Array): Metainfo {
  if (bytes.length > MAX_METAINFO_LENGTH) {
    throw new TorrentError(`the torrent file is larger than ${MAX_METAINFO_LENGTH} bytes`);
  }
  try {
    return readMetainfo(bytes);
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error;
    throw new TorrentError(`this is not a torrent file: ${error.message}`, { cause: error });
  }
}

function readMetainfo(bytes: Uint8Array): Metainfo {
  const reader = readerOf(bytes);
  if (reader.kind !== "dict") {
    throw new TorrentError("this is not a torrent file: it is not a dictionary");
  }
  const fields = reader.fields(METAINFO_KEYS, true);
  const place = fields.places.get("info");
  if (place?.kind !== "dict") {
    throw new TorrentError("this is not a torrent file: it has no info dictionary");
  }
  // Copies, so that a few views do not keep the whole file in memory.
  const info = parseInfo(bytes.slice(place.start, place.end));
  const metainfo: Metainfo = {
    info,
    trackers: trackersOf(bytes, fields),
    pieceLayers: info.version === "v1" ? new Map() : pieceLayersOf(bytes, fields, info),
    webSeeds: webSeedsOf(bytes, fields),
  };
  const { scalars } = fields;
  const comment = bytesAt(scalars, "comment.utf-8") ?? bytesAt(scalars, "comment");
  const createdBy = bytesAt(scalars, "created by");
  const creationDateSeconds = integerAt(scalars, "creation date");
  if (comment !== undefined) metainfo.comment = shortTextOf(comment);
  if (createdBy !== undefined) metainfo.createdBy = shortTextOf(createdBy);
  if (creationDateSeconds !== undefined) metainfo.creationDateSeconds = creationDateSeconds;
  return metainfo;
}

/**
 * Builds the canonical bytes of a torrent file. `announce` holds the first tracker; more go into an
 * `announce-list`.
 */
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

function readerOf(bytes: Uint8Array, start = 0): BencodeReader {
  return new BencodeReader(bytes, { strict: false, maxDepth: MAX_INFO_DEPTH + 1 }, start);
}

function layersDict(pieceLayers: Map<string, Uint8Array>): BencodeDict | undefined {
  if (pieceLayers.size === 0) return undefined;
  return new Map(
    [...pieceLayers].map(([root, layer]) => [latin1(fromHex(root)), layer] as const),
  );
}

function trackersOf(bytes: Uint8Array, { scalars, places }: Fields): string[][] {
  const tiers: string[][] = [];
  const list = places.get("announce-list");
  if (list?.kind === "list") {
    const reader = readerOf(bytes, list.start);
    let room = MAX_URLS;
    reader.enter();
    while (room > 0 && reader.more()) {
      const tier = reader.kind === "list" ? urlsOf(reader, room) : void reader.skip();
      if (tier === undefined || tier.length === 0) continue;
      tiers.push(tier);
      room -= tier.length;
    }
  }
  if (tiers.length > 0) return tiers;
  const announce = urlOf(bytesAt(scalars, "announce"));
  return announce === undefined ? [] : [[announce]];
}

function webSeedsOf(bytes: Uint8Array, { scalars, places }: Fields): string[] {
  const only = urlOf(bytesAt(scalars, "url-list"));
  if (only !== undefined) return [only];
  const list = places.get("url-list");
  return list?.kind === "list" ? urlsOf(readerOf(bytes, list.start), MAX_URLS) : [];
}

/** The first URLs of the next list; skips anything else in it. */
function urlsOf(reader: BencodeReader, room: number): string[] {
  const urls: string[] = [];
  reader.enter();
  while (reader.more()) {
    const item = reader.kind === "string" && urls.length < room
      ? reader.value()
      : void reader.skip();
    const url = urlOf(item instanceof Uint8Array ? item : undefined);
    if (url !== undefined) urls.push(url);
  }
  return urls;
}

/** The text without surrounding spaces, which some programs leave; `undefined` when it is no URL. */
function urlOf(text: Uint8Array | undefined): string | undefined {
  if (text === undefined || text.length > MAX_URL_LENGTH) return undefined;
  return textOf(text).trim() || undefined;
}

function shortTextOf(text: Uint8Array): string {
  return textOf(text.subarray(0, MAX_COMMENT_LENGTH));
}

/**
 * Every layer must belong to a file of the torrent and hash up to its root; some may be missing (BEP 52).
 */
function pieceLayersOf(
  bytes: Uint8Array,
  { scalars, places }: Fields,
  info: TorrentInfo,
): Map<string, Uint8Array> {
  const layers = new Map<string, Uint8Array>();
  const place = places.get("piece layers");
  if (place === undefined && !scalars.has("piece layers")) return layers;
  if (place?.kind !== "dict") {
    throw new TorrentError("the torrent's piece layers are not a dictionary");
  }
  const lengths = lengthsByRoot(info);
  const reader = readerOf(bytes, place.start);
  reader.enter();
  while (reader.more()) {
    const root = reader.key();
    const fileLengths = lengths.get(root);
    if (fileLengths === undefined) {
      throw new TorrentError("the torrent has a piece layer that belongs to none of its files");
    }
    const layer = reader.kind === "string" ? reader.value() : void reader.skip();
    for (const length of fileLengths) checkLayer(root, layer, length, info.pieceLength);
    // A file has one row of hashes, so a second one must be false.
    if (layers.has(hex(fromLatin1(root)))) {
      throw new TorrentError("the torrent has two piece layers for one file");
    }
    layers.set(hex(fromLatin1(root)), (layer as Uint8Array).slice());
  }
  return layers;
}

/**
 * The lengths of the files that have a piece layer, by root as a binary string. Files with the same root
 * and piece count share the proof, so that many cost no more than one.
 */
function lengthsByRoot({ files, pieceLength }: TorrentInfo): Map<string, number[]> {
  const lengths = new Map<string, number[]>();
  const seen = new Set<string>();
  for (const { root, length } of files) {
    if (root === undefined || length <= pieceLength) continue;
    const key = latin1(root);
    const proof = `${key} ${Math.ceil(length / pieceLength)}`;
    if (seen.has(proof)) continue;
    seen.add(proof);
    lengths.set(key, [...lengths.get(key) ?? [], length]);
  }
  return lengths;
}

function checkLayer(root: string, layer: unknown, length: number, pieceLength: number): void {
  const isProved = layer instanceof Uint8Array &&
    checkPieceLayer(fromLatin1(root), layer, length, pieceLength);
  if (!isProved) {
    throw new TorrentError("a piece layer of the torrent does not match its file's root hash");
  }
}
