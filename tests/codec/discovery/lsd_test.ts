import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { fromHex, fromLatin1, hex, latin1 } from "../../../lib/codec/bytes.ts";
import {
  decodeLocalSearch,
  encodeLocalSearch,
  LOCAL_GROUPS,
  type LocalSearch,
  MAX_COOKIE_LENGTH,
  MAX_SEARCH_HASHES,
  MAX_SEARCH_LENGTH,
} from "../../../lib/codec/discovery/lsd.ts";
import { pseudoRandomBytes } from "../../../support/content.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";

const permissions = "none";
const HASH = fromHex("82a78d717fa1d94cbb9a488bfbc6a102881234f4");

/** Made with another program: one hash, cookie 1a2b3c, IPv4. */
const VECTOR = fromHex(
  "42542d534541524348202a20485454502f312e310d0a486f73743a203233392e3139322e3135322e3134333a363737310d" +
    "0a506f72743a20363838310d0a496e666f686173683a20383261373864373137666131643934636262396134383862666263" +
    "366131303238383132333466340d0a636f6f6b69653a203161326233630d0a0d0a0d0a",
);

function read(text: string): LocalSearch | undefined {
  return decodeLocalSearch(fromLatin1(text));
}

function packet(...lines: string[]): string {
  return ["BT-SEARCH * HTTP/1.1", ...lines, "", "", ""].join("\r\n");
}

const HEX = hex(HASH);

Deno.test("a search is written as other programs write it", { permissions }, () => {
  const search = { port: 6881, infoHashes: [HASH], cookie: "1a2b3c" };
  assertStrictEquals(hex(encodeLocalSearch(search, 4)), hex(VECTOR));
  assertStrictEquals(VECTOR.length, 134);
  assertEquals(decodeLocalSearch(VECTOR), search);
});

Deno.test("the host is the group of the family", { permissions }, () => {
  const text = latin1(encodeLocalSearch({ port: 1, infoHashes: [HASH] }, 6));
  assertStrictEquals(
    text,
    `BT-SEARCH * HTTP/1.1\r\nHost: [ff15::efc0:988f]:6771\r\nPort: 1\r\nInfohash: ${HEX}\r\n\r\n\r\n`,
  );
  assertEquals(LOCAL_GROUPS[4], { host: "239.192.152.143", port: 6771 });
});

Deno.test("as many hashes as a packet may hold fit, and not one more", { permissions }, () => {
  const infoHashes = Array.from({ length: MAX_SEARCH_HASHES }, (_, i) => pseudoRandomBytes(20, i));
  const search = { port: 65535, infoHashes, cookie: "c".repeat(MAX_COOKIE_LENGTH) };
  const bytes = encodeLocalSearch(search, 6);
  assert(MAX_SEARCH_HASHES >= 20);
  assert(bytes.length <= MAX_SEARCH_LENGTH && bytes.length + 52 > MAX_SEARCH_LENGTH - 52);
  assertEquals(decodeLocalSearch(bytes), search);
  assertThrows(
    () => encodeLocalSearch({ port: 1, infoHashes: [...infoHashes, HASH] }, 4),
    RangeError,
  );
});

Deno.test("what makes no sense is not written", { permissions }, () => {
  const wrong: LocalSearch[] = [
    { port: 6881, infoHashes: [] },
    { port: 0, infoHashes: [HASH] },
    { port: 65536, infoHashes: [HASH] },
    { port: 1.5, infoHashes: [HASH] },
    { port: 6881, infoHashes: [HASH.subarray(1)] },
    { port: 6881, infoHashes: [pseudoRandomBytes(32, 1)] },
    { port: 6881, infoHashes: [HASH], cookie: "" },
    { port: 6881, infoHashes: [HASH], cookie: "a\r\nPort: 1" },
    { port: 6881, infoHashes: [HASH], cookie: "c".repeat(MAX_COOKIE_LENGTH + 1) },
  ];
  for (const search of wrong) assertThrows(() => encodeLocalSearch(search, 4), RangeError);
});

