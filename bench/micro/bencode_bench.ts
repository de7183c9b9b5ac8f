/**
 * The cost of decoding and encoding the metadata of 100,000 pieces, and small dictionaries.
 *
 *     deno bench -A bench/micro/bencode_bench.ts
 *
 * @module
 */

import { decode, encode } from "../../lib/codec/bencode.ts";
import { buildInfo } from "../../lib/codec/torrent/build_info.ts";
import { buildMetainfo, parseMetainfo } from "../../lib/codec/torrent/metainfo.ts";
import { encodeExtendedHandshake } from "../../lib/codec/wire/extension.ts";
import { decodePex, encodePex } from "../../lib/codec/wire/pex.ts";

const PIECES = 100_000;
const PIECE_LENGTH = 1024 * 1024;
const FILES = 10_000;

const oneFile = torrentOf([{ path: ["file"], length: PIECES * PIECE_LENGTH }]);
const manyFiles = torrentOf(
  Array.from({ length: FILES }, (_, i) => ({
    path: [`folder ${i % 100}`, `file ${i}`],
    length: PIECES / FILES * PIECE_LENGTH,
  })),
);

/** A v1 torrent of these files. */
function torrentOf(files: { path: string[]; length: number }[]): Uint8Array {
  const infoBytes = buildInfo({
    name: "benchmark",
    pieceLength: PIECE_LENGTH,
    version: "v1",
    files,
    multiFile: files.length > 1,
    pieces: new Uint8Array(20 * PIECES),
  });
  return buildMetainfo({ infoBytes, trackers: [], pieceLayers: new Map() });
}

const value = decode(oneFile);
const filesValue = decode(manyFiles);

Deno.bench("decode a .torrent of 100,000 pieces", () => void decode(oneFile));
Deno.bench("encode a .torrent of 100,000 pieces", () => void encode(value));
Deno.bench("decode a .torrent of 10,000 files", () => void decode(manyFiles));
Deno.bench("encode a .torrent of 10,000 files", () => void encode(filesValue));
Deno.bench("read and check a .torrent of 100,000 pieces", () => void parseMetainfo(oneFile));
Deno.bench("read and check a .torrent of 10,000 files", () => void parseMetainfo(manyFiles));

const handshake = encodeExtendedHandshake({
  ids: new Map([["ut_metadata", 2], ["ut_pex", 1], ["lt_donthave", 3]]),
  port: 6881,
  client: "benchmark",
  requestQueue: 1024,
  metadataSize: 40_000,
});
const added = Array.from({ length: 50 }, (_, i) => ({ host: `10.0.0.${i}`, port: 6881, flags: 0 }));
const pex = encodePex({ added, dropped: [] });

Deno.bench("decode an extended handshake", () => void decode(handshake));
Deno.bench("decode a peer exchange message of 50 peers", () => void decodePex(pex));
Deno.bench("encode a peer exchange message of 50 peers", () => {
  encodePex({ added, dropped: [] });
});
