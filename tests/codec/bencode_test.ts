/** Bencoding: what is read, what is refused, what is written. @module */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { BencodeError, decode, decodePrefix, dictOf, encode } from "../../lib/codec/bencode.ts";
import { bytesAt, dictAt, integerAt, listAt } from "../../lib/codec/bencode_decoder.ts";
import type { Bencode, BencodeDict } from "../../lib/codec/bencode_value.ts";
import { fromLatin1, latin1, utf8 } from "../../lib/codec/bytes.ts";
import { formulaBytes } from "../../support/content.ts";
import { integerFrom, seededRandom } from "../../support/random.ts";

const permissions = "none";
const read = (text: string) => decode(fromLatin1(text));
const readTolerantly = (text: string) => decode(fromLatin1(text), { strict: false });

const CANONICAL = [
  "i0e",
  "i-1e",
  "i42e",
  "i9007199254740991e",
  "i9007199254740992e",
  "i-9007199254740993e",
  "i9223372036854775807e",
  "i-9223372036854775808e",
  "0:",
  "4:spam",
  "le",
  "de",
  "l4:spami42ee",
  "d3:cow3:moo4:spam4:eggse",
  "d1:ai1e2:aai2e1:bi3ee",
  "d0:i1e1:ai2ee",
  "d1:Bi1e1:ai2ee",
  "d1:\x7fi1e1:\x80i2e1:\xffi3ee",
  "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe",
];

const REFUSED = {
  "nothing": [""],
  "an integer that is not canonical": ["i-0e", "i03e", "i-03e", "i00e", "i+1e", "i 1e", "i1.0e"],
  "an integer without digits or end": ["ie", "i-e", "i", "i-", "i1", "i--1e", "i1-e"],
  "an integer beyond 64 bits": [
    "i9223372036854775808e",
    "i-9223372036854775809e",
    "i10000000000000000000e",
    `i${"9".repeat(5000)}e`,
  ],
  "a string longer than the input": [
    "1:",
    "5:spam",
    "4294967297:a",
    "18446744073709551617:a",
    `${"9".repeat(400)}:a`,
  ],
  "a string with a malformed length": ["01:a", "00:", "-1:a", "4spam", ":", "1", "x", "1 :a"],
  "a container that does not end": ["l", "li1e", "d", "d1:a", "d1:ai1e", "lle"],
  "a key without value": ["d1:ae"],
  "a key that is no string": ["di1ei2ee", "dlei1ee", "dde1:ae"],
  "duplicate keys": ["d1:ai1e1:ai2ee", "d0:i1e0:i2ee"],
  "unsorted keys": ["d1:bi1e1:ai2ee", "d2:aai1e1:ai2ee", "d1:\xffi1e1:\x7fi2ee"],
  "an end without beginning": ["e", "lee"],
  "bytes after the value": ["i1ei2e", "i1e\n", "dee", "0::"],
};

Deno.test("canonical bencoding is read and written back byte for byte", { permissions }, () => {
  for (const text of CANONICAL) assertEquals(latin1(encode(read(text))), text);
});

for (const [what, texts] of Object.entries(REFUSED)) {
  Deno.test(`a bencode decoder refuses ${what}`, { permissions }, () => {
    for (const text of texts) assertThrows(() => read(text), BencodeError, "at byte", text);
  });
}

Deno.test("integers are numbers as long as that is exact, then bigints", { permissions }, () => {
  assertEquals(read("i9007199254740991e"), Number.MAX_SAFE_INTEGER);
  assertEquals(read("i-9007199254740991e"), Number.MIN_SAFE_INTEGER);
  assertEquals(read("i9007199254740992e"), 2n ** 53n);
  assertEquals(read("i-9223372036854775808e"), -(2n ** 63n));
  assert(Object.is(read("i0e"), 0));
});