Deno.test("searches of other programs are read, whatever their spelling", { permissions }, () => {
  const expected = { port: 51413, infoHashes: [HASH] };
  const spellings = [
    packet(`Port: 51413`, `Infohash: ${HEX}`),
    packet(`INFOHASH:${HEX.toUpperCase()}`, `port:51413`, `X-Later: 1:2`),
    packet(`Port:   51413  `, `Infohash: ${HEX}`, `Infohash: ${HEX}`),
    packet(`Port: 51413`, `Infohash: ${HEX}`).replaceAll("\r", ""),
    packet(`Port: 51413`, `Infohash: ${HEX}`).slice(0, -4),
    packet(`Port: 51413`, `Infohash: ${HEX}`).trimEnd(),
    packet(`Port: 51413`, `Infohash: ${HEX}`) + "Port: 7\r\n",
    packet(`Port: 51413`, `Infohash: ${HEX}`, "no colon"),
    packet(`Port: 51413`, `Infohash: ${HEX}`, `Infohash: ${"ab".repeat(32)}`, "Infohash: xyz"),
    packet(`Port: 51413`, `Infohash: ${HEX}`, `cookie: ${"x".repeat(MAX_COOKIE_LENGTH + 1)}`),
    packet(`Port: 51413`, `Infohash: ${HEX}`, `cookie: a\x07b`),
  ];
  for (const text of spellings) assertEquals(read(text), expected, text);
  assertEquals(read(packet("Port: 51413", `Infohash: ${HEX}`, "Cookie: a b", "cookie: c")), {
    ...expected,
    cookie: "a b",
  });
});

Deno.test("packets that lead to no peer are passed over", { permissions }, () => {
  const wrong = [
    "",
    "BT-SEARCH * HTTP/1.1",
    packet(),
    packet("Port: 6881"),
    packet(`Infohash: ${HEX}`),
    packet("Port: 0", `Infohash: ${HEX}`),
    packet("Port: 65536", `Infohash: ${HEX}`),
    packet("Port: 6881x", `Infohash: ${HEX}`),
    packet("Port: -1", `Infohash: ${HEX}`),
    packet("Port: 0x1", `Infohash: ${HEX}`),
    packet("Port:", `Infohash: ${HEX}`),
    packet("Port: 6881", "Port: 6882", `Infohash: ${HEX}`),
    packet("Port: 6881", `Infohash: ${HEX.slice(1)}`),
    packet("Port: 6881", `Infohash: ${HEX}0`),
    packet("Port: 6881", `Infohash: ${HEX.slice(1)}g`),
    packet("", "Port: 6881", `Infohash: ${HEX}`),
    packet("Port: 6881", `Infohash: ${HEX}`).replace("BT-SEARCH", "M-SEARCH"),
    packet("Port: 6881", `Infohash: ${HEX}`).replace("1.1", "2.0"),
    ` ${packet("Port: 6881", `Infohash: ${HEX}`)}`,
    packet("Port: 6881", `Infohash: ${HEX}`, "x".repeat(MAX_SEARCH_LENGTH)),
  ];
  for (const text of wrong) assertStrictEquals(read(text), undefined, JSON.stringify(text));
});

Deno.test("a packet of nothing but hashes gives no more than fit into it", { permissions }, () => {
  const hashes = Array.from({ length: 100 }, (_, i) => `Infohash:${hex(pseudoRandomBytes(20, i))}`);
  let text = "BT-SEARCH * HTTP/1.1\nPort:1";
  let count = 0;
  while (text.length + 1 + hashes[count]!.length <= MAX_SEARCH_LENGTH) {
    text += `\n${hashes[count++]}`;
  }
  assertStrictEquals(read(text)?.infoHashes.length, count);
  assertStrictEquals(read(`${text}\n${hashes[count]}`), undefined);
});

Deno.test(
  "no packet, cut or changed anywhere, does more than mean nothing",
  { permissions },
  () => {
    const random = seededRandom(14);
    let read = 0;
    let voided = 0;
    const look = (bytes: Uint8Array) => {
      const search = decodeLocalSearch(bytes);
      if (search === undefined) return void voided++;
      read++;
      assert(search.port >= 1 && search.port <= 65535 && search.infoHashes.length >= 1);
      assert(search.infoHashes.every((hash) => hash.length === 20));
    };
    for (let end = 0; end <= VECTOR.length; end++) look(VECTOR.slice(0, end));
    for (let i = 0; i < 3000; i++) {
      const bytes = VECTOR.slice();
      for (let n = integerFrom(random, 1, 4); n > 0; n--) {
        bytes[integerFrom(random, 0, bytes.length - 1)] = integerFrom(random, 0, 255);
      }
      look(bytes);
      look(pseudoRandomBytes(integerFrom(random, 0, 1500), i));
    }
    assert(read > 300 && voided > 3000, `${read} read, ${voided} void`);
  },
);

Deno.test("what is written is read back", { permissions }, () => {
  const random = seededRandom(2);
  for (let i = 0; i < 500; i++) {
    const count = integerFrom(random, 1, MAX_SEARCH_HASHES);
    const search = {
      port: integerFrom(random, 1, 65535),
      infoHashes: Array.from({ length: count }, (_, k) => pseudoRandomBytes(20, 100 * i + k)),
      cookie: hex(pseudoRandomBytes(8, i)),
    };
    assertEquals(decodeLocalSearch(encodeLocalSearch(search, i % 2 === 0 ? 4 : 6)), search);
  }
});
