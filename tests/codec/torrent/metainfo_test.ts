/** Torrent files: written and read back, refused when they lie. @module */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { decode, dictOf, encode } from "../../../lib/codec/bencode.ts";
import type { Bencode, BencodeDict } from "../../../lib/codec/bencode_value.ts";
import { concat, fromHex, fromLatin1, hex, latin1, utf8 } from "../../../lib/codec/bytes.ts";
import { sha1, sha256 } from "../../../lib/codec/hash.ts";
import {
  buildInfo,
  buildMetainfo,
  parseInfo,
  parseMetainfo,
} from "../../../lib/codec/torrent/metainfo.ts";
import { TorrentError } from "../../../lib/errors.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";
import {
  formulaFile,
  formulaLayer,
  infoOf,
  V2_INFO,
  VEC_FILES,
} from "../../support/vectors/torrent_vectors.ts";
import { V1_INFO } from "../../support/vectors/wire_vectors.ts";

const permissions = "none";

const TRACKER = "http://127.0.0.1:6969/announce";
const ROOT_100000 = "43ae2698d3c75be7703641a82c823d1b513b5e7315bfcc2e5ac089dc16476c63";
const ROOT_16385 = "cb0b7d4a5957d021a52428ba33dac06cbb4fe7c90c57d68188e216b70eacc49f";

Deno.test(
  "a hybrid without the last pad, as older programs write it, is read",
  { permissions },
  () => {
    const dict = decode(buildInfo(infoOf("hybrid", VEC_FILES, 16384))) as BencodeDict;
    const pieces = (dict.get("pieces") as Uint8Array).slice();
    pieces.set(fromHex("a70fb6a9415d3c34a9ea5510ba7e3a055d88aef9"), 60);
    dict.set("files", (dict.get("files") as Bencode[]).slice(0, -1)).set("pieces", pieces);
    const info = parseInfo(encode(dict));
    assertEquals(info.bytes.length, 635);
    assertEquals(hex(info.v1Hash!), "6ac73dbb2d35845aae7d62a75d2d453dfef781ef");
    assertEquals(
      hex(info.v2Hash!),
      "e8f08d58edf912e99c9770f8a9f90a7915fb8ee57623a82d38be7ef8f252dc05",
    );
    assertEquals([info.files.length, info.totalLength], [6, 16391]);
  },
);

Deno.test("the v1 torrent file is the published one, and its info slice is hashed as it stands", {
  permissions,
}, () => {
  const file = buildMetainfo({ infoBytes: V1_INFO, trackers: [[TRACKER]] });
  assertEquals(file.length, 204);
  assertEquals(hex(sha1(file)), "3561178ceedc2daa4792b77f22eab70c7323df81");
  assertEquals(file.subarray(50, 203), V1_INFO);
  const { info, trackers, pieceLayers, webSeeds } = parseMetainfo(file);
  assertEquals(info.bytes, V1_INFO);
  assertEquals([trackers, pieceLayers.size, webSeeds], [[[TRACKER]], 0, []]);
});

Deno.test(
  "the v2 torrent file is the published one, piece layers included",
  { permissions },
  () => {
    const pieceLayers = new Map([[ROOT_100000, formulaLayer(100_000, 32768)]]);
    const file = buildMetainfo({ infoBytes: V2_INFO, trackers: [[TRACKER]], pieceLayers });
    assertEquals(file.length, 399);
    assertEquals(
      hex(sha256(file)),
      "2a6ef569df32ef70ab4142ba84e1adeba34a845d04360a7d90c6110e9371bfe0",
    );
    assertEquals(parseMetainfo(file).pieceLayers, pieceLayers);
    assertEquals(hex(pieceLayers.get(ROOT_100000)!).match(/.{64}/g), [
      "6b7702ec93fd7bde4fccf7123b679a0703843fe9d838e7bc9ac4eee2c26e3923",
      "aa998194bca61ba064c9766803e08a07ae1db27d8dec9a3026c5fb683276a939",
      "6f77e2f5925abe4641778276baea83c1725a7e63cd8801cf5f4db591b89a7a59",
      "a5f9cb0a2b3cc30d16c988462f08ade440f0ccddef89fcfafc40bacbd00f2047",
    ]);
  },
);

Deno.test("everything around the info is written and read back", { permissions }, () => {
  const spec = {
    infoBytes: V1_INFO,
    trackers: [["udp://a:1", "udp://b:2"], ["udp://c:3"]],
    webSeeds: ["http://w/"],
    comment: "für alle",
    createdBy: "Shoal",
    creationDateSeconds: 1_700_000_000,
  };
  const { infoBytes, ...around } = spec;
  const file = buildMetainfo(spec);
  const read = parseMetainfo(file);
  assertEquals(read, { ...around, info: parseInfo(infoBytes), pieceLayers: new Map() });
  assertEquals(encode(decode(file)), file, "canonical");
});

Deno.test(
  "a torrent without trackers is read, and empty tiers are not written",
  { permissions },
  () => {
    const file = buildMetainfo({ infoBytes: V1_INFO, trackers: [[]], pieceLayers: new Map() });
    assertEquals([...(decode(file) as BencodeDict).keys()], ["info"]);
    assertEquals(parseMetainfo(file).trackers, []);
  },
);

Deno.test(
  "trackers come from the list of tiers, else from announce, trimmed",
  { permissions },
  () => {
    const trackersOf = (around: Record<string, Bencode>) =>
      parseMetainfo(fileWith(around)).trackers;
    const announce = utf8(" udp://a:1\n");
    assertEquals(trackersOf({ announce }), [["udp://a:1"]]);
    const tiers = [[utf8("udp://b:2 "), utf8(""), 7], [], utf8("x"), [utf8("udp://c:3")]];
    assertEquals(trackersOf({ announce, "announce-list": tiers }), [["udp://b:2"], ["udp://c:3"]]);
    assertEquals(trackersOf({ announce, "announce-list": [] }), [["udp://a:1"]]);
    assertEquals(trackersOf({ announce: 5, "announce-list": [[]] }), []);
  },
);

