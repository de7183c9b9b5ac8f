/** New torrents: built to the hashes that other programs compute. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { hex } from "../../../lib/codec/bytes.ts";
import { sha1, sha256 } from "../../../lib/codec/hash.ts";
import {
  buildInfo,
  buildMetainfo,
  choosePieceLength,
  compareTreePaths,
  type InfoFile,
  type InfoSpec,
  parseInfo,
  parseMetainfo,
} from "../../../lib/codec/torrent/metainfo.ts";
import { MAX_PIECES } from "../../../lib/codec/torrent/piece_length.ts";
import { TorrentError } from "../../../lib/errors.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";
import {
  formulaFile,
  formulaLayer,
  formulaPieces,
  infoOf,
  V2_INFO,
  VEC_FILES,
} from "../../support/vectors/torrent_vectors.ts";
import { V1_INFO } from "../../support/vectors/wire_vectors.ts";

const permissions = "none";

const VEC_100000 = [formulaFile(["vec100000.bin"], 100_000)];
const F81921 = [formulaFile(["f81921.bin"], 81921)];

/** Torrents whose length and hashes other programs computed. */
const BUILT: { name: string; spec: InfoSpec; length?: number; v1?: string; v2?: string }[] = [
  {
    name: "v1 single file",
    spec: infoOf("v1", VEC_100000, 32768),
    length: 153,
    v1: "82a78d717fa1d94cbb9a488bfbc6a102881234f4",
  },
  {
    name: "v1 private single file",
    spec: { ...infoOf("v1", VEC_100000, 32768), private: true },
    length: 165,
    v1: "9dd08335d477dd850ce6401d3a8bd314c8bb5967",
  },
  {
    name: "v1 folder",
    spec: infoOf("v1", VEC_FILES, 16384),
    length: 216,
    v1: "366eb72c191cf56788a50b2aa1d6442101b056b5",
  },
  {
    name: "v2 single file",
    spec: infoOf("v2", VEC_100000, 32768),
    length: 164,
    v2: "0bde1b392b209cf4c51e4da993a225250a54646509a14d09a3d239f6d1a67fb0",
  },
  {
    name: "v2 file of one byte",
    spec: infoOf("v2", [formulaFile(["one.bin"], 1)], 16384),
    length: 145,
    v2: "389e7d7ca4f8ebd03f7be8ec2d32f18207271e26acd5237c0f84793a5a8d4eca",
  },
  {
    name: "hybrid single file",
    spec: infoOf("hybrid", VEC_100000, 32768),
    length: 271,
    v1: "65e92d78667b9db35c31608b7f4bfaeae3881e9d",
    v2: "61ccc0331966a0a55fd78d46eb1875b0506646ffdf121c86df47929fd9aed425",
  },
  {
    name: "v2 folder",
    spec: infoOf("v2", VEC_FILES, 16384),
    length: 320,
    v2: "e5cd9cf90c3aa6c41bb53c0986d321be7e67fddd485a78fb7837e81cf822a02c",
  },
  {
    name: "hybrid folder",
    spec: infoOf("hybrid", VEC_FILES, 16384),
    length: 682,
    v1: "d0615751b9f8aa87b0e97c1a8b39bd730d7cffe5",
    v2: "001b98326028ffadc3c0d861a2abe07f080567b8aadccb1f9b301801e0109893",
  },
  {
    name: "v1 torrent for other programs",
    spec: infoOf("v1", F81921, 32768),
    v1: "759184fb9e11b67db06eda1ead2a56f3b46ca1db",
  },
  {
    name: "v2 torrent for other programs, 16 KiB",
    spec: infoOf("v2", F81921, 16384),
    v2: "4cde002fd3bc8d93c66acfd645805b20464a1966856addf871402f5e58e4d00f",
  },
  {
    name: "v2 torrent for other programs, 32 KiB",
    spec: infoOf("v2", F81921, 32768),
    v2: "16cc8fec83876dc6e34beb1ec8921c30286ce6cfbadd6dfb85208f86ca69da21",
  },
  {
    name: "hybrid torrent for other programs",
    spec: infoOf("hybrid", F81921, 32768),
    v1: "b92383ced842bdd92314feb82d853135634de336",
    v2: "b444480d68904353f29f03d247d767b1358222991e33535dd00ce364a35b77bd",
  },
];

for (const { name, spec, length, v1, v2 } of BUILT) {
  Deno.test(
    `a ${name} is built with the info-hashes other programs compute`,
    { permissions },
    () => {
      const bytes = buildInfo(spec);
      if (length !== undefined) assertEquals(bytes.length, length);
      if (v1 !== undefined) assertEquals(hex(sha1(bytes)), v1);
      if (v2 !== undefined) assertEquals(hex(sha256(bytes)), v2);
      const info = parseInfo(bytes);
      assertEquals(info.v1Hash && hex(info.v1Hash), v1);
      assertEquals(info.v2Hash && hex(info.v2Hash), v2);
      assertEquals(info.version, spec.version);
      assertEquals(info.private, spec.private ?? false);
      const real = info.files.filter((file) => !file.pad);
      assertEquals(
        real.map(({ path, length }) => ({ path, length })),
        spec.files.map(({ path, length }) => ({ path, length })),
      );
    },
  );
}

