/** The files of a torrent: lists, trees, pads, and hybrids that have both. @module */

import { assert, assertEquals } from "@std/assert";
import { dictOf, encode } from "../../../lib/codec/bencode.ts";
import type { Bencode, BencodeDict } from "../../../lib/codec/bencode_value.ts";
import { utf8 } from "../../../lib/codec/bytes.ts";
import { parseInfo } from "../../../lib/codec/torrent/info.ts";
import {
  assertRefused,
  changed,
  FILE,
  single,
  treeOf,
  vec,
} from "../../support/vectors/info_dicts.ts";
import { VEC_FILES } from "../../support/vectors/torrent_vectors.ts";

const permissions = "none";

Deno.test(
  "v2 files come in the order of the tree, and empty ones have no root",
  { permissions },
  () => {
    const info = parseInfo(encode(vec("v2")));
    assertEquals(info.files.map(({ path }) => path.join("/")), [
      "a.bin",
      "d.bin",
      "e.bin",
      "sub/b.bin",
    ]);
    assertEquals(info.files, VEC_FILES.map((file) => ({ ...file, pad: false })));
    assertEquals([info.pieces, info.v1Hash], [undefined, undefined]);
  },
);

Deno.test("a v1 torrent has one length or a list of files, and valid ones", { permissions }, () => {
  assertRefused(changed(single("v1"), { length: undefined }), "either one length or a list");
  assertRefused(changed(single("v1"), { files: [] }), "either one length or a list");
  assertRefused(changed(single("v1"), { length: -1 }), "length is not valid");
  assertRefused(changed(single("v1"), { length: 2n ** 53n }), "length is not valid");
  assertRefused(changed(vec("v1"), { files: [] }), "no files");
  assertRefused(changed(vec("v1"), { files: new Map() }), "not a list");
  const listed = (entry: Bencode, sentence: string) =>
    assertRefused(changed(vec("v1"), { files: [entry] }), sentence);
  listed(utf8("a"), "no file");
  listed(dictOf({ path: [utf8("a")] }), "valid length");
  listed(dictOf({ length: -1, path: [utf8("a")] }), "valid length");
  listed(dictOf({ length: 1 }), "without a path");
  listed(dictOf({ length: 1, path: [] }), "without a path");
  listed(dictOf({ length: 1, path: utf8("a") }), "without a path");
  listed(dictOf({ length: 1, path: [1] }), "not made of text");
});

Deno.test("a file tree with anything but files and folders is refused", { permissions }, () => {
  const refuse = (tree: BencodeDict, sentence: string) =>
    assertRefused(changed(single("v2"), { "file tree": tree }), sentence);
  refuse(new Map(), "no files");
  refuse(new Map([["folder", new Map()]]), "no files");
  refuse(new Map([["", FILE]]), "file without a name");
  refuse(new Map([["a", 1]]), "neither file nor folder");
  refuse(
    new Map([["a", new Map<string, Bencode>([["", FILE], ["b", new Map([["", FILE]])]])]]),
    "both file and folder",
  );
  refuse(new Map([["a", new Map([["", new Map([["", FILE]])]])]]), "valid length");
  refuse(treeOf(1), "without properties");
  refuse(treeOf(changed(FILE, { length: undefined })), "valid length");
  refuse(treeOf(changed(FILE, { length: -1 })), "valid length");
  refuse(treeOf(changed(FILE, { "pieces root": undefined })), "root hash");
  refuse(treeOf(changed(FILE, { "pieces root": new Uint8Array(31) })), "root hash");
  refuse(treeOf(changed(FILE, { "pieces root": new Uint8Array(32) })), "root hash");
  refuse(treeOf(changed(FILE, { attr: utf8("p") })), "pad file");
});

Deno.test("paths in a tree are made safe, and one folder at the top makes a multi-file torrent", {
  permissions,
}, () => {
  const leaf = new Map([["", FILE]]);
  const tree = new Map([["..", new Map([["..", leaf], ["A", leaf], ["a", leaf]])]]);
  const info = parseInfo(encode(changed(single("v2"), { "file tree": tree })));
  assertEquals(info.files.map(({ path }) => path), [["_", "_"], ["_", "A"], ["_", "a"]]);
  assert(info.multiFile);
  const alone = parseInfo(
    encode(changed(single("v2"), { "file tree": new Map([["other", leaf]]) })),
  );
  assertEquals(alone.files[0]!.path, ["other"]);
  assertEquals(alone.name, "other");
  assert(!alone.multiFile);
});

