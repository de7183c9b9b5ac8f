/** Which URL has which file, and which web seeds are asked at all. @module */

import { assertEquals } from "@std/assert";
import {
  isLocalHost,
  MAX_WEB_SEEDS,
  usableWebSeeds,
  webSeedFileUrl,
  webUrl,
} from "../../../lib/codec/torrent/web_seed_url.ts";

const permissions = "none";

const SINGLE = {
  name: "a file.iso",
  multiFile: false,
  files: [{ path: ["a file.iso"], length: 1, pad: false }],
};
const FOLDER = {
  name: "Folder #1",
  multiFile: true,
  files: [
    { path: ["ä", "50% ?.txt"], length: 1, pad: false },
    { path: ["b&c;d=e+f.txt"], length: 1, pad: false },
  ],
};

Deno.test("the URL of a single file is the web seed's, or lies below it", { permissions }, () => {
  const urlOf = (webSeed: string) => webSeedFileUrl(webSeed, SINGLE, 0);
  assertEquals(urlOf("http://h/x/other%20name.iso"), "http://h/x/other%20name.iso");
  assertEquals(urlOf("http://h/x/"), "http://h/x/a%20file.iso");
  assertEquals(urlOf("http://h"), "http://h/a%20file.iso");
  assertEquals(urlOf("http://h/get?id=7"), "http://h/get?id=7");
});

Deno.test(
  "the files of a folder have their percent-encoded paths below it",
  { permissions },
  () => {
    const urlOf = (webSeed: string, file: number) => webSeedFileUrl(webSeed, FOLDER, file);
    const first = "Folder%20%231/%C3%A4/50%25%20%3F.txt";
    assertEquals(urlOf("http://h/x/", 0), `http://h/x/${first}`);
    assertEquals(urlOf("http://h/x", 0), `http://h/x/${first}`);
    assertEquals(urlOf("http://h/x/?key=1", 0), `http://h/x/${first}?key=1`);
    assertEquals(urlOf("http://h/", 1), "http://h/Folder%20%231/b%26c%3Bd%3De%2Bf.txt");
  },
);

Deno.test("only http and https without a password are web seeds", { permissions }, () => {
  assertEquals(webUrl("HTTP://Example.org/a b")?.href, "http://example.org/a%20b");
  for (const text of ["ftp://h/f", "file:///etc/passwd", "http://me:pw@h/", "h/f", "", "http://"]) {
    assertEquals(webUrl(text), undefined, text);
  }
});

Deno.test(
  "of a torrent's web seeds the first few sane ones are asked, each once",
  { permissions },
  () => {
    const many = Array.from({ length: 50 }, (_, i) => `http://h${i}/`);
    assertEquals(usableWebSeeds(many), many.slice(0, MAX_WEB_SEEDS));
    assertEquals(usableWebSeeds(["http://h", "http://H/", "data:,x"]), ["http://h/"]);
  },
);

Deno.test(
  "a torrent cannot send orders to devices in its reader's network",
  { permissions },
  () => {
    const orders = [
      "http://192.168.1.1/reboot?now=1",
      "http://localhost:8080/?x",
      "http://[::1]/?x",
    ];
    assertEquals(usableWebSeeds([...orders, "http://192.168.1.1/f", "http://h/?x"]), [
      "http://192.168.1.1/f",
      "http://h/?x",
    ]);
    const local = [
      "127.0.0.1",
      "10.1.2.3",
      "172.31.0.1",
      "169.254.169.254",
      "[fe80::1]",
      "[fd00::1]",
    ];
    for (const host of [...local, "localhost", "x.localhost."]) {
      assertEquals(isLocalHost(new URL(`http://${host}/`).hostname), true, host);
    }
    for (const host of ["8.8.8.8", "example.org", "[2001:db8::1]", "172.32.0.1", "nolocalhost"]) {
      assertEquals(isLocalHost(new URL(`http://${host}/`).hostname), false, host);
    }
  },
);
