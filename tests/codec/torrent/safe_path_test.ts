/** Names from strangers, made safe. @module */

import { assert, assertEquals } from "@std/assert";
import { fromHex, utf8 } from "../../../lib/codec/bytes.ts";
import {
  cutComponent,
  type DiskRules,
  safeComponent,
  SafePaths,
  uniquePaths,
} from "../../../lib/codec/torrent/safe_path.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";

const permissions = "none";

function assertRewrites(expected: Record<string, string>, windows = false): void {
  for (const [raw, safe] of Object.entries(expected)) {
    assertEquals(safeComponent(raw, windows), safe, JSON.stringify(raw));
    assertEquals(safeComponent(utf8(raw), windows), safe, JSON.stringify(raw));
  }
}

Deno.test("ordinary names stay as they are, in every script", { permissions }, () => {
  const names = [
    "a.txt",
    ".profile",
    "...",
    "naïve file.iso",
    "日本語.mkv",
    "🐟",
    "ab:c",
    "x ",
    "CON",
    "Q: what.txt",
    "c:",
    "dev-disk-by\\x2duuid.swap",
    'a?b<c>d"e|f*g',
    // Persian and Hindi are spelled with joiners, emoji are joined of several, Thai has invisible spaces.
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.txt",
    "\u0915\u094d\u200d\u0937.txt",
    "\u{1f469}\u200d\u{1f4bb} plan.txt",
    "\u0e04\u0e33\u200b\u0e44\u0e17\u0e22.txt",
    "\u200f\u05e9\u05dc\u05d5\u05dd (1).txt",
    "soft\u00adhyphen",
    "e\u0301",
    "\ufeffmarked",
  ];
  for (const name of names) assertEquals(safeComponent(name), name);
});

Deno.test("a name cannot leave its folder", { permissions }, () => {
  assertRewrites({
    "": "_",
    ".": "_",
    "..": "_",
    "/": "_",
    "../../etc/passwd": ".._.._etc_passwd",
    "/etc/passwd": "_etc_passwd",
    ".\u202e.": "_",
    "\u2066..\u2069": "_",
  });
  assertRewrites({
    "..\\..\\boot.ini": ".._.._boot.ini",
    "C:\\Windows": "C__Windows",
    "c:": "c_",
  }, true);
});

Deno.test("a name cannot hide what it is", { permissions }, () => {
  assertRewrites({
    "a\0b": "a_b",
    "line\nbreak\r\ttab\x1b[31m\x7f\x85\u2028": "line_break__tab_[31m___",
    "photo\u202egpj.exe": "photogpj.exe",
    "\u2067txt\u2069.\u202dexe\u202c": "txt.exe",
  });
});

Deno.test("bytes that are not UTF-8 become underscores", { permissions }, () => {
  assertEquals(safeComponent(fromHex("61ff62c0af63")), "a_b__c");
  assertEquals(safeComponent(fromHex("edb080")), "___");
  assertEquals(safeComponent("half \ud800 a pair"), "half _ a pair");
});

Deno.test("what Windows cannot hold is rewritten where that is asked for", { permissions }, () => {
  assertRewrites({
    'a?b<c>d"e|f*g:h': "a_b_c_d_e_f_g_h",
    "trailing. . ": "trailing_",
    "...": "_",
    "CON": "_CON",
    "nul.txt": "_nul.txt",
    "com1": "_com1",
    "console.txt": "console.txt",
  }, true);
});

Deno.test("a name that is too long is cut between characters and keeps its extension", {
  permissions,
}, () => {
  const longest = "x".repeat(251) + ".iso";
  assertEquals(safeComponent(longest), longest);
  assertEquals(safeComponent("x".repeat(252) + ".iso"), "x".repeat(236) + ".iso");
  assertEquals(safeComponent("🐟".repeat(100) + ".iso"), "🐟".repeat(59) + ".iso");
  assertEquals(safeComponent("x".repeat(300)), "x".repeat(240));
  assertEquals(safeComponent("x." + "y".repeat(300)).length, 240);
  assertEquals(safeComponent("." + "y".repeat(20) + "x".repeat(300)).length, 240);
});

const BLIND = { ignoresCase: true, ignoresComposition: true };

/** The paths that files get on a disk. */
function unique(names: string[], rules?: DiskRules): string[] {
  return uniquePaths(names.map((name) => name.split("/")), rules).map((path) => path.join("/"));
}

Deno.test("a name that is there twice gets a number, others stay", { permissions }, () => {
  const names = ["a.txt", "A.TXT", "a.txt", "e\u0301", "\u00e9", "D/x", "d/X", "D/x"];
  assertEquals(
    unique(names),
    ["a.txt", "A.TXT", "a.1.txt", "e\u0301", "\u00e9", "D/x", "d/X", "D/x.1"],
  );
  assertEquals(unique(["a.1.txt", "a.txt", "a.txt"]), ["a.1.txt", "a.txt", "a.2.txt"]);
  assertEquals(unique(["a/x", "b/x"]), ["a/x", "b/x"]);
  const paths = [["a"], ["A"], ["b", "a"]];
  for (const [i, path] of uniquePaths(paths).entries()) assert(path === paths[i]);
});

