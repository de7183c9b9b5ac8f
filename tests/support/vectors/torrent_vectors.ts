/**
 * Torrents of formula content, described as the published vectors describe them, with their hashes
 * computed by other programs.
 * @module
 */

import { concat, fromHex } from "../../../lib/codec/bytes.ts";
import { sha1 } from "../../../lib/codec/hash.ts";
import {
  blockHashes,
  merkleRoot,
  paddedBlocks,
  pieceHash,
} from "../../../lib/codec/torrent/merkle.ts";
import {
  type InfoFile,
  type InfoSpec,
  padAfter,
  type TorrentVersion,
} from "../../../lib/codec/torrent/metainfo.ts";
import { formulaBytes } from "../../../support/content.ts";

/** Length, SHA-1, SHA-256 and v2 root of formula content. */
export const CONTENT_VECTORS = [
  {
    length: 1,
    sha1: "9842926af7ca0a8cca12604f945414f07b01e13d",
    sha256: "084fed08b978af4d7d196a7446a86b58009e636b611db16211b65a9aadff29c5",
    root: "084fed08b978af4d7d196a7446a86b58009e636b611db16211b65a9aadff29c5",
  },
  {
    length: 5,
    sha1: "941f194daa0adbdf8582dbf3691a6288329d2be6",
    sha256: "c0a7188b4e87d64b5ff6dbedc69629b41ded38b08f0f79b85c5b63ed4a6b4646",
    root: "c0a7188b4e87d64b5ff6dbedc69629b41ded38b08f0f79b85c5b63ed4a6b4646",
  },
  {
    length: 16384,
    sha1: "82c735d4ba0315487ca989963138d78f3378c946",
    sha256: "90b834666bd99804aad5f0d312a8862f91872e635fd6063d42fe787c4e1d84ee",
    root: "90b834666bd99804aad5f0d312a8862f91872e635fd6063d42fe787c4e1d84ee",
  },
  {
    length: 16385,
    sha1: "bbf7e6ce25d8693fdffc8e5c087c1231dd4fbc1c",
    sha256: "b6f80d243c7df4a24b21033a7081459a4bec6bd0d90332ed204e922f4be60145",
    root: "cb0b7d4a5957d021a52428ba33dac06cbb4fe7c90c57d68188e216b70eacc49f",
  },
  {
    length: 32768,
    sha1: "9e0856c18fc0cc3d2d47135b706bcf3c6878b13c",
    sha256: "4f4e63eece56f25e5d98264c62891f846c1b9566ca7501d42c890ed79ef7e21e",
    root: "6b7702ec93fd7bde4fccf7123b679a0703843fe9d838e7bc9ac4eee2c26e3923",
  },
  {
    length: 49157,
    sha1: "7c68305a127f507e190cf9eac641a9d6b36bc8e2",
    sha256: "7801b7a4eed1d3794594908f05296099e9e7874d0881d643b4bf093a35bda732",
    root: "592fd1aa7fc999029cd44cea0048d72e91b6167cd688229e2c7d3e33fa9889fd",
  },
  {
    length: 65536,
    sha1: "7b368dcaa8082613cbce5bd3772274fe16567846",
    sha256: "93d1a595bb5828c088e99c53df8dca5511567b7724bc2325cf3e54d725fa069b",
    root: "88866eeb00fd9d7f8d4b79a31bf452581a9788c0190bf03a1e122a4a19111f80",
  },
  {
    length: 81921,
    sha1: "284b709fb630d004322d789bfcac33027e102127",
    sha256: "1fa6d54bd89288c4c254a4033170af998df1c124483fbfcceccb41736b3e92f2",
    root: "f61b411edd5deec7aec1a7db8c172916d1022bcf9964c7fca4577eef1424adf0",
  },
  {
    length: 100000,
    sha1: "b7555387ac439464653af06a617526b53bb6eeaa",
    sha256: "5889ab642baa09c41570b8888cbf45f3762152cea2490ea6b150208a99c92b10",
    root: "43ae2698d3c75be7703641a82c823d1b513b5e7315bfcc2e5ac089dc16476c63",
  },
] as const;

/** The info dictionary of the v2 vector torrent: 100,000 bytes of formula content, 164 bytes itself. */
export const V2_INFO = fromHex(
  "64393a66696c6520747265656431333a7665633130303030302e62696e64303a64363a6c656e67746869313030303030" +
    "6531313a70696563657320726f6f7433323a43ae2698d3c75be7703641a82c823d1b513b5e7315bfcc2e5ac089dc16" +
    "476c6365656531323a6d6574612076657273696f6e693265343a6e616d6531333a7665633130303030302e62696e31" +
    "323a7069656365206c656e6774686933323736386565",
);

/** The vector torrents' folder `vec`, in tree order. */
export const VEC_FILES = [
  formulaFile(["a.bin"], 1),
  formulaFile(["d.bin"], 5),
  formulaFile(["e.bin"], 0),
  formulaFile(["sub", "b.bin"], 16385),
];

/** A file of formula content, with its root unless it is empty. */
export function formulaFile(path: string[], length: number): InfoFile {
  if (length === 0) return { path, length };
  return { path, length, root: merkleRoot(blockHashes(formulaBytes(length)), 0) };
}

/** The packed piece hashes of formula content in v2. */
export function formulaLayer(length: number, pieceLength: number): Uint8Array {
  return concat(
    ...pieces(formulaBytes(length), pieceLength)
      .map((piece) => pieceHash(piece, paddedBlocks(length, pieceLength))),
  );
}

/** The packed SHA-1 piece hashes of files of formula content, padded as a multi-file hybrid is. */
export function formulaPieces(
  files: InfoFile[],
  pieceLength: number,
  version: TorrentVersion,
  multiFile = files.length > 1,
): Uint8Array {
  const pad = version === "hybrid" && multiFile;
  const stream = concat(
    ...files.flatMap(({ length }) => [
      formulaBytes(length),
      new Uint8Array(pad ? padAfter(length, pieceLength) : 0),
    ]),
  );
  return concat(...pieces(stream, pieceLength).map((piece) => sha1(piece)));
}

/** What {@linkcode buildInfo} needs for these files; several are the folder `vec`. */
export function infoOf(
  version: TorrentVersion,
  files: InfoFile[],
  pieceLength: number,
  name?: string,
): InfoSpec {
  const multiFile = files.length > 1;
  const spec: InfoSpec = {
    name: name ?? (multiFile ? "vec" : files[0]!.path[0]!),
    pieceLength,
    version,
    files,
    multiFile,
  };
  if (version !== "v2") spec.pieces = formulaPieces(files, pieceLength, version);
  return spec;
}

function pieces(stream: Uint8Array, pieceLength: number): Uint8Array[] {
  const count = Math.ceil(stream.length / pieceLength);
  return Array.from(
    { length: count },
    (_, i) => stream.subarray(i * pieceLength, (i + 1) * pieceLength),
  );
}
