/** The priority that two peers agree on without a word (BEP 40). @module */

import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/codec/bytes.ts";
import { crc32c, peerPriority } from "../../../lib/codec/wire/peer_priority.ts";

const permissions = "none";

function priority(a: string, b: string, portA = 1, portB = 2): string | undefined {
  return peerPriority({ host: a, port: portA }, { host: b, port: portB })?.toString(16);
}

Deno.test({
  name: "the checksum is CRC-32C",
  permissions,
  fn() {
    assertEquals(crc32c(utf8("123456789")), 0xe3069283);
    assertEquals(crc32c(new Uint8Array()), 0);
    assertEquals(crc32c(new Uint8Array(32)), 0x8a9136aa);
    assertEquals(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  },
});

Deno.test({
  name: "priorities of IPv4 peers are those of BEP 40, from either end",
  permissions,
  fn() {
    const cases = [
      ["123.213.32.10", "98.76.54.32", "ec2d7224"],
      ["123.213.32.10", "123.213.32.234", "99568189"],
      ["10.0.1.5", "10.0.2.9", "f7020591"],
      ["192.0.2.1", "198.51.100.7", "58dff1f3"],
    ] as const;
    for (const [a, b, expected] of cases) {
      assertEquals(priority(a, b), expected);
      assertEquals(priority(b, a), expected);
    }
  },
});

Deno.test({
  name: "peers at one address differ by their ports",
  permissions,
  fn() {
    for (const host of ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"]) {
      assertEquals(priority(host, host, 6881, 51_413), "9f852e9f");
      assertEquals(priority(host, host, 51_413, 6881), "9f852e9f");
    }
  },
});

Deno.test({
  name: "of an IPv6 address as much counts as lies in different networks",
  permissions,
  fn() {
    const bytes = (hex: string) => Uint8Array.from(hex.match(/../g)!, (byte) => parseInt(byte, 16));
    const cases = [
      // Different /48: half of the bits behind it.
      ["2001:db8:1::ff", "2001:db8:2::ff", "20010db8000100000000000000000055", "0002"],
      // The same /48, another /56: one byte more.
      ["2001:db8:1:ffff::ff", "2001:db8:1:1fff::ff", "20010db800011f550000000000000055", "ff55"],
      // The same /56: two bytes more.
      ["2001:db8:1:ff01::ff", "2001:db8:1:ff0f::ff", "20010db80001ff010000000000000055", "ff0f"],
    ] as const;
    for (const [a, b, first, change] of cases) {
      const at = change === "0002" ? 8 : 12;
      const second = first.slice(0, at) + change + first.slice(at + 4);
      assertEquals(priority(a, b), crc32c(bytes(first + second)).toString(16));
    }
  },
});

Deno.test({
  name: "an IPv4 and an IPv6 peer have no priority, and names have none either",
  permissions,
  fn() {
    assertEquals(priority("192.0.2.1", "2001:db8::1"), undefined);
    assertThrows(() => priority("localhost", "192.0.2.1"), RangeError);
  },
});