Deno.test("names that a disk takes for one are told apart by a number", { permissions }, () => {
  const blind = (...names: string[]) => unique(names, BLIND);
  assertEquals(blind("a.txt", "A.TXT", "a.txt", "b"), ["a.txt", "A.1.TXT", "a.2.txt", "b"]);
  assertEquals(blind("e\u0301.txt", "\u00e9.txt"), ["e\u0301.txt", "\u00e9.1.txt"]);
  assertEquals(blind("D/x", "d/X", "d/y"), ["D/x", "d/X.1", "d/y"]);
  const names = ["\u00e9", "\u00c9", "e\u0301"];
  const [first, other] = ["\u00e9", "\u00c9"];
  assertEquals(unique(names, { ...BLIND, ignoresComposition: false }), [
    first,
    `${other}.1`,
    "e\u0301",
  ]);
  assertEquals(unique(names, { ...BLIND, ignoresCase: false }), [first, other, "e\u0301.1"]);
});

Deno.test(
  "a file that is named as a folder gives way, whichever comes first",
  { permissions },
  () => {
    assertEquals(unique(["sub", "sub/file", "SUB"]), ["sub.1", "sub/file", "SUB"]);
    assertEquals(unique(["sub", "SUB/file"], BLIND), ["sub.1", "SUB/file"]);
    assertEquals(unique(["sub/file", "Sub"], BLIND), ["sub/file", "Sub.1"]);
    assertEquals(unique(["a/b/c", "a/b", "A"], BLIND), ["a/b/c", "a/b.1", "A.1"]);
  },
);

Deno.test("a name is taken in its own folder only, in however many folders it is", {
  permissions,
}, () => {
  const names = ["a/x", "b/x", "b/x", "x", "c/x/y", "c/x", "a/x", "a", "d/a/x", "d/a/x"];
  assertEquals(unique(names), [
    "a/x",
    "b/x",
    "b/x.1",
    "x",
    "c/x/y",
    "c/x.1",
    "a/x.1",
    "a.1",
    "d/a/x",
    "d/a/x.1",
  ]);
});

Deno.test("what paths have in common is made once, and what they have not is their own", {
  permissions,
}, () => {
  const paths = new SafePaths();
  const of = (path: string) => paths.of(path.split("/").map(utf8));
  const first = of("a?/b\u202e/c");
  assertEquals(first, { path: ["a?", "b", "c"], original: ["a?", "b\u202e", "c"] });
  assert(of("a?/b\u202e/c").path === first.path);
  assertEquals(of("a?/b\u202e/d").path, ["a?", "b", "d"]);
  assertEquals(of("a?/b\u202e"), { path: ["a?", "b"], original: ["a?", "b\u202e"] });
  assertEquals(of("a?"), { path: ["a?"], original: undefined });
  assertEquals(of("a?/c/c"), { path: ["a?", "c", "c"], original: undefined });
  assertEquals(of("x/c/c").path, ["x", "c", "c"]);
});

Deno.test("a number fits into a name that is as long as names can be", { permissions }, () => {
  const name = "x".repeat(251) + ".iso";
  const paths = uniquePaths([[name], [name], [name]]);
  assertEquals(paths[1], ["x".repeat(234) + ".1.iso"]);
  assertEquals(paths[2], ["x".repeat(234) + ".2.iso"]);
});

Deno.test(
  "ten thousand colliding names take no longer than they must",
  { permissions },
  () => {
    const names = Array.from({ length: 10_000 }, (_, i) => ["x".repeat(240) + i % 5000]);
    const paths = uniquePaths(names);
    assertEquals(new Set(paths.map((path) => path[0])).size, 10_000);
  },
);

Deno.test("random bytes always become safe, distinct names", { permissions }, () => {
  const random = seededRandom(29);
  const alphabet = utf8("..//\\\0ab:🐟\u202e\u200b \xff");
  const seen = { rewritten: 0, kept: 0, cut: 0, renamed: 0 };
  const paths: string[][] = [];
  for (let round = 0; round < 3000; round++) {
    const length = integerFrom(random, 0, random() < 0.1 ? 400 : 4);
    const raw = Uint8Array.from(
      { length },
      () => alphabet[integerFrom(random, 0, alphabet.length - 1)]!,
    );
    const safe = safeComponent(raw);
    assert(safe !== "" && safe !== "." && safe !== "..");
    // deno-lint-ignore no-control-regex
    assert(!/[\/\x00-\x1f\u202e]/.test(safe));
    assert(utf8(safe).length <= 255);
    assertEquals(safeComponent(safe), safe, "safe names stay");
    seen[new TextDecoder().decode(raw) === safe ? "kept" : "rewritten"]++;
    if (length > 255) seen.cut++;
    paths.push(random() < 0.5 ? [safe] : ["folder", safe]);
  }
  const distinct = uniquePaths(paths, BLIND);
  const keys = distinct.map((path) => path.join("/").normalize("NFC").toLowerCase());
  assertEquals(new Set(keys).size, paths.length);
  for (const [i, path] of distinct.entries()) if (path.at(-1) !== paths[i]!.at(-1)) seen.renamed++;
  assert(Math.min(seen.rewritten, seen.kept, seen.cut, seen.renamed) > 30, JSON.stringify(seen));
});

Deno.test({
  name: "a name is cut to what is left for it, and keeps its extension",
  permissions: "none",
  fn() {
    assertEquals(cutComponent("abc.txt", 7), "abc.txt");
    assertEquals(cutComponent("abcd.txt", 7), "abc.txt");
    assertEquals(cutComponent("ü".repeat(5), 9), "ü".repeat(4));
  },
});
