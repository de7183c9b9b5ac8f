/**
 * Torrents of files on disk, held against vectors that other programs computed.
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { hex } from "../../lib/codec/bytes.ts";
import { DiskError, OptionError, Torrent } from "../../mod.ts";
import { formulaBytes, pseudoRandomBytes } from "../../support/content.ts";
import { TempFolder } from "../../support/temp.ts";
import { torrentOf } from "../support/clients/library.ts";
import { CONTENT_VECTORS } from "../support/vectors/torrent_vectors.ts";

const V1 = "82a78d717fa1d94cbb9a488bfbc6a102881234f4";
const V1_PRIVATE = "9dd08335d477dd850ce6401d3a8bd314c8bb5967";
const V2 = "0bde1b392b209cf4c51e4da993a225250a54646509a14d09a3d239f6d1a67fb0";
const HYBRID_V1 = "65e92d78667b9db35c31608b7f4bfaeae3881e9d";
const HYBRID_V2 = "61ccc0331966a0a55fd78d46eb1875b0506646ffdf121c86df47929fd9aed425";
const ONE_BYTE_V2 = "389e7d7ca4f8ebd03f7be8ec2d32f18207271e26acd5237c0f84793a5a8d4eca";

/** The published piece layer of the vector file. */
const LAYER = "6b7702ec93fd7bde4fccf7123b679a0703843fe9d838e7bc9ac4eee2c26e3923" +
  "aa998194bca61ba064c9766803e08a07ae1db27d8dec9a3026c5fb683276a939" +
  "6f77e2f5925abe4641778276baea83c1725a7e63cd8801cf5f4db591b89a7a59" +
  "a5f9cb0a2b3cc30d16c988462f08ade440f0ccddef89fcfafc40bacbd00f2047";

Deno.test("the published v1, v2 and hybrid torrents come out with their info-hashes", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("vec100000.bin", formulaBytes(100_000));
  const pieceLength = 32_768;
  const v1 = await torrentOf(path, { format: "v1", pieceLength });
  assertEquals([v1.v1Hash, v1.v2Hash, v1.version], [V1, undefined, "v1"]);
  const closed = await torrentOf(path, { format: "v1", pieceLength, private: true });
  assertEquals([closed.v1Hash, closed.private], [V1_PRIVATE, true]);
  const v2 = await torrentOf(path, { format: "v2", pieceLength });
  assertEquals([v2.v1Hash, v2.v2Hash, v2.version], [undefined, V2, "v2"]);
  const hybrid = await torrentOf(path, { pieceLength });
  assertEquals([hybrid.v1Hash, hybrid.v2Hash, hybrid.version], [HYBRID_V1, HYBRID_V2, "hybrid"]);
  for (const { metainfo } of [v2, hybrid]) {
    assertEquals([...metainfo.pieceLayers.values()].map(hex), [LAYER]);
  }
});

Deno.test("the published v2 torrent of one byte comes out, without piece layers", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("one.bin", formulaBytes(1));
  const torrent = await torrentOf(path, { format: "v2", pieceLength: 16_384 });
  assertEquals([torrent.v2Hash, torrent.pieceCount], [ONE_BYTE_V2, 1]);
  assertEquals(torrent.metainfo.pieceLayers.size, 0);
});

Deno.test("files of every published length have their root, and their SHA-1 when one piece holds them", async () => {
  await using temp = await TempFolder.create();
  for (const { length, sha1, root } of CONTENT_VECTORS) {
    const path = await temp.file(`${length}.bin`, formulaBytes(length));
    for (const pieceLength of [16_384, 32_768, 131_072]) {
      const { metainfo, pieceCount } = await torrentOf(path, { pieceLength });
      assertEquals(hex(metainfo.info.files[0]!.root!), root, `${length} in ${pieceLength}`);
      assertEquals(pieceCount, Math.ceil(length / pieceLength));
      if (pieceCount === 1) assertEquals(hex(metainfo.info.pieces!), sha1);
    }
  }
});

