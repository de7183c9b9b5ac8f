import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { cutLinkWarning, isPartOfLink, requireWholeLinks } from "../../lib/cli/text/cut_link.ts";
import { OptionError } from "../../mod.ts";

const pure = { permissions: "none" } as const;
const HASH = "0123456789abcdef0123456789abcdef01234567";
const LINK = `magnet:?xt=urn:btih:${HASH}`;
const WHOLE = `${LINK}&xt=urn:btmh:1220${HASH}${HASH.slice(16)}&dn=a&xl=5&tr=udp%3A%2F%2Fh%3A1` +
  "&ws=http%3A%2F%2Fh%2F&x.pe=10.0.0.2:6881&so=0";

Deno.test("a link of which a shell has left the hash alone is recognized", pure, () => {
  for (const link of [LINK, `${LINK}&`, LINK.toUpperCase(), `magnet:?xt=urn:btmh:1220${HASH}`]) {
    assertMatch(cutLinkWarning(link)!, /a shell cuts a link without quotes at its first "&"/);
  }
  for (const other of [WHOLE, `${LINK}&dn=a`, HASH, "file.iso", "magnet.iso", ""]) {
    assertEquals(cutLinkWarning(other), undefined, other);
  }
});

Deno.test("each later part of a link is recognized as a word of its own", pure, () => {
  const [, ...parts] = WHOLE.split("&");
  assertEquals(parts.length, 7);
  for (const part of [...parts, "&dn=a", "tr.1=udp://h:1"]) assertEquals(isPartOfLink(part), true);
  for (const other of ["file.iso", "trees=3", "-o", "x=1"]) {
    assertEquals(isPartOfLink(other), false, other);
  }
});

Deno.test(
  "words that are parts of a link are said to be that, and not called a second download",
  pure,
  () => {
    assertThrows(
      () => requireWholeLinks([LINK, "dn=my", "file.iso"]),
      OptionError,
      `"dn=my" is a part of a link that was cut: put the whole link in quotes`,
    );
    requireWholeLinks([LINK, "other.iso"]);
  },
);
