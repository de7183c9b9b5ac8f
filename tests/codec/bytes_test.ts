/** Bytes and their written forms. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  compareBytes,
  concat,
  equalBytes,
  fromBase32,
  fromHex,
  fromLatin1,
  hex,
  latin1,
  strictTextOf,
  textOf,
  utf8,
  utf8Length,
  viewOf,
} from "../../lib/codec/bytes.ts";
import { sha1, sha256 } from "../../lib/codec/hash.ts";
import { formulaBytes } from "../../support/content.ts";

const permissions = "none";
const allBytes = Uint8Array.from({ length: 256 }, (_, i) => i);

Deno.test("hex of any bytes reads back to the same bytes, in either case", { permissions }, () => {
  assertEquals(hex(formulaBytes(16)), "030a11181f262d343b424950575e656c");
  assertEquals(fromHex(hex(allBytes)), allBytes);
  assertEquals(fromHex(hex(allBytes).toUpperCase()), allBytes);
  assertEquals(fromHex(""), new Uint8Array());
});

Deno.test("text that is not hex is refused", { permissions }, () => {
  for (const text of ["0", "0g", " 00", "0x00", "00\n", "+1"]) {
    assertThrows(() => fromHex(text), RangeError);
  }
});

Deno.test("base32 reads the published vectors, in either case", { permissions }, () => {
  const vectors = {
    "": "",
    MY: "f",
    MZXQ: "fo",
    MZXW6: "foo",
    MZXW6YQ: "foob",
    MZXW6YTBOI: "foobar",
  };
  for (const [encoded, text] of Object.entries(vectors)) {
    assertEquals(textOf(fromBase32(encoded)), text);
    assertEquals(textOf(fromBase32(encoded.toLowerCase())), text);
  }
  for (const text of ["M1", "M=", "M ", "é"]) assertThrows(() => fromBase32(text), RangeError);
});

Deno.test("a binary string keeps every byte, however long it is", { permissions }, () => {
  const long = formulaBytes(100_003);
  assertEquals(fromLatin1(latin1(allBytes)), allBytes);
  assertEquals(fromLatin1(latin1(long)), long);
  assertThrows(() => fromLatin1("€"), RangeError);
});

Deno.test(
  "bytes compare as memcmp does: unsigned, the shorter prefix first",
  { permissions },
  () => {
    const ordered = ["", "00", "0000", "007f", "0080", "7f", "80", "ff", "ff00"].map(fromHex);
    for (const [i, a] of ordered.entries()) {
      for (const [j, b] of ordered.entries()) {
        assertEquals(Math.sign(compareBytes(a, b)), Math.sign(i - j));
        assertEquals(equalBytes(a, b), i === j);
      }
    }
  },
);

Deno.test("text that is not UTF-8 is told apart, or replaced where that is asked for", {
  permissions,
}, () => {
  assertEquals(strictTextOf(utf8("\ufeffnaïve 🐟")), "\ufeffnaïve 🐟");
  assertEquals(strictTextOf(fromHex("c328")), undefined);
  assertEquals(textOf(fromHex("c328")), "\ufffd(");
});

Deno.test(
  "memory that threads share reads as text and hashes like any other",
  { permissions },
  () => {
    const shared = new Uint8Array(new SharedArrayBuffer(5));
    shared.set(formulaBytes(5));
    assertEquals(hex(sha1(shared)), "941f194daa0adbdf8582dbf3691a6288329d2be6");
    assertEquals(textOf(shared), textOf(formulaBytes(5)));
    assertEquals(strictTextOf(shared), textOf(formulaBytes(5)));
  },
);

Deno.test("parts are joined in order, and a view covers exactly its bytes", { permissions }, () => {
  const joined = concat(fromHex("0001"), new Uint8Array(), fromHex("0203ff"));
  assertEquals(hex(joined), "000102" + "03ff");
  const view = viewOf(joined.subarray(1, 3));
  assertEquals(view.byteLength, 2);
  assertEquals(view.getUint16(0), 0x0102);
});

Deno.test("hashes of several parts are hashes of what they make together", { permissions }, () => {
  const content = formulaBytes(100_000);
  assertEquals(
    hex(sha256(content.subarray(0, 7), content.subarray(7))),
    "5889ab642baa09c41570b8888cbf45f3762152cea2490ea6b150208a99c92b10",
  );
  assert(sha1() instanceof Uint8Array);
  assertEquals(hex(sha1()), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
});

Deno.test(
  "the length of a text in UTF-8 is known without making its bytes",
  { permissions },
  () => {
    const texts = [
      "",
      "a",
      "\x7f\x80",
      "ü\u07ff\u0800",
      "\uffff",
      "🐟",
      "\ud83d",
      "a\ud83d🐟\udc1f",
      "\udc1f\ud83d",
    ];
    for (const text of texts) {
      assertEquals(
        utf8Length(text),
        utf8(text).length,
        JSON.stringify(text),
      );
    }
  },
);
