/**
 * Info dictionaries to damage, and how to damage them.
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { decode, dictOf, encode } from "../../../lib/codec/bencode.ts";
import type { Bencode, BencodeDict } from "../../../lib/codec/bencode_value.ts";
import { buildInfo, parseInfo, type TorrentVersion } from "../../../lib/codec/torrent/metainfo.ts";
import { TorrentError } from "../../../lib/errors.ts";
import { formulaFile, infoOf, VEC_FILES } from "./torrent_vectors.ts";

/** A dictionary to damage: the folder `vec` with pieces of 16 KiB. */
export function vec(version: TorrentVersion): BencodeDict {
  return decode(buildInfo(infoOf(version, VEC_FILES, 16384))) as BencodeDict;
}

/** A one-file dictionary to damage: 100,000 bytes with pieces of 32 KiB. */
export function single(version: TorrentVersion): BencodeDict {
  const files = [formulaFile(["x.bin"], 100_000)];
  return decode(buildInfo(infoOf(version, files, 32768))) as BencodeDict;
}

/** A copy with other values; undefined takes a key out. */
export function changed(
  dict: BencodeDict,
  changes: Record<string, Bencode | undefined>,
): BencodeDict {
  const copy = new Map(dict);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) copy.delete(key);
    else copy.set(key, value);
  }
  return copy;
}

/** The dictionary is refused as a torrent, with a sentence that contains this. */
export function assertRefused(dict: BencodeDict, sentence: string): void {
  const error = assertThrows(() => parseInfo(encode(dict)), TorrentError, sentence);
  assertEquals(error.exitCode, 26);
}

/** A v2 tree of one file with the given properties. */
export function treeOf(properties: Bencode): BencodeDict {
  return new Map([["x.bin", new Map([["", properties]])]]);
}

/** Properties of a file of one byte in a v2 tree. */
export const FILE = dictOf({ length: 1, "pieces root": new Uint8Array(32).fill(7) });
