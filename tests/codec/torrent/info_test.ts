/** Info dictionaries: the published ones read, every kind of damage refused. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { dictOf, encode } from "../../../lib/codec/bencode.ts";
import type { Bencode, BencodeDict } from "../../../lib/codec/bencode_value.ts";
import { fromLatin1, hex, latin1, utf8 } from "../../../lib/codec/bytes.ts";
import { parseInfo } from "../../../lib/codec/torrent/info.ts";
import { buildInfo, type InfoSpec } from "../../../lib/codec/torrent/metainfo.ts";
import { TorrentError } from "../../../lib/errors.ts";
import {
  assertRefused,
  changed,
  FILE,
  single,
  treeOf,
  vec,
} from "../../support/vectors/info_dicts.ts";
import { V1_INFO } from "../../support/vectors/wire_vectors.ts";

const permissions = "none";

Deno.test("the v1 vector reads as what it was made from", { permissions }, () => {
  const info = parseInfo(V1_INFO);
  assertEquals(hex(info.v1Hash!), "82a78d717fa1d94cbb9a488bfbc6a102881234f4");
  assertEquals(info.v2Hash, undefined);
  assertEquals(info.version, "v1");
  assertEquals(info.name, "vec100000.bin");
  assertEquals([info.pieceLength, info.totalLength], [32768, 100_000]);
  assertEquals(info.files, [{ path: ["vec100000.bin"], length: 100_000, pad: false }]);
  assert(!info.multiFile && !info.private);
  assertEquals(info.pieces?.length, 80);
});

Deno.test(
  "a hybrid keeps its pads in place and gets its roots from the tree",
  { permissions },
  () => {
    const info = parseInfo(encode(vec("hybrid")));
    assertEquals(info.version, "hybrid");
    assertEquals(
      info.files.map((
        { path, length, pad, root },
      ) => [path.join("/"), length, pad, root !== undefined]),
      [
        ["a.bin", 1, false, true],
        [".pad/16383", 16383, true, false],
        ["d.bin", 5, false, true],
        [".pad/16379", 16379, true, false],
        ["e.bin", 0, false, false],
        ["sub/b.bin", 16385, false, true],
        [".pad/16383", 16383, true, false],
      ],
    );
    assertEquals(info.totalLength, 16391);
    assert(info.multiFile);
  },
);

Deno.test("torrents of no bytes are legal in every version", { permissions }, () => {
  for (const version of ["v1", "v2", "hybrid"] as const) {
    for (const multiFile of [false, true]) {
      const spec: InfoSpec = {
        name: "empty",
        pieceLength: 16384,
        version,
        files: [{ path: ["empty"], length: 0 }],
        multiFile,
        pieces: new Uint8Array(),
      };
      const info = parseInfo(buildInfo(spec));
      assertEquals(info.files, [{ path: ["empty"], length: 0, pad: false }]);
      // In a v2 tree a folder of one file looks like the file alone.
      assertEquals([info.totalLength, info.multiFile], [0, multiFile && version !== "v2"]);
    }
  }
});

Deno.test("an info that is no dictionary, or no bencoding, is refused", { permissions }, () => {
  for (const text of ["", "le", "i1e", "4:info"]) {
    assertThrows(() => parseInfo(utf8(text)), TorrentError, "info", text);
  }
  const malformed = ["d", "d4:name", `${latin1(V1_INFO)}\n`];
  for (const text of malformed) {
    assertThrows(() => parseInfo(fromLatin1(text)), TorrentError, "malformed");
  }
});

Deno.test("piece lengths that no torrent can have are refused", { permissions }, () => {
  for (const version of ["v1", "v2", "hybrid"] as const) {
    for (const length of [0, -1, 536_854_529, 2 ** 40]) {
      assertRefused(changed(single(version), { "piece length": length }), "piece length");
    }
    assertRefused(changed(single(version), { "piece length": undefined }), "no piece length");
    assertRefused(changed(single(version), { "piece length": utf8("32768") }), "no piece length");
    assertRefused(changed(single(version), { "piece length": 2n ** 62n }), "no piece length");
  }
  for (const version of ["v2", "hybrid"] as const) {
    for (const length of [128, 8192, 16385, 49152, 98304]) {
      assertRefused(changed(single(version), { "piece length": length }), "power of two");
    }
  }
});

Deno.test(
  "v1 pieces of any length are read: old torrents have short and odd ones",
  { permissions },
  () => {
    for (const pieceLength of [128, 50_000, 536_854_528]) {
      const pieces = new Uint8Array(Math.ceil(100_000 / pieceLength) * 20);
      const info = parseInfo(
        encode(changed(single("v1"), { "piece length": pieceLength, pieces })),
      );
      assertEquals(info.pieceLength, pieceLength);
    }
  },
);

Deno.test("a torrent without a name is refused, one with an unsafe name gets a safe one", {
  permissions,
}, () => {
  assertRefused(changed(single("v1"), { name: undefined }), "no name");
  assertRefused(changed(single("v1"), { name: 1 }), "no name");
  const info = parseInfo(encode(changed(single("v1"), { name: utf8("../../x") })));
  assertEquals(info.name, ".._.._x");
  assertEquals(info.files[0]!.path, [".._.._x"]);
  const preferred = parseInfo(encode(changed(single("v1"), { "name.utf-8": utf8("é") })));
  assertEquals(preferred.name, "é");
});

Deno.test("versions that Shoal does not know are named as such, before anything else", {
  permissions,
}, () => {
  assertRefused(changed(single("v2"), { "meta version": 3, "piece length": 1 }), "version 3");
});

Deno.test("file tree and version must come together", { permissions }, () => {
  assertRefused(changed(single("v2"), { "file tree": undefined }), "do not go together");
  assertRefused(changed(single("v2"), { "meta version": undefined }), "do not go together");
  assertRefused(changed(single("hybrid"), { "meta version": 1 }), "do not go together");
  assertRefused(changed(single("v2"), { "file tree": [] }), "not a dictionary");
});

Deno.test("a v2 info that is not canonical is refused, a v1 info is read as it stands", {
  permissions,
}, () => {
  const swap = (dict: BencodeDict) => {
    const text = latin1(encode(dict));
    const name = "4:name5:x.bin";
    return fromLatin1("d" + name + text.slice(1).replace(name, ""));
  };
  const v1 = swap(single("v1"));
  assertEquals(parseInfo(v1).bytes, v1);
  for (const version of ["v2", "hybrid"] as const) {
    assertThrows(() => parseInfo(swap(single(version))), TorrentError, "not in order");
    const zeros = latin1(encode(single(version))).replace("12:piece", "012:piece");
    assertThrows(() => parseInfo(fromLatin1(zeros)), TorrentError, "leading zero");
  }
});

Deno.test(
  "lengths that add up to more than pieces can be counted for are refused",
  { permissions },
  () => {
    const huge = dictOf({ length: Number.MAX_SAFE_INTEGER, path: [utf8("a")] });
    assertRefused(changed(vec("v1"), { files: [huge, huge, huge] }), "more than 2097152 pieces");
    assertRefused(changed(single("v1"), { length: 2 ** 52 }), "more than 2097152 pieces");
    const properties = changed(FILE, { length: 2 ** 52 });
    assertRefused(
      changed(single("v2"), { "file tree": treeOf(properties) }),
      "more than 2097152 pieces",
    );
  },
);

Deno.test("the number of piece hashes must fit the length", { permissions }, () => {
  for (const version of ["v1", "hybrid"] as const) {
    for (const length of [0, 60, 79, 81, 100]) {
      assertRefused(changed(single(version), { pieces: new Uint8Array(length) }), "piece hashes");
    }
    assertRefused(changed(single(version), { pieces: undefined }), "piece hashes");
    assertRefused(changed(single(version), { pieces: [] }), "piece hashes");
  }
});

Deno.test("any private value but zero makes a torrent private", { permissions }, () => {
  const isPrivate = (value: Bencode | undefined) =>
    parseInfo(encode(changed(single("v1"), { private: value }))).private;
  assertEquals([1, 2, -1, 0, undefined, utf8("1")].map(isPrivate), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});
