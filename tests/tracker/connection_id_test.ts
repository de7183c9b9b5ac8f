import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { ipToBytes } from "../../lib/codec/address.ts";
import { hex } from "../../lib/codec/bytes.ts";
import { ConnectionIds } from "../../lib/tracker/core/connection_id.ts";

const permissions = "none";
const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);
const NOW_MS = 1_700_000_000_000;
const IPV4 = ipToBytes("192.0.2.1");
const IPV6 = ipToBytes("2001:db8::1");

Deno.test("connection ids are what another program computes", { permissions }, () => {
  const ids = new ConnectionIds(SECRET);
  assertEquals(hex(ids.issue(IPV4, NOW_MS)), "3898ec7fd45e39b8");
  assertEquals(hex(ids.issue(IPV4, NOW_MS - 60_000)), "2db35a0b0e24f74b");
  assertEquals(hex(ids.issue(IPV6, NOW_MS)), "4bca08cf0a001027");
});

Deno.test("a connection id lasts two minutes at least and three at most", { permissions }, () => {
  const ids = new ConnectionIds(SECRET);
  for (let issuedMs = NOW_MS; issuedMs < NOW_MS + 60_000; issuedMs += 7001) {
    const id = ids.issue(IPV4, issuedMs);
    assert(ids.accepts(id, IPV4, issuedMs));
    assert(ids.accepts(id, IPV4, issuedMs + 120_000));
    assertStrictEquals(ids.accepts(id, IPV4, issuedMs + 180_000), false);
    assertStrictEquals(ids.accepts(id, IPV4, issuedMs - 60_000), false, "not before its time");
  }
});

Deno.test(
  "a connection id is of no use to another address or another tracker",
  { permissions },
  () => {
    const ids = new ConnectionIds(SECRET);
    const id = ids.issue(IPV4, NOW_MS);
    assertStrictEquals(ids.accepts(id, ipToBytes("192.0.2.2"), NOW_MS), false);
    assertStrictEquals(ids.accepts(id, IPV6, NOW_MS), false);
    assertStrictEquals(
      new ConnectionIds(SECRET.map((b) => b ^ 1)).accepts(id, IPV4, NOW_MS),
      false,
    );
  },
);

Deno.test("one changed bit makes a connection id worthless", { permissions }, () => {
  const ids = new ConnectionIds(SECRET);
  for (let bit = 0; bit < 64; bit++) {
    const id = ids.issue(IPV4, NOW_MS);
    id[bit >> 3]! ^= 1 << (bit & 7);
    assertStrictEquals(ids.accepts(id, IPV4, NOW_MS), false, `bit ${bit}`);
  }
  assertStrictEquals(ids.accepts(new Uint8Array(7), IPV4, NOW_MS), false);
});

Deno.test(
  "an address mapped into IPv6 has the connection id of the IPv4 address",
  { permissions },
  () => {
    const ids = new ConnectionIds(SECRET);
    assert(ids.accepts(ids.issue(ipToBytes("::ffff:192.0.2.1"), NOW_MS), IPV4, NOW_MS));
  },
);

Deno.test("connection ids are right however many clients there are", { permissions }, () => {
  const ids = new ConnectionIds(SECRET);
  const clients = Array.from({ length: 20_000 }, (_, i) => Uint8Array.of(10, i >> 16, i >> 8, i));
  const sample = clients.filter((_, i) => i % 1000 === 0);
  const before = sample.map((ip) => hex(ids.issue(ip, NOW_MS)));
  for (const ip of clients) ids.issue(ip, NOW_MS);
  assertEquals(sample.map((ip) => hex(ids.issue(ip, NOW_MS))), before);
  assertEquals(new Set(before).size, sample.length);
  assertEquals(hex(ids.issue(IPV4, NOW_MS)), "3898ec7fd45e39b8");
  // An IPv6 address that begins like it, with zeros after that, is another one.
  const longer = new Uint8Array(16);
  longer.set(IPV4);
  assert(hex(ids.issue(longer, NOW_MS)) !== "3898ec7fd45e39b8");
});

Deno.test("connection ids are good for two minutes from the first moment of the clock", {
  permissions,
}, () => {
  const ids = new ConnectionIds(SECRET);
  for (const ip of [IPV4, IPV6]) {
    assert(!ids.accepts(new Uint8Array(8), ip, 0), "a slot that was never used proves nothing");
    const id = ids.issue(ip, 0);
    for (const nowMs of [0, 60_000, 120_000]) assert(ids.accepts(id, ip, nowMs), `at ${nowMs}`);
    assert(!ids.accepts(id, ip, 180_000));
  }
});