Deno.test("a tolerant decoder reads what old programs wrote", { permissions }, () => {
  assertEquals(readTolerantly("i-0e"), 0);
  assert(Object.is(readTolerantly("i-0e"), 0));
  assertEquals(readTolerantly("i-0003e"), -3);
  assertEquals(readTolerantly(`i${"0".repeat(50)}7e`), 7);
  assertEquals(readTolerantly("01:a"), fromLatin1("a"));
  assertEquals(readTolerantly("00:"), new Uint8Array());
  assertEquals(readTolerantly("d1:bi1e1:ai2ee"), new Map([["b", 1], ["a", 2]]));
});

Deno.test("of duplicate keys a tolerant decoder takes the first", { permissions }, () => {
  const text = "d1:ai1e1:bi2e1:al1:xee";
  assertEquals(readTolerantly(text), new Map([["a", 1], ["b", 2]]));
  const { spans } = decodePrefix(fromLatin1(text), { strict: false });
  assertEquals(spans.get("a"), { start: 4, end: 7 });
});

Deno.test("a tolerant decoder still refuses what has no meaning", { permissions }, () => {
  const meaningless = Object.entries(REFUSED)
    .filter(([what]) => !/canonical|duplicate|unsorted/.test(what))
    .flatMap(([, texts]) => texts)
    .filter((text) => text !== "01:a" && text !== "00:");
  assert(meaningless.length > 30);
  for (const text of meaningless) assertThrows(() => readTolerantly(text), BencodeError);
});

Deno.test("a value is read from the beginning of longer input, with the spans of its fields", {
  permissions,
}, () => {
  const input = fromLatin1("d4:infod1:ai1ee4:name3:abcexyz");
  const { value, end, spans } = decodePrefix(input);
  assertEquals(end, input.length - 3);
  assertEquals(latin1(encode(value)), "d4:infod1:ai1ee4:name3:abce");
  assertEquals([...spans], [["info", { start: 7, end: 15 }], ["name", { start: 21, end: 26 }]]);
});

Deno.test("every beginning of a message is refused, never misread", { permissions }, () => {
  const whole = fromLatin1("d1:ad2:id20:abcdefghij0123456789e1:lli-1e0:lee1:q4:pinge");
  for (let length = 0; length < whole.length; length++) {
    assertThrows(() => decode(whole.subarray(0, length)), BencodeError);
  }
  decode(whole);
});

Deno.test("byte strings are views of the input, not copies", { permissions }, () => {
  const input = fromLatin1("l4:spame");
  const [spam] = decode(input) as Uint8Array[];
  assertInstanceOf(spam, Uint8Array);
  assertEquals(spam.buffer, input.buffer);
});

Deno.test("a hundred nested containers are read, one more is refused", { permissions }, () => {
  for (const [open, close] of [["l", "e"], ["d0:", "e"]] as const) {
    const nested = (depth: number) => open.repeat(depth - 1) + "le" + close.repeat(depth - 1);
    read(nested(100));
    assertThrows(() => read(nested(101)), BencodeError, "nested too deeply");
  }
  assertThrows(() => read("l".repeat(1_000_000)), BencodeError, "nested too deeply");
  read("l".repeat(100) + "e".repeat(100));
});

Deno.test("the number of values is bounded, keys counted", { permissions }, () => {
  const limited = (text: string, maxItems: number) => decode(fromLatin1(text), { maxItems });
  limited("li1ei2ei3ee", 4);
  assertThrows(() => limited("li1ei2ei3ee", 3), BencodeError, "too many values");
  limited("d1:ai1e1:bi2ee", 5);
  assertThrows(() => limited("d1:ai1e1:bi2ee", 4), BencodeError, "too many values");
});

Deno.test("an error says where in the input it is", { permissions }, () => {
  const error = assertThrows(() => read("d1:ai1e1:ai2ee"), BencodeError);
  assertEquals(error.offset, 7);
  assertEquals(error.message, "a key comes twice at byte 7");
});

Deno.test("keys are written in the order of their bytes, whatever order they came in", {
  permissions,
}, () => {
  const dict: BencodeDict = new Map([["\xff", 1], ["b", 2], ["", 3], ["ab", 4], ["a", 5], [
    "B",
    6,
  ]]);
  assertEquals(latin1(encode(dict)), "d0:i3e1:Bi6e1:ai5e2:abi4e1:bi2e1:\xffi1ee");
});

