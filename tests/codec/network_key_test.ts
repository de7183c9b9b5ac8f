import { assertEquals, assertNotEquals } from "@std/assert";
import { hostKey, networkKey } from "../../lib/codec/network_key.ts";

const test = (name: string, fn: () => void) => Deno.test({ name, permissions: "none", fn });

test("an IPv4 address is a host of its own, in all its spellings", () => {
  assertEquals(hostKey("192.0.2.7"), hostKey("::ffff:192.0.2.7"));
  assertNotEquals(hostKey("192.0.2.7"), hostKey("192.0.2.8"));
});

test("an IPv6 host has all addresses of its /64", () => {
  assertEquals(hostKey("2001:db8:1:2::1"), hostKey("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  assertNotEquals(hostKey("2001:db8:1:2::1"), hostKey("2001:db8:1:3::1"));
});

test("a network is an IPv4 /24 or an IPv6 /48", () => {
  assertEquals(networkKey("192.0.2.7"), networkKey("192.0.2.250"));
  assertNotEquals(networkKey("192.0.2.7"), networkKey("192.0.3.7"));
  assertEquals(networkKey("2001:db8:1:2::1"), networkKey("2001:db8:1:ffff::1"));
  assertNotEquals(networkKey("2001:db8:1::1"), networkKey("2001:db8:2::1"));
});

test("the first bytes of an IPv6 address are never taken for an IPv4 network", () => {
  assertNotEquals(hostKey("2001:db8::1"), hostKey("32.1.13.184"));
  assertNotEquals(networkKey("2001:db8::1"), networkKey("32.1.13.1"));
});

test("a host name stays as it is", () => {
  assertEquals(hostKey("seed.example"), "seed.example");
  assertEquals(networkKey("seed.example"), "seed.example");
});
