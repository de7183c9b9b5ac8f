/** Links and info-hashes as people paste them. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromBase32, fromHex, hex } from "../../../lib/codec/bytes.ts";
import { infoHashIn, magnetIn, webLinkIn } from "../../../lib/codec/torrent/link_text.ts";
import { parseMagnet } from "../../../lib/codec/torrent/magnet.ts";
import { MagnetError } from "../../../lib/errors.ts";

const permissions = "none";
const V1 = "0123456789abcdef0123456789abcdef01234567";
const V2 = "89abcdef".repeat(8);
const BASE32 = "AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH";
const LINK = `magnet:?xt=urn:btih:${V1}&dn=a%20b&tr=udp%3A%2F%2Ft%3A1`;
const URL_TEXT = "https://example.org/a/b.torrent?x=1&y=2";

/** What may stand around a link in a text that somebody pasted. */
const AROUND: ((link: string) => string)[] = [
  (link) => link,
  (link) => `  ${link}\n`,
  (link) => `\r\n\t${link} \u00a0`,
  (link) => `"${link}"`,
  (link) => `'${link}'`,
  (link) => `\`${link}\``,
  (link) => `\u201c${link}\u201d`,
  (link) => `\u00ab${link}\u00bb`,
  (link) => `<${link}>`,
  (link) => `(${link})`,
  (link) => `[get it](${link})`,
  (link) => `- [ ] see <${link}>, please`,
  (link) => `Link: ${link}`,
  (link) => `magnet link: ${link}`,
  (link) => `\ufeff\u200b${link}\u200e`,
  (link) => link.replace("&", "\n&"),
  (link) => link.slice(0, 30) + "\u200b" + link.slice(30),
];

Deno.test("a link is found whatever it was pasted with", { permissions }, () => {
  for (const around of AROUND) {
    assertEquals(magnetIn(around(LINK)), LINK, around("LINK"));
    assertEquals(webLinkIn(around(URL_TEXT)), URL_TEXT, around("LINK"));
  }
});

Deno.test("a magnet link escaped for a web page or for a URL is the same link", {
  permissions,
}, () => {
  const same = [
    LINK.replaceAll("&", "&amp;"),
    LINK.replaceAll("&", "&#38;"),
    LINK.replaceAll("&", "&AMP;"),
    encodeURIComponent(LINK),
    LINK.replace("magnet", "MAGNET"),
    LINK.replace("magnet:?", "magnet://?"),
    LINK.replace("magnet:?", "magnet:"),
  ];
  for (const text of same) assertEquals(parseMagnet(text), parseMagnet(LINK), text);
});

Deno.test("a name that is no link stays a name", { permissions }, () => {
  const names = [
    "a.iso",
    "magnets.pdf",
    "how magnets work.txt",
    "my-https-notes.txt",
    "a/magnet:x",
  ];
  for (const name of [...names, "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.pdf"]) {
    assertEquals([magnetIn(name), webLinkIn(name), infoHashIn(name)], [
      undefined,
      undefined,
      undefined,
    ]);
  }
});

Deno.test("an info-hash is known in every way in which it is written", { permissions }, () => {
  const v1 = [
    V1,
    V1.toUpperCase(),
    ` ${V1}\n`,
    `0x${V1}`,
    `urn:btih:${V1}`,
    `btih:${V1}`,
    `"${V1}"`,
    V1.replace(/(.{8})/g, "$1 "),
    V1.replace(/(.{8})/g, "$1-").replace(/-$/, ""),
    `\u200b${V1}\ufeff`,
    BASE32,
    BASE32.toLowerCase(),
    `urn:btih:${BASE32}`,
  ];
  assertEquals(hex(fromBase32(BASE32)), V1);
  for (const text of v1) assertEquals(infoHashIn(text), { v1Hash: fromHex(V1) }, text);
  for (const text of [V2, ` ${V2.toUpperCase()} `, `1220${V2}`, `urn:btmh:1220${V2}`]) {
    assertEquals(infoHashIn(text), { v2Hash: fromHex(V2) }, text);
  }
});

Deno.test(
  "what is nearly an info-hash is said so, and 32 letters are a name",
  { permissions },
  () => {
    for (const text of [V1.slice(1), `${V1}0`, V1.slice(0, 32), V2.slice(2)]) {
      assertThrows(() => infoHashIn(text), MagnetError, `this has ${text.length}`);
    }
    assertEquals(infoHashIn("thisnameisthirtytwoletterslongok"), undefined);
  },
);

Deno.test("a link of a hundred thousand characters is searched in no time, and is none", {
  permissions,
}, () => {
  for (const text of ["magnet".repeat(20_000), "(".repeat(100_000), "http:/".repeat(20_000)]) {
    const startMs = performance.now();
    assertEquals([magnetIn(text), webLinkIn(text), infoHashIn(text)], [
      undefined,
      undefined,
      undefined,
    ]);
    assert(performance.now() - startMs < 1000);
  }
});
