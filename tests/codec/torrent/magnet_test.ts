/** Magnet links: read, written, refused. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromHex, hex } from "../../../lib/codec/bytes.ts";
import {
  formatMagnet,
  formatSelection,
  type Magnet,
  parseMagnet,
  parseSelection,
} from "../../../lib/codec/torrent/magnet.ts";
import { MagnetError } from "../../../lib/errors.ts";
import { integerFrom, seededRandom } from "../../../support/random.ts";

const permissions = "none";

const V1 = "82a78d717fa1d94cbb9a488bfbc6a102881234f4";
const V2 = "0bde1b392b209cf4c51e4da993a225250a54646509a14d09a3d239f6d1a67fb0";
const XT = `magnet:?xt=urn:btih:${V1}`;

const V1_LINK =
  `${XT}&dn=vec100000.bin&tr=udp%3A%2F%2F127.0.0.1%3A6969%2Fannounce&x.pe=127.0.0.1:6881`;
const V2_LINK = `magnet:?xt=urn:btmh:1220${V2}&dn=vec100000.bin`;
const HYBRID_LINK = "magnet:?xt=urn:btih:65e92d78667b9db35c31608b7f4bfaeae3881e9d" +
  "&xt=urn:btmh:122061ccc0331966a0a55fd78d46eb1875b0506646ffdf121c86df47929fd9aed425" +
  "&dn=vec100000.bin";

Deno.test(
  "links of every kind are read and written back character for character",
  { permissions },
  () => {
    for (const link of [V1_LINK, V2_LINK, HYBRID_LINK]) {
      assertEquals(formatMagnet(parseMagnet(link)), link);
    }
    assertEquals(parseMagnet(V1_LINK), {
      v1Hash: fromHex(V1),
      name: "vec100000.bin",
      trackers: ["udp://127.0.0.1:6969/announce"],
      peers: [{ host: "127.0.0.1", port: 6881 }],
      webSeeds: [],
    });
    assertEquals(hex(parseMagnet(V2_LINK).v2Hash!), V2);
    assert(parseMagnet(HYBRID_LINK).v1Hash && parseMagnet(HYBRID_LINK).v2Hash);
  },
);

Deno.test("a v1 hash may be base32 or hex, in either case", { permissions }, () => {
  const spellings = [V1, V1.toUpperCase(), "QKTY24L7UHMUZO42JCF7XRVBAKEBENHU"];
  for (const text of [...spellings, spellings[2]!.toLowerCase()]) {
    assertEquals(hex(parseMagnet(`magnet:?xt=urn:btih:${text}`).v1Hash!), V1);
  }
  assertEquals(hex(parseMagnet(`MAGNET:?XT=URN:BTMH:1220${V2.toUpperCase()}`).v2Hash!), V2);
});

Deno.test("a link with a malformed hash is refused", { permissions }, () => {
  const wrong = [
    "urn:btih:",
    `urn:btih:${V1.slice(1)}`,
    `urn:btih:${V1}0`,
    `urn:btih:${V1.slice(1)}g`,
    "urn:btih:QKTY24L7UHMUZO42JCF7XRVBAKEBENH1",
    `urn:btmh:${V2}`,
    `urn:btmh:1120${V2}`,
    `urn:btmh:1220${V2.slice(2)}`,
    `urn:btmh:1220${V2}00`,
    `urn:btmh:1220${V2.slice(1)}g`,
  ];
  for (const topic of wrong) {
    assertThrows(() => parseMagnet(`magnet:?xt=${topic}`), MagnetError, "hash is not", topic);
  }
});

Deno.test("a text that is no magnet link, or names no torrent, is refused", { permissions }, () => {
  for (const text of ["", "magnet:", "http://example.org/", V1, ` ${V1_LINK.slice(1)}`]) {
    assertThrows(() => parseMagnet(text), MagnetError, "starts with magnet:?");
  }
  for (const text of ["magnet:?", "magnet:?dn=x&xt", "magnet:?xt=urn:sha1:ABC", "magnet:?&&=&"]) {
    assertThrows(() => parseMagnet(text), MagnetError, "no BitTorrent hash");
  }
  const two = `${XT}&xt=urn:btih:${"0".repeat(40)}`;
  assertThrows(() => parseMagnet(two), MagnetError, "two different hashes");
  assertThrows(() => parseMagnet(XT + "&dn=x".repeat(20_000)), MagnetError, "too long");
});

Deno.test("the same hash twice, other networks' topics and unknown parameters do no harm", {
  permissions,
}, () => {
  const link =
    `${XT}&xt.2=urn:btih:${V1.toUpperCase()}&xt=urn:ed2k:354B15E68FB8F36D7CD88FF94116CDC1` +
    "&constructor=1&__proto__=2&toString=3&kt=words&x.pe.x=1.2.3.4:5";
  assertEquals(parseMagnet(link), {
    v1Hash: fromHex(V1),
    trackers: [],
    peers: [],
    webSeeds: [],
  });
});

Deno.test(
  "names are percent-decoded as UTF-8, and odd escapes break nothing",
  { permissions },
  () => {
    const nameOf = (text: string) => parseMagnet(`${XT}&dn=${text}`).name;
    assertEquals(nameOf("na%C3%AFve+%F0%9F%90%9F.iso"), "naïve 🐟.iso");
    assertEquals(nameOf("100%25+%zz+%"), "100% %zz %");
    assertEquals(nameOf("caf%E9.txt"), "caf\ufffd.txt");
    assertEquals(nameOf("a%26b%3Dc"), "a&b=c");
    assertEquals(nameOf("%20"), undefined);
  },
);

Deno.test(
  "trackers, web seeds and peers may come several times and numbered",
  { permissions },
  () => {
    const magnet = parseMagnet(
      `${XT}&tr.1=udp%3A%2F%2Fa%3A1&tr.2=udp%3A%2F%2Fb%3A2&tr=udp%3A%2F%2Fa%3A1&tr=` +
        "&ws=http%3A%2F%2Fw%2F&x.pe=[::1]:5&x.pe=host.example:6&x.pe=nonsense&x.pe=1.2.3.4:0&xl=12&xl=x",
    );
    assertEquals(magnet.trackers, ["udp://a:1", "udp://b:2"]);
    assertEquals(magnet.webSeeds, ["http://w/"]);
    assertEquals(magnet.peers, [{ host: "::1", port: 5 }, { host: "host.example", port: 6 }]);
    assertEquals(magnet.length, 12);
  },
);

Deno.test("a file selection is a list of numbers and ranges", { permissions }, () => {
  assertEquals(parseMagnet(`${XT}&so=0,2,4,6-8`).selectOnly, [0, 2, 4, 6, 7, 8]);
  assertEquals(parseSelection("8, 6-7,7,3-3"), [3, 6, 7, 8]);
  assertEquals(formatSelection([0, 2, 4, 6, 7, 8]), "0,2,4,6-8");
  for (const text of ["", ",", "1,", "-1", "3-2", "1-", "a", "1-2-3", "1.5", "0x1", "9999999999"]) {
    assertThrows(() => parseSelection(text), MagnetError, "file selection");
  }
  assertThrows(() => parseSelection("0-999999999"), MagnetError, "too many files");
  assertThrows(() => parseMagnet(`${XT}&so=x`), MagnetError, "file selection");
});

Deno.test("random links survive being written and read", { permissions }, () => {
  const random = seededRandom(53);
  const words = [
    "udp://tracker.example:6969/announce",
    "a b+c%&=#?",
    "naïve 🐟",
    "x.iso",
    "\u0000",
  ];
  const hosts = ["1.2.3.4", "::1", "2001:db8::1", "host.example"];
  const bytes = (length: number) => Uint8Array.from({ length }, () => integerFrom(random, 0, 255));
  const some = <T>(list: T[]) => list.filter(() => random() < 0.5);
  const seen = { v1: 0, v2: 0, selection: 0, peers: 0 };
  for (let round = 0; round < 500; round++) {
    const magnet: Magnet = {
      trackers: some(words.slice(0, 4)),
      peers: some(hosts).map((host) => ({ host, port: integerFrom(random, 1, 65535) })),
      webSeeds: some(words.slice(0, 4)),
    };
    if (round % 3 !== 0) magnet.v1Hash = bytes(20);
    if (round % 3 !== 1) magnet.v2Hash = bytes(32);
    if (random() < 0.5) magnet.name = words[integerFrom(random, 0, 3)]!;
    if (random() < 0.5) magnet.length = integerFrom(random, 0, 2 ** 45);
    const selection = some(Array.from({ length: 12 }, (_, i) => i));
    if (selection.length > 0) magnet.selectOnly = selection;
    assertEquals(parseMagnet(formatMagnet(magnet)), magnet);
    if (magnet.v1Hash) seen.v1++;
    if (magnet.v2Hash) seen.v2++;
    if (magnet.selectOnly) seen.selection++;
    seen.peers += magnet.peers.length;
  }
  assert(Math.min(seen.v1, seen.v2, seen.selection, seen.peers) > 300, JSON.stringify(seen));
});

Deno.test("a name with half a character in it can still be written", { permissions }, () => {
  const link = formatMagnet({ v1Hash: fromHex(V1), name: "a\ud800b" });
  assertEquals(parseMagnet(link).name, "a\ufffdb");
});

Deno.test("a file selection costs once what it selects, however often it is said", {
  permissions,
}, () => {
  const startMs = performance.now();
  const again = parseMagnet(XT + "&so=0-999998".repeat(4000));
  assertEquals([again.selectOnly!.length, again.selectOnly!.at(-1)], [999_999, 999_998]);
  assertEquals(parseSelection("0-999998," + "5-999998,".repeat(3000) + "7").length, 999_999);
  assert(performance.now() - startMs < 2000);
  assertEquals(parseMagnet(`${XT}&so=4,2-3&so=0&so=3-5`).selectOnly, [0, 2, 3, 4, 5]);
  for (
    const many of [
      "&so=0-999998&so=999999-1000001",
      "&so=0-999999999",
      "&so=1-600000,700000-1300000",
    ]
  ) {
    assertThrows(() => parseMagnet(XT + many), MagnetError, "too many files");
  }
});

Deno.test("of each kind of address a link has two hundred are read, and a name is cut", {
  permissions,
}, () => {
  const many = (make: (i: number) => string) =>
    Array.from({ length: 1000 }, (_, i) => make(i)).join("");
  const { trackers, peers, webSeeds } = parseMagnet(
    XT + many((i) => `&tr=udp://t${i}:1`) + many((i) => `&x.pe=10.0.0.1:${i + 1}`) +
      many((i) => `&ws=http://w/${i}`),
  );
  assertEquals([trackers.length, peers.length, webSeeds.length], [200, 200, 200]);
  assertEquals(parseMagnet(`${XT}&dn=${"n".repeat(20_000)}`).name!.length, 1000);
});
