/** How much of us a torrent file can take: what nobody asked for costs nothing, what is asked for is bounded. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { BencodeReader, dictOf, encode } from "../../../lib/codec/bencode.ts";
import { concat, fromLatin1, latin1, utf8 } from "../../../lib/codec/bytes.ts";
import { parseInfo } from "../../../lib/codec/torrent/info.ts";
import { parseMetainfo } from "../../../lib/codec/torrent/metainfo.ts";
import { TorrentError } from "../../../lib/errors.ts";
import { assertRefused, changed, single, vec } from "../../support/vectors/info_dicts.ts";
import { V1_INFO } from "../../support/vectors/wire_vectors.ts";

const permissions = "none";
const MIB = 1024 * 1024;

/** A torrent file with more around its info dictionary; the text is a key with its value. */
function fileWith(text: string): Uint8Array {
  return concat(utf8("d4:info"), V1_INFO, fromLatin1(text), utf8("e"));
}

/** By how much memory grows while `work` is done, at most what it leaves behind. */
function growth(work: () => void): number {
  const before = Deno.memoryUsage();
  work();
  const after = Deno.memoryUsage();
  return after.heapTotal + after.external - before.heapTotal - before.external;
}

Deno.test("millions of values that mean nothing cost no memory, wherever they are", {
  permissions,
}, () => {
  for (const item of ["de", "le", "0:", "i0e"]) {
    const junk = item.repeat(1_400_000);
    const around = fileWith(`1:zl${junk}e`);
    assert(growth(() => void parseMetainfo(around)) < 60 * MIB, `${item} around`);
    const inside = fromLatin1(`${latin1(V1_INFO).slice(0, -1)}1:zl${junk}ee`);
    assert(growth(() => void parseInfo(inside)) < 60 * MIB, `${item} inside`);
  }
});

Deno.test("a list where a number or a text belongs costs no memory either", { permissions }, () => {
  const junk = `l${"le".repeat(1_000_000)}e`;
  for (const key of ["announce", "comment", "created by", "creation date", "url-list"]) {
    const file = fileWith(`${key.length}:${key}${junk}`);
    assert(growth(() => void parseMetainfo(file)) < 60 * MIB, key);
  }
});

Deno.test("more values than any torrent has are refused", { permissions }, () => {
  const file = fileWith(`1:zl${"le".repeat(3_000_001)}e`);
  assertThrows(() => parseMetainfo(file), TorrentError, "too many values");
});

Deno.test("a path that is nested without end is refused at its hundredth folder", {
  permissions,
}, () => {
  const path = Array.from({ length: 400_000 }, () => utf8("a"));
  const files = [dictOf({ length: 1, path })];
  const grown = growth(() => assertRefused(changed(vec("v1"), { files }), "100 deep"));
  assert(grown < 100 * MIB, `${grown}`);
});

Deno.test(
  "of a million trackers and web seeds the first thousand are read",
  { permissions },
  () => {
    const urls = Array.from({ length: 5000 }, (_, i) => `udp://t${i}.example:1`);
    const bencoded = urls.map((url) => `${url.length}:${url}`);
    const tiers = bencoded.map((url) => `l${url}e`).join("");
    const listed = parseMetainfo(fileWith(`13:announce-listl${tiers}e`));
    assertEquals(listed.trackers.flat(), urls.slice(0, 1000));
    const one = parseMetainfo(fileWith(`13:announce-listll${bencoded.join("")}ee`));
    assertEquals(one.trackers, [urls.slice(0, 1000)]);
    const seeds = parseMetainfo(fileWith(`8:url-listl${bencoded.join("")}e`));
    assertEquals(seeds.webSeeds, urls.slice(0, 1000));
  },
);

Deno.test("an address or a comment of megabytes is none, or is cut", { permissions }, () => {
  const text = "a".repeat(2 * MIB);
  const { trackers, webSeeds, comment } = parseMetainfo(
    fileWith(
      `8:announce${text.length}:${text}7:comment${text.length}:${text}` +
        `8:url-list${text.length}:${text}`,
    ),
  );
  assertEquals([trackers, webSeeds, comment?.length], [[], [], 64 * 1024]);
});

Deno.test("piece layers of files that are not there are refused at the first", {
  permissions,
}, () => {
  const layers = Array.from({ length: 200_000 }, (_, i) => `32:${`${i}`.padStart(32, "0")}0:`);
  const info = encode(single("v2"));
  const file = fromLatin1(`d4:info${latin1(info)}12:piece layersd${layers.join("")}ee`);
  const grown = growth(() => {
    assertThrows(() => parseMetainfo(file), TorrentError, "belongs to none of its files");
  });
  assert(grown < 20 * MIB, `${grown}`);
});

Deno.test("a hundred thousand files of one name get names of their own", { permissions }, () => {
  const entry = "d6:lengthi1e4:pathl5:a.txtee";
  const info = fromLatin1(
    `d5:filesl${entry.repeat(100_000)}e4:name1:x12:piece lengthi16777216e6:pieces20:` +
      `${"\0".repeat(20)}e`,
  );
  const { files } = parseInfo(info);
  assertEquals(files[99_999]!.path, ["a.99999.txt"]);
  assertEquals(new Set(files.map(({ path }) => path[0])).size, 100_000);
});

Deno.test("a field that counts comes once: another program would take the other one", {
  permissions,
}, () => {
  const v1 = latin1(V1_INFO);
  const hashes = /6:pieces80:[^]{80}/.exec(v1)![0];
  const twice = [
    v1.replace(hashes, hashes + hashes),
    v1.replace(/6:lengthi\d+e/, "$&6:lengthi5e"),
    v1.replace(/4:name/, "4:name1:b4:name"),
    v1.replace(/12:piece length/, "12:piece lengthi16384e12:piece length"),
    v1.slice(0, -1) + "7:privatei1e7:privatei0ee",
    v1.replace(/6:lengthi\d+e/, "5:filesld6:lengthi1e6:lengthi2e4:pathl1:aeee"),
    v1.replace(/6:lengthi\d+e/, "5:filesld6:lengthi1e4:pathl1:ae4:pathl1:beee"),
  ];
  for (const text of twice) {
    const error = assertThrows(() => parseInfo(fromLatin1(text)), TorrentError, undefined, text);
    assert(error.message.includes("a key comes twice"), error.message);
  }
  const unknown = v1.slice(0, -1) + "1:zi1e1:zi2ee";
  assertEquals(parseInfo(fromLatin1(unknown)).name, "vec100000.bin");
});

Deno.test("a name of nothing but NUL characters is none", { permissions }, () => {
  for (const name of ["", "\0", "\0\0\0\0"]) {
    assertRefused(changed(single("v1"), { name: utf8(name) }), "name is empty");
    assertRefused(changed(vec("hybrid"), { "name.utf-8": utf8(name) }), "name is empty");
  }
});

Deno.test("a reader passes over what nobody asks for, and still refuses what is malformed", {
  permissions,
}, () => {
  const readerOf = (text: string) => new BencodeReader(fromLatin1(text));
  const reader = readerOf("d1:ad1:bli1eee1:cli2ee1:di3ee");
  const { scalars, places } = reader.fields(new Set(["c", "d"]));
  assertEquals([...scalars], [["d", 3]]);
  assertEquals([...places], [["c", { kind: "list", start: 17, end: 22 }]]);
  for (const text of ["d1:al", "d1:ad1:bee", "d1:a5:xe", "d1:ai-0ee", "d1:bd1:bi1e1:ai2eee"]) {
    assertThrows(() => readerOf(text).skip(), Error, "at byte", text);
  }
});