Deno.test("what bencoding cannot hold is not written", { permissions }, () => {
  const impossible: Bencode[] = [0.5, NaN, Infinity, 2 ** 53, 2n ** 63n, -(2n ** 63n) - 1n];
  for (const value of impossible) assertThrows(() => encode(value), RangeError);
  assertThrows(() => encode(new Map([["€", 1]])), RangeError);
  assertEquals(latin1(encode(-0)), "i0e");
});

Deno.test("fields of another type read as absent", { permissions }, () => {
  const dict = dictOf({ a: 1, b: utf8("x"), c: [], d: new Map(), e: undefined, f: 2n ** 60n });
  assertEquals([...dict.keys()].join(""), "abcdf");
  assertEquals([..."abcdf"].filter((key) => integerAt(dict, key) !== undefined), ["a"]);
  assertEquals([..."abcdf"].filter((key) => bytesAt(dict, key) !== undefined), ["b"]);
  assertEquals([..."abcdf"].filter((key) => listAt(dict, key) !== undefined), ["c"]);
  assertEquals([..."abcdf"].filter((key) => dictAt(dict, key) !== undefined), ["d"]);
});

Deno.test(
  "random values survive writing and reading, every kind and many sizes",
  { permissions },
  () => {
    const random = seededRandom(20_250_101);
    const seen = new Map<string, number>();
    for (let round = 0; round < 2000; round++) {
      const value = randomValue(random, 4, seen);
      const encoded = encode(value);
      assertEquals(decode(encoded), value);
      assertEquals(encode(decode(encoded)), encoded);
    }
    for (const kind of ["number", "bigint", "bytes", "empty", "list", "dict"]) {
      assert((seen.get(kind) ?? 0) > 200, `${kind}: ${seen.get(kind)}`);
    }
  },
);

Deno.test("random damage is refused or read, and nothing else happens", { permissions }, () => {
  const random = seededRandom(7);
  const outcomes = { read: 0, refused: 0 };
  const original = encode(dictOf({
    info: dictOf({ length: 5, name: utf8("a"), pieces: formulaBytes(40) }),
    list: [1, -2, utf8("three"), []],
  }));
  for (let round = 0; round < 5000; round++) {
    const kept = random() < 0.3 ? integerFrom(random, 1, original.length) : original.length;
    const damaged = original.slice(0, kept);
    for (let hits = integerFrom(random, 1, 3); hits > 0; hits--) {
      damaged[integerFrom(random, 0, damaged.length - 1)] = integerFrom(random, 0, 255);
    }
    try {
      decodePrefix(damaged, { strict: round % 2 === 0 });
      outcomes.read++;
    } catch (error) {
      assertInstanceOf(error, BencodeError);
      outcomes.refused++;
    }
  }
  assert(outcomes.read > 100 && outcomes.refused > 1000, JSON.stringify(outcomes));
});

function randomValue(random: () => number, depth: number, seen: Map<string, number>): Bencode {
  const count = (kind: string) => seen.set(kind, (seen.get(kind) ?? 0) + 1);
  const bytes = (most: number) =>
    Uint8Array.from({ length: integerFrom(random, 0, most) }, () => integerFrom(random, 0, 255));
  const size = () => integerFrom(random, 0, 5);
  switch (integerFrom(random, 0, depth > 0 ? 4 : 2)) {
    case 0:
      count("number");
      return Math.trunc((random() - 0.5) * 10 ** integerFrom(random, 0, 15)) + 0;
    case 1:
      count("bigint");
      return (2n ** 53n + BigInt(integerFrom(random, 0, 2 ** 40))) * (random() < 0.5 ? -1n : 1n);
    case 2: {
      const string = bytes(random() < 0.5 ? 3 : 300);
      count(string.length === 0 ? "empty" : "bytes");
      return string;
    }
    case 3:
      count("list");
      return Array.from({ length: size() }, () => randomValue(random, depth - 1, seen));
    default: {
      count("dict");
      const keys = Array.from({ length: size() }, () => latin1(bytes(4)));
      return new Map(keys.map((key) => [key, randomValue(random, depth - 1, seen)]));
    }
  }
}