Deno.test("web seeds may be one URL or several; other types are ignored", { permissions }, () => {
  const seedsOf = (value: Bencode) => parseMetainfo(fileWith({ "url-list": value })).webSeeds;
  assertEquals(seedsOf(utf8("http://w/")), ["http://w/"]);
  assertEquals(seedsOf([utf8("http://w/"), 1, utf8("http://x/")]), ["http://w/", "http://x/"]);
  assertEquals(seedsOf(utf8("")), []);
  assertEquals(seedsOf(7), []);
  const odd = parseMetainfo(fileWith({ comment: 1, "created by": [], "creation date": utf8("x") }));
  assertEquals([odd.comment, odd.createdBy, odd.creationDateSeconds], [
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("what real files do wrong around the info is tolerated", { permissions }, () => {
  const info = latin1(V1_INFO);
  const v1 = "82a78d717fa1d94cbb9a488bfbc6a102881234f4";
  const files = [
    `d4:info${info}8:announce3:abce\n`,
    `d4:info${info}e\0\0trailing`,
    `d4:info${info}4:infodee`,
    `d04:info${info}e`,
  ];
  for (const file of files) assertEquals(hex(parseMetainfo(fromLatin1(file)).info.v1Hash!), v1);
});

Deno.test("a file that is no torrent is refused as such", { permissions }, () => {
  const texts = ["", "le", "<html>", "de", "d4:infolee", "d4:info3:abce", "d4:info", "d4:infodee"];
  for (const text of texts) {
    const error = assertThrows(() => parseMetainfo(utf8(text)), TorrentError, undefined, text);
    assertEquals(error.exitCode, 26);
  }
});

Deno.test("a torrent file longer than any sensible one is refused unread", { permissions }, () => {
  const huge = new Uint8Array(64 * 1024 * 1024 + 1);
  assertThrows(() => parseMetainfo(huge), TorrentError, "larger than");
});

Deno.test("piece layers must belong to files and hash up to their roots", { permissions }, () => {
  const layer = formulaLayer(100_000, 32768);
  const root = latin1(fromHex(ROOT_100000));
  const read = (layers: Bencode) =>
    parseMetainfo(encode(new Map([["info", decode(V2_INFO)], ["piece layers", layers]])));
  assertEquals(read(new Map([[root, layer]])).pieceLayers.size, 1);
  assertEquals(read(new Map()).pieceLayers.size, 0);
  const refused: [string, Bencode][] = [
    ["not a dictionary", []],
    ["does not match", new Map([[root, layer.slice(32)]])],
    ["does not match", new Map([[root, concat(layer, new Uint8Array(32))]])],
    ["does not match", new Map([[root, layer.map((byte, i) => i === 99 ? byte ^ 1 : byte)]])],
    ["does not match", new Map([[root, 7]])],
    ["none of its files", new Map([[root, layer], ["x".repeat(32), layer]])],
    ["none of its files", new Map([["short", layer]])],
  ];
  for (const [sentence, layers] of refused) {
    assertThrows(() => read(layers), TorrentError, sentence);
  }
});

Deno.test("a file of one piece has no piece layer of its own", { permissions }, () => {
  const info = decode(buildInfo(infoOf("v2", [formulaFile(["one.bin"], 1)], 16384)));
  const root = formulaFile(["one.bin"], 1).root!;
  const file = encode(dictOf({ info, "piece layers": new Map([[latin1(root), root]]) }));
  assertThrows(() => parseMetainfo(file), TorrentError, "none of its files");
});

Deno.test("files of the same content share one piece layer", { permissions }, () => {
  const files = ["a", "b", "c"].map((name) => formulaFile([name], 16385));
  const pieceLayers = new Map([[ROOT_16385, formulaLayer(16385, 16384)]]);
  const file = buildMetainfo({ infoBytes: buildInfo(infoOf("v2", files, 16384)), pieceLayers });
  assertEquals(parseMetainfo(file).pieceLayers, pieceLayers);
});

Deno.test("piece layers of a v1 torrent mean nothing", { permissions }, () => {
  assertEquals(parseMetainfo(fileWith({ "piece layers": 7 })).pieceLayers.size, 0);
});

Deno.test(
  "random damage to a torrent file is refused in one way or read in full",
  { permissions },
  () => {
    const random = seededRandom(4242);
    const pieceLayers = new Map([[ROOT_16385, formulaLayer(16385, 16384)]]);
    const infoBytes = buildInfo(infoOf("hybrid", VEC_FILES, 16384));
    const file = buildMetainfo({ infoBytes, pieceLayers, trackers: [[TRACKER]] });
    const outcomes = { read: 0, refused: 0 };
    for (let round = 0; round < 3000; round++) {
      const damaged = file.slice();
      damaged[integerFrom(random, 0, damaged.length - 1)] = integerFrom(random, 0, 255);
      try {
        parseMetainfo(damaged);
        outcomes.read++;
      } catch (error) {
        assertInstanceOf(error, TorrentError);
        outcomes.refused++;
      }
    }
    assert(outcomes.read > 300 && outcomes.refused > 1000, JSON.stringify(outcomes));
  },
);

/** The v1 vector torrent with other keys around its info. */
function fileWith(around: Record<string, Bencode>): Uint8Array {
  return encode(dictOf({ ...around, info: decode(V1_INFO) }));
}