Deno.test("what is written as a .torrent file reads back as the same torrent", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("data.bin", pseudoRandomBytes(3_000_001, 5));
  for (const format of ["v1", "v2", "hybrid"] as const) {
    const torrent = await torrentOf(path, {
      format,
      comment: "of mine",
      trackers: ["udp://a.example:1", "udp://b.example:2"],
      name: "other name.bin",
    });
    const read = Torrent.parse(torrent.toBytes());
    assertEquals([read.v1Hash, read.v2Hash], [torrent.v1Hash, torrent.v2Hash]);
    assertEquals(read.trackers, ["udp://a.example:1", "udp://b.example:2"]);
    assertEquals([read.comment, read.name, read.length], ["of mine", "other name.bin", 3_000_001]);
    assertEquals(read.files, [{ path: "other name.bin", length: 3_000_001 }]);
    assertEquals(read.metainfo.pieceLayers, torrent.metainfo.pieceLayers);
  }
});

Deno.test("an empty file makes a torrent of no pieces", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("empty", "");
  for (const format of ["v1", "v2", "hybrid"] as const) {
    const { length, pieceCount, version } = await torrentOf(path, { format });
    assertEquals([length, pieceCount, version], [0, 0, format]);
  }
});

Deno.test("progress goes from nothing to everything and never back", async () => {
  await using temp = await TempFolder.create();
  const length = 20 * 2 ** 20;
  const path = await temp.file("data.bin", new Uint8Array(length));
  const told: number[] = [];
  await torrentOf(path, {
    pieceLength: 1 << 20,
    onProgress: (doneBytes, totalBytes) => {
      assertEquals(totalBytes, length);
      told.push(doneBytes);
    },
  });
  assertEquals([told[0], told.at(-1)], [0, length]);
  assertEquals(told, told.toSorted((a, b) => a - b));
  assertEquals(told.length > 2, true);
});

Deno.test("hashing can be stopped", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("data.bin", new Uint8Array(40 * 2 ** 20));
  const stop = new AbortController();
  const reason = new Error("enough");
  const made = torrentOf(path, {
    signal: stop.signal,
    onProgress: (doneBytes) => doneBytes > 0 && stop.abort(reason),
  });
  assertEquals(await made.catch((error) => error), reason);
});

Deno.test("a piece length that is none is refused", async () => {
  for (const pieceLength of [0, 1, 8192, 50_000, 2 ** 25, NaN]) {
    await assertRejects(
      () => torrentOf("/dev/null", { pieceLength }),
      OptionError,
      "power of two from 16K to 16M",
    );
  }
});

Deno.test("a file that grows or shrinks while it is hashed makes no torrent", async () => {
  await using temp = await TempFolder.create();
  for (const change of [2 ** 20, 50 * 2 ** 20]) {
    const path = await temp.file("data.bin", new Uint8Array(48 * 2 ** 20));
    const made = torrentOf(path, {
      pieceLength: 2 ** 20,
      onProgress: (doneBytes) => doneBytes === 0 && Deno.truncateSync(path, change),
    });
    const error = await assertRejects(() => made, DiskError);
    assertEquals(error.exitCode, 17);
    assertEquals(
      / (changed|became shorter) while it was hashed: try again when it is finished$/
        .test(error.message),
      true,
      error.message,
    );
  }
});

Deno.test("what is no file is refused, each with its exit code", async () => {
  await using temp = await TempFolder.create();
  const cases: [string, string, number][] = [
    [temp.join("missing"), "does not exist: check the path", 3],
    [join(temp.path, "missing", "deeper"), "does not exist: check the path", 3],
    [await temp.folder("empty"), "holds no files: there is nothing to share", 17],
    ["/dev/null", "is neither a file nor a folder", 17],
    [join(await temp.file("file", ""), "below"), "a folder stands where a file should", 17],
  ];
  for (const [path, sentence, exitCode] of cases) {
    const error = await assertRejects(() => torrentOf(path), DiskError, sentence);
    assertEquals(error.exitCode, exitCode, path);
  }
});