Deno.test("folders may be nested a hundred deep and no deeper", { permissions }, () => {
  const listed = (depth: number) =>
    changed(vec("v1"), {
      files: [dictOf({ length: 1, path: Array(depth).fill(utf8("d")) })],
      pieces: new Uint8Array(20),
    });
  assertEquals(parseInfo(encode(listed(100))).files[0]!.path.length, 100);
  assertRefused(listed(101), "more than 100 deep");
  let tree: BencodeDict = treeOf(FILE);
  while (depthOf(tree) < 100) tree = new Map([["d", tree]]);
  assertEquals(
    parseInfo(encode(changed(vec("v2"), { "file tree": tree }))).files[0]!.path.length,
    100,
  );
  tree = new Map([["d", tree]]);
  assertRefused(changed(vec("v2"), { "file tree": tree }), "nested too deeply");
});

Deno.test("symbolic links are left out, wherever they point", { permissions }, () => {
  const link = dictOf({
    attr: utf8("l"),
    length: 0,
    path: [utf8("l")],
    "symlink path": [utf8(".."), utf8("x")],
  });
  const list = vec("v1").get("files") as Bencode[];
  const info = parseInfo(encode(changed(vec("v1"), { files: [link, ...list] })));
  assertEquals(info.files.length, 4);
  const tree = new Map([...treeOf(FILE), [
    "l",
    new Map([["", changed(link, { path: undefined })]]),
  ]]);
  assertEquals(parseInfo(encode(changed(single("v2"), { "file tree": tree }))).files.length, 1);
});

Deno.test("pads count as such only where they reach a piece boundary", { permissions }, () => {
  const pad = (length: number, path?: string[]) =>
    dictOf({ attr: utf8("xp"), length, path: path?.map(utf8) });
  const file = (length: number, name: string) => dictOf({ length, path: [utf8(name)] });
  const read = (...files: BencodeDict[]) => {
    const total = files.reduce((sum, entry) => sum + Number(entry.get("length")), 0);
    const pieces = new Uint8Array(Math.ceil(total / 16384) * 20);
    const info = parseInfo(encode(changed(vec("v1"), { files, pieces })));
    return { pads: info.files.map((entry) => entry.pad), totalLength: info.totalLength };
  };
  assertEquals(read(file(1, "a"), pad(16383), file(1, "b")), {
    pads: [false, true, false],
    totalLength: 2,
  });
  assertEquals(read(file(1, "a"), pad(5), file(1, "b")), {
    pads: [false, false, false],
    totalLength: 7,
  });
  const bitComet = file(16383, "_____padding_file_0_if you see this file, please update");
  assertEquals(read(file(1, "a"), bitComet).pads, [false, true]);
  assertEquals(read(file(16384, "a"), pad(0), file(1, "b")).pads, [false, false]);
});

Deno.test("a hybrid whose halves differ is refused", { permissions }, () => {
  const dict = vec("hybrid");
  const list = dict.get("files") as BencodeDict[];
  const differ = (files: Bencode[], pieceCount = 4) =>
    assertRefused(
      changed(dict, { files, pieces: new Uint8Array(20 * pieceCount) }),
      "do not describe the same files",
    );
  const renamed = list.with(0, changed(list[0]!, { path: [utf8("z.bin")] }));
  differ(renamed);
  differ([list[2]!, list[3]!, list[0]!, list[1]!, ...list.slice(4)]);
  differ(list.toSpliced(0, 2), 3);
  differ([...list, dictOf({ length: 1, path: [utf8("more")] })], 5);
  differ(list.toSpliced(1, 1, dictOf({ attr: utf8("p"), length: 16382, path: [utf8("pad")] })));
  differ(list.toSpliced(1, 1), 3);
  differ(list.with(0, changed(list[0]!, { length: 2 })));
  assertRefused(changed(single("hybrid"), { length: 99_999 }), "do not describe the same files");
  assertRefused(
    changed(single("hybrid"), { "file tree": dict.get("file tree")! }),
    "do not describe the same files",
  );
  assertRefused(
    changed(dict, { "file tree": single("v2").get("file tree")! }),
    "do not describe the same files",
  );
});

Deno.test("empty files may stand in one half of a hybrid alone", { permissions }, () => {
  const dict = vec("hybrid");
  const list = dict.get("files") as BencodeDict[];
  const info = parseInfo(encode(changed(dict, { files: list.toSpliced(4, 1) })));
  assertEquals(info.files.filter((file) => !file.pad).length, 3);
});

function depthOf(tree: BencodeDict): number {
  const [first] = tree.values();
  return first instanceof Map && !tree.has("") ? 1 + depthOf(first) : 0;
}
