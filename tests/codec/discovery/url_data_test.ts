import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { concat, fromHex, utf8, utf8Length } from "../../../lib/codec/bytes.ts";
import {
  cleanLabel,
  formatUrlData,
  isListableName,
  MAX_LABEL_LENGTH,
  parseUrlData,
  sharesLabels,
} from "../../../lib/codec/discovery/udp_tracker.ts";
import { decodeOptions, encodeOptions } from "../../../lib/codec/discovery/url_data.ts";
import { pseudoRandomBytes } from "../../../support/content.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";

const permissions = "none";
const V2_HASH = pseudoRandomBytes(32, 1);

Deno.test("options of an announce are read up to their end", { permissions }, () => {
  const cases: [string, string][] = [
    ["", ""],
    ["0000", ""],
    ["020c2f6469723f613d6226633d64", "/dir?a=b&c=d"],
    ["020c2f6469723f613d6226633d64010100", "/dir?a=b&c=d"],
    ["01010202" + "2f61" + "0200" + "0201" + "62" + "00" + "020163", "/ab"],
    ["0703aabbcc" + "02012f", "/"],
    ["02012f" + "02ff61", "/"],
    ["02", ""],
    ["02012f" + "09", "/"],
  ];
  for (const [options, expected] of cases) {
    const packet = concat(new Uint8Array(98), fromHex(options));
    assertStrictEquals(decodeOptions(packet, 98), expected, options);
  }
});

Deno.test("no options, however broken, do more than end the reading", { permissions }, () => {
  const random = seededRandom(7);
  let withText = 0;
  for (let i = 0; i < 2000; i++) {
    const length = integerFrom(random, 0, 60);
    const options = Uint8Array.from({ length }, () => integerFrom(random, 0, 8));
    if (decodeOptions(options, 0) !== "") withText++;
  }
  assertStrictEquals(withText > 300 && withText < 1900, true, `${withText}`);
});

Deno.test("what a seeder hosts comes back from the URL of its announce", { permissions }, () => {
  const names = [
    "disk.iso",
    "a b&c=d?e#f%41+g",
    "Übung 1 – Größe.pdf",
    "日本語.tar",
    "🐟".repeat(63),
  ];
  for (const name of names) {
    for (const file of [{ name, length: 0 }, { name, length: 2 ** 53 - 1, v2Hash: V2_HASH }]) {
      for (const path of ["", "/announce", "/key/announce?pass=1"]) {
        const urlData = formatUrlData(path, file);
        assertStrictEquals(urlData.startsWith(path === "" ? "/announce?" : path), true);
        const options = encodeOptions(urlData);
        assertEquals(parseUrlData(decodeOptions(options, 0)), file);
      }
    }
  }
  assertStrictEquals(
    formatUrlData("", { name: "a b", length: 3 }),
    "/announce?dn=a%20b&xl=3",
  );
});

Deno.test("a URL that tells no name or no length tells of nothing hosted", { permissions }, () => {
  const nothing = ["", "/announce", "/announce?dn=a", "/announce?xl=3", "/a?dn=&xl=3"]
    .concat(
      ["-1", "1e3", "", "99999999999999999", "9007199254740993"].map((xl) => `/a?dn=a&xl=${xl}`),
    )
    .concat(
      ["%ff", "%00a", "a%0Ab", "%1b[2J", "%E2%80%AEcod.exe", "a".repeat(256)].map((dn) =>
        `/?dn=${dn}&xl=1`
      ),
    );
  for (const urlData of nothing) assertStrictEquals(parseUrlData(urlData), undefined, urlData);
});

Deno.test(
  "of a parameter given twice the first counts, and a bad hash is none",
  { permissions },
  () => {
    assertEquals(parseUrlData("/?dn=a&dn=b&xl=1&xl=2"), { name: "a", length: 1 });
    assertEquals(parseUrlData("/?dn=a+b&xl=1&btmh=1220ff"), { name: "a+b", length: 1 });
  },
);

Deno.test("a tracker's own path is sent when there is nothing to tell", { permissions }, () => {
  assertStrictEquals(formatUrlData("/x?y", undefined), "/x?y");
  assertStrictEquals(formatUrlData("", undefined), "");
  assertStrictEquals(formatUrlData("", { name: "a\nb", length: 1 }), "");
});

Deno.test("names that would confuse a terminal or a reader are not listed", { permissions }, () => {
  for (const name of ["", "a\u001b[31m", "a\r", "\u202egpj.exe", "\ud800", "é".repeat(128)]) {
    assertStrictEquals(isListableName(name), false, JSON.stringify(name));
  }
  assertStrictEquals(isListableName("é".repeat(127)), true);
  assertStrictEquals(utf8("é".repeat(127)).length, 254);
});

Deno.test(
  "the label of the machine, and the part it wants, come after the file",
  { permissions },
  () => {
    const file = { name: "a b", length: 77, label: "büro-7", selectedBytes: 5 };
    const urlData = "/announce?dn=a%20b&xl=77&sel=5&label=b%C3%BCro-7";
    assertStrictEquals(formatUrlData("", file), urlData);
    assertEquals(parseUrlData(urlData), file);
    const { label: _, selectedBytes: __, ...whole } = file;
    assertEquals(parseUrlData(formatUrlData("", { ...whole, label: "" })), whole);
    // Of the whole torrent is no part of it, and what is invalid is not there.
    for (const rest of ["&sel=77", "&sel=-1", "&label=", "&label=%ff", "&label=%1b%5b0m"]) {
      assertEquals(parseUrlData(`/announce?dn=a%20b&xl=77${rest}`), whole, rest);
    }
  },
);

Deno.test("a label is bounded, and holds nothing that steers a terminal or reorders text", {
  permissions,
}, () => {
  const cases = [
    ["pc7.lab.example", "pc7.lab.example"],
    ["  Anna's laptop ", "Anna's laptop"],
    ["\u001b[1;31mred\u001b[0m", "red"],
    ["\u001b]0;a title\u0007pc7", "pc7"],
    ["\u009b31mpc7", "pc7"],
    ["p\u0000c\r\n7\u202egnp\u2028", "pc7gnp"],
    ["\ud800pc7", "pc7"],
    ["x".repeat(4096), "x".repeat(64)],
    ["é".repeat(4096), "é".repeat(32)],
    [`${"x".repeat(62)}€€`, "x".repeat(62)],
    ["\u0007\u200b ", ""],
  ];
  for (const [text, label] of cases) assertStrictEquals(cleanLabel(text!), label!, text!);
  for (const [text] of cases) assert(utf8Length(cleanLabel(text!)) <= MAX_LABEL_LENGTH);
  // A label of 4 kB in an announce, as a stranger may write it.
  const file = { name: "a", length: 1, label: "é".repeat(2048) };
  assertEquals(parseUrlData(formatUrlData("", file))?.label, "é".repeat(32));
});

Deno.test("labels are for machines of the local network, and for this one", { permissions }, () => {
  for (const ip of ["127.0.0.1", "::1", "10.0.0.7", "192.168.1.1", "169.254.1.1", "fd00::7"]) {
    assert(sharesLabels(ip), ip);
  }
  for (const ip of ["8.8.8.8", "203.0.113.1", "2001:db8::1", "::", "tracker.example", ""]) {
    assert(!sharesLabels(ip), ip);
  }
});