Deno.test("the published info dictionaries are built byte for byte", { permissions }, () => {
  assertEquals(buildInfo(infoOf("v1", VEC_100000, 32768)), V1_INFO);
  assertEquals(buildInfo(infoOf("v2", VEC_100000, 32768)), V2_INFO);
});

Deno.test("SHA-1 pieces of the folders are the published ones, pads hashed as zeros", {
  permissions,
}, () => {
  const v1 = hex(formulaPieces(VEC_FILES, 16384, "v1")).match(/.{40}/g);
  assertEquals(v1, [
    "3aba4e39152c1d57ae5275aa540fb0e5792c518e",
    "80bbfb43e211fe1bb1cee860376b0b3e2459b68e",
  ]);
  const hybrid = hex(formulaPieces(VEC_FILES, 16384, "hybrid")).match(/.{40}/g);
  assertEquals(hybrid, [
    "29e079c3734d3ac5d8ec13b44600c645592cef3b",
    "c888b49771c3dc2fac01c7ecfa96474407f773c7",
    "82c735d4ba0315487ca989963138d78f3378c946",
    "cc1e9d63a8bc1a6965a96a56bac5ca2219f7c4dc",
  ]);
});

Deno.test("an info that breaks the rules is not built", { permissions }, () => {
  const good = infoOf("hybrid", VEC_FILES, 16384);
  const { pieces: _, ...withoutPieces } = good;
  const wrong: InfoSpec[] = [
    { ...good, pieceLength: 16383 },
    { ...good, pieceLength: 0 },
    { ...good, files: [] },
    { ...good, multiFile: false },
    withoutPieces,
    { ...good, files: VEC_FILES.toReversed() },
    { ...good, files: [VEC_FILES[0]!, VEC_FILES[0]!] },
    { ...good, files: [{ path: ["a"], length: 1 }] },
  ];
  for (const spec of wrong) assertThrows(() => buildInfo(spec), TorrentError);
});

Deno.test("files are ordered folder by folder, by bytes and not by UTF-16", { permissions }, () => {
  const ordered = [["B"], ["a", "z"], ["a-b"], ["a.b"], ["b"], ["\uffee"], ["🐟"]];
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) {
      assertEquals(Math.sign(compareTreePaths(a, b)), Math.sign(i - j));
    }
  }
});

Deno.test("the piece length grows with the content", { permissions }, () => {
  const KIB = 1024;
  const MIB = 1024 * KIB;
  const GIB = 1024 * MIB;
  const table = [
    [0, 16 * KIB],
    [2_684_355, 16 * KIB],
    [2_684_356, 32 * KIB],
    [10_737_418, 32 * KIB],
    [16 * MIB, 64 * KIB],
    [16 * MIB + 1, 256 * KIB],
    [64 * MIB, 256 * KIB],
    [64 * MIB + 1, 512 * KIB],
    [8 * GIB, 512 * KIB],
    [8 * GIB + 1, MIB],
    [100 * GIB, 8 * MIB],
    [2 ** 40, 16 * MIB],
    [MAX_PIECES * 16 * MIB, 16 * MIB],
  ] as const;
  for (const [total, pieceLength] of table) {
    assertEquals(choosePieceLength(total), pieceLength, `${total}`);
  }
});

Deno.test("random folders survive being built and read, in every version", { permissions }, () => {
  const random = seededRandom(2024);
  const seen = { v1: 0, v2: 0, hybrid: 0, empty: 0, nested: 0, layers: 0 };
  for (let round = 0; round < 120; round++) {
    const version = (["v1", "v2", "hybrid"] as const)[round % 3]!;
    const files = randomFiles(random);
    const spec = { ...infoOf(version, files, 16384), multiFile: true, name: "random" };
    if (version !== "v2") spec.pieces = formulaPieces(files, 16384, version, true);
    const pieceLayers = new Map<string, Uint8Array>();
    if (version !== "v1") {
      for (const { length, root } of files) {
        if (length > 16384) pieceLayers.set(hex(root!), formulaLayer(length, 16384));
      }
    }
    const read = parseMetainfo(buildMetainfo({ infoBytes: buildInfo(spec), pieceLayers }));
    const real = read.info.files.filter((file) => !file.pad);
    const roots = version === "v1" ? files.map(({ path, length }) => ({ path, length })) : files;
    assertEquals(real, roots.map((file) => ({ ...file, pad: false })));
    assertEquals(read.info.totalLength, files.reduce((sum, { length }) => sum + length, 0));
    assertEquals(read.pieceLayers, pieceLayers);
    seen[version]++;
    seen.layers += pieceLayers.size;
    for (const { path, length } of files) {
      if (length === 0) seen.empty++;
      if (path.length > 1) seen.nested++;
    }
  }
  assert(Object.values(seen).every((count) => count > 20), JSON.stringify(seen));
});

function randomFiles(random: () => number): InfoFile[] {
  const lengths = [0, 1, 5, 16384, 16385, 40_000];
  const paths = new Map<string, string[]>();
  for (let count = integerFrom(random, 1, 8); count > 0; count--) {
    const folders = Array.from(
      { length: integerFrom(random, 0, 2) },
      () => `f${integerFrom(random, 0, 2)}`,
    );
    const path = [...folders, `${integerFrom(random, 0, 99)}.bin`];
    paths.set(path.join("/"), path);
  }
  return [...paths.values()].sort(compareTreePaths).map((path) =>
    formulaFile(path, lengths[integerFrom(random, 0, lengths.length - 1)]!)
  );
}
