/** Addresses as people write them and as bytes. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  bytesToIp,
  formatHostPort,
  ipToBytes,
  isIp,
  isIPv4,
  isIPv6,
  isLoopback,
  normalizeIp,
  parseHostPort,
} from "../../lib/codec/address.ts";
import { fromHex, hex } from "../../lib/codec/bytes.ts";
import { integerFrom, seededRandom } from "../../support/random.ts";

const permissions = "none";

Deno.test("host and port are read in each of the ways people write them", { permissions }, () => {
  assertEquals(parseHostPort("1.2.3.4:5"), { host: "1.2.3.4", port: 5 });
  assertEquals(parseHostPort("[::1]:65535"), { host: "::1", port: 65535 });
  assertEquals(parseHostPort("[2001:DB8:0::1]:80"), { host: "2001:db8::1", port: 80 });
  assertEquals(parseHostPort("[::ffff:1.2.3.4]:80"), { host: "1.2.3.4", port: 80 });
  assertEquals(parseHostPort(" seed-1.lab_net.example:6881 "), {
    host: "seed-1.lab_net.example",
    port: 6881,
  });
  assertEquals(parseHostPort("localhost:1"), { host: "localhost", port: 1 });
});

Deno.test("what is no host with a port is not guessed at", { permissions }, () => {
  const wrong = [
    "",
    ":1",
    "host",
    "host:",
    "host:0",
    "host:65536",
    "host:123456",
    "host:-1",
    "host: 1",
    "::1:80",
    "[::1]",
    "[::1]80",
    "[1.2.3.4]:80",
    "[host]:80",
    "1.2.3:80",
    "1.2.3.256:80",
    "999:80",
    "a..b:80",
    "a b:80",
    "a/b:80",
    "user@host:80",
    `${"a".repeat(254)}:80`,
  ];
  for (const text of wrong) assertEquals(parseHostPort(text), undefined, text);
});

Deno.test("an address is written so that it reads back", { permissions }, () => {
  for (const host of ["1.2.3.4", "::1", "2001:db8::1", "example.org"]) {
    assertEquals(parseHostPort(formatHostPort(host, 6881)), { host, port: 6881 });
  }
  assertEquals(formatHostPort("::1", 80), "[::1]:80");
});

Deno.test("IPv6 addresses take their canonical form", { permissions }, () => {
  const forms = {
    "::": "::",
    "0:0:0:0:0:0:0:0": "::",
    "0:0:0:0:0:0:0:1": "::1",
    "1::": "1::",
    "2001:0DB8:0000:0000:0001:0000:0000:0001": "2001:db8::1:0:0:1",
    "2001:db8:0:1:1:1:1:1": "2001:db8:0:1:1:1:1:1",
    "2001:0:0:1:0:0:0:1": "2001:0:0:1::1",
    "fe80::1:2": "fe80::1:2",
    "::1.2.3.4": "::102:304",
    "::ffff:1.2.3.4": "1.2.3.4",
    "::FFFF:0102:0304": "1.2.3.4",
    "0:0:0:0:0:ffff:127.0.0.1": "127.0.0.1",
  };
  for (const [text, canonical] of Object.entries(forms)) assertEquals(normalizeIp(text), canonical);
  for (const other of ["10.0.0.1", "host.example", "not:an:address"]) {
    assertEquals(normalizeIp(other), other);
  }
});

Deno.test("what is no IP address is told apart", { permissions }, () => {
  const wrong = [
    "",
    ":",
    ":::",
    "::1::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8:9",
    "12345::",
    "g::",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "::1.2.3",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "1.2.3.256",
    "1.2.3.-4",
    "localhost",
    "[::1]",
    "fe80::1%eth0",
  ];
  for (const text of wrong) {
    assert(!isIp(text), text);
    assertThrows(() => ipToBytes(text), RangeError);
  }
  assert(isIPv4("1.2.3.4") && !isIPv6("1.2.3.4"));
  assert(isIPv6("::ffff:1.2.3.4") && !isIPv4("::ffff:1.2.3.4"));
});

Deno.test(
  "addresses as bytes stand in network order; a mapped one has four",
  { permissions },
  () => {
    assertEquals(hex(ipToBytes("127.0.0.1")), "7f000001");
    assertEquals(hex(ipToBytes("::ffff:127.0.0.1")), "7f000001");
    assertEquals(hex(ipToBytes("2001:db8::ff00:42")), "20010db8000000000000" + "0000ff000042");
    assertEquals(bytesToIp(fromHex("00000000000000000000ffff7f000001")), "127.0.0.1");
    for (const length of [0, 3, 5, 15, 17]) {
      assertThrows(() => bytesToIp(new Uint8Array(length)), RangeError);
    }
  },
);

Deno.test("random addresses survive being written and read", { permissions }, () => {
  const random = seededRandom(99);
  const counts = { v4: 0, v6: 0, compressed: 0 };
  for (let round = 0; round < 2000; round++) {
    const bytes = new Uint8Array(random() < 0.3 ? 4 : 16);
    for (let i = 0; i < bytes.length; i++) {
      if (random() < 0.5) bytes[i] = integerFrom(random, 0, 255);
    }
    const ip = bytesToIp(bytes);
    assertEquals(ipToBytes(ip), bytes);
    assertEquals(normalizeIp(ip), ip);
    counts[bytes.length === 4 ? "v4" : "v6"]++;
    if (ip.includes("::")) counts.compressed++;
  }
  assert(counts.v4 > 300 && counts.v6 > 1000 && counts.compressed > 200, JSON.stringify(counts));
});

Deno.test("loopback is this machine in all its spellings", { permissions }, () => {
  for (
    const host of ["127.0.0.1", "127.255.0.3", "::1", "0:0::1", "::ffff:127.0.0.1", "localhost"]
  ) {
    assert(isLoopback(host), host);
  }
  for (const host of ["128.0.0.1", "0.0.0.0", "::", "::2", "10.0.0.1", "example.org", ""]) {
    assert(!isLoopback(host), host);
  }
});
