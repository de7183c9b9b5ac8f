/**
 * Bencoded values that are nearly right, and torrents among them.
 * @module
 */

import { dictOf, encode } from "../../lib/codec/bencode.ts";
import type { Bencode } from "../../lib/codec/bencode_value.ts";
import { concat, utf8 } from "../../lib/codec/bytes.ts";
import type { Input } from "./input.ts";

const KEYS = ["m", "p", "v", "reqq", "yourip", "metadata_size", "upload_only", "msg_type", "piece"]
  .concat(["total_size", "added", "added.f", "added6", "dropped", "info", "name", "length", "path"])
  .concat([
    "files",
    "pieces",
    "piece length",
    "file tree",
    "",
    "pieces root",
    "meta version",
    "attr",
  ])
  .concat(["private", "announce", "announce-list", "url-list", "piece layers", "comment"])
  .concat(["ut_metadata", "ut_pex", "__proto__", "constructor", "name.utf-8", "creation date"]);
const TEXTS = [
  "..",
  ".",
  "/etc/passwd",
  "a\u202eb",
  "con",
  "\0",
  "\u{1f600}",
  "C:",
  ".pad",
  "é",
  "e\u0301",
]
  .concat(["x".repeat(300), "a/b", "a\\b", "nul.txt", "\u200d", " ", "\x1b[2J"]);
const INTEGERS = ["00", "-0", "", "-", "9223372036854775807", "9223372036854775808", "1e3", " 1"]
  .concat(["-9223372036854775809", "9".repeat(300)]);

/** A value of any shape, not always closed, not always spelt as it should be. */
export function anyValue(input: Input, depth: number): Uint8Array {
  const kind = input.below(depth > 0 ? 4 : 2);
  if (kind === 0) return utf8(`i${input.oneIn(4) ? input.pick(INTEGERS) : input.edge()}e`);
  if (kind === 1) return anyString(input);
  const parts = input.several(6, () => {
    const value = anyValue(input, depth - 1);
    return kind === 2 ? value : concat(anyString(input), value);
  });
  return concat(utf8(kind === 2 ? "l" : "d"), ...parts, utf8(input.oneIn(40) ? "" : "e"));
}

/** A text that is a key, a name, or no text at all; not always as long as it says. */
function anyString(input: Input): Uint8Array {
  const bytes = input.oneIn(2) ? utf8(input.pick(KEYS)) : anyBytes(input);
  const length = input.oneIn(30) ? input.edge() : bytes.length;
  return concat(utf8(`${length}:`), bytes);
}

function anyBytes(input: Input): Uint8Array {
  if (input.oneIn(2)) return utf8(input.pick(TEXTS));
  return input.bytes(input.oneIn(2) ? input.below(40) : input.pick([4, 6, 18, 20, 32, 36, 60]));
}

/** A .torrent that is right, or wrong in what it says rather than in how. */
export function anyTorrent(input: Input): Uint8Array {
  const version = input.below(3);
  const info = new Map<string, Bencode>([
    ["name", utf8(input.pick(["x", "folder", ...TEXTS]))],
    ["piece length", input.pick([16_384, 32_768, 65_536, input.edge32()])],
    ...(version !== 1 ? v1Fields(input) : []),
    ...(version !== 0 ? v2Fields(input) : []),
    ...(input.oneIn(3) ? [["private", input.below(3)] as const] : []),
  ]);
  return encode(dictOf({
    info,
    announce: maybe(input, utf8(input.pick(["udp://t:1", "http://x", "\x1b[31m", ""]))),
    "announce-list": maybe(input, [[utf8("udp://a:1"), 3, input.bytes(5)], utf8("no")]),
    "url-list": maybe(input, input.pick<Bencode>([utf8("http://w/"), [utf8("http://w/?b"), 7], 7])),
    "piece layers": maybe(input, new Map([["\x01\x02\x03", input.bytes(64)]])),
    comment: maybe(input, input.bytes(20)),
  }));
}

function v1Fields(input: Input): [string, Bencode][] {
  const lengths = [0, 1, 16_384, 40_000, 100_000];
  const file = () =>
    new Map<string, Bencode>([
      ["length", input.pick(lengths)],
      ["path", input.several(3, () => utf8(input.pick(["a", "b", "A", ...TEXTS])))],
      ...(input.oneIn(4) ? [["attr", utf8(input.pick(["p", "l", "x", "hp"]))] as const] : []),
    ]);
  const files = [file(), ...input.several(5, file)];
  const bytes = input.bytes(20 * input.pick([1, 2, 3, 5, 7]));
  const content: [string, Bencode] = input.oneIn(2) ? ["files", files] : ["length", 100_000];
  return [["pieces", bytes], content];
}

function v2Fields(input: Input): [string, Bencode][] {
  const leaf = () =>
    new Map<string, Bencode>([[
      "",
      new Map<string, Bencode>([
        ["length", input.pick([0, 1, 16_384, 40_000, 100_000])],
        ["pieces root", input.bytes(32)],
      ]),
    ]]);
  const tree = new Map<string, Bencode>(
    [0, ...input.several(4, () => 0)].map(() => [
      input.pick(["a", "b", "c", "x.y", ".."]),
      input.oneIn(3) ? new Map([["d", leaf()]]) : leaf(),
    ]),
  );
  return [["meta version", input.pick([2, 2, 2, 1, 3])], ["file tree", tree]];
}

/** Half of the time nothing. */
function maybe<T>(input: Input, value: T): T | undefined {
  return input.oneIn(2) ? value : undefined;
}
