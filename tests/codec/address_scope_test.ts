/** How far an address reaches. @module */

import { assertEquals } from "@std/assert";
import {
  AddressScope,
  isNowhere,
  isServicePort,
  mayReach,
  reachOf,
  scopeOf,
  type SourceScope,
} from "../../lib/codec/address_scope.ts";

const permissions = "none";

Deno.test({
  name: "an address reaches as far as its range does",
  permissions,
  fn() {
    const cases = {
      machine: ["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"],
      link: ["169.254.1.1", "169.254.169.254", "::ffff:169.254.1.1"],
      site: ["10.1.2.3", "172.16.0.1", "172.31.255.1", "192.168.1.1", "100.64.0.1", "198.18.0.1"]
        .concat(["fd00::1", "fc00::1", "fec0::1", "::ffff:192.168.1.1"]),
      world: ["8.8.8.8", "172.15.0.1", "172.32.0.1", "192.169.0.1", "100.128.0.1", "2001:db8::1"]
        .concat(["223.255.255.1", "198.20.0.1", "64:ff9b::808:808", "2002:808:808::1"]),
    } as const;
    for (const [reach, ips] of Object.entries(cases)) {
      for (const ip of ips) {
        assertEquals(reachOf(ip), AddressScope[reach as keyof typeof AddressScope], ip);
      }
    }
  },
});

Deno.test({
  name: "what nobody can dial has no reach",
  permissions,
  fn() {
    const ips = [
      "0.0.0.0",
      "0.1.2.3",
      "224.0.0.1",
      "239.192.152.143",
      "255.255.255.255",
      "240.0.0.1",
      "192.0.0.8",
    ]
      .concat(["::", "ff15::efc0:988f", "fe80::1", "localhost", "example.org", ""])
      .concat(["::127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::1", "100::1"]);
    for (const ip of ips) assertEquals(reachOf(ip), undefined, ip);
  },
});

const WAYS: Record<string, { from: SourceScope; may: string[]; mayNot: string[] }> = {
  "the user": {
    from: "user",
    may: ["127.0.0.1", "::1", "169.254.1.1", "fe80::1", "10.0.0.1", "8.8.8.8", "localhost"],
    mayNot: ["0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::", "ff02::1"],
  },
  "somebody on this machine": {
    from: AddressScope.machine,
    may: ["127.0.0.1", "::1", "169.254.1.1", "10.0.0.1", "fd00::1", "8.8.8.8"],
    mayNot: ["0.0.0.1", "224.0.0.1", "255.255.255.255", "fe80::1", "ff02::1", "localhost"],
  },
  "somebody on our cable": {
    from: AddressScope.link,
    may: ["169.254.1.1", "10.0.0.1", "8.8.8.8"],
    mayNot: ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"],
  },
  "somebody of a private network": {
    from: AddressScope.site,
    may: ["10.0.0.1", "192.168.1.1", "fd00::1", "8.8.8.8", "2001:db8::1"],
    mayNot: ["127.0.0.1", "::1", "169.254.169.254", "224.0.0.1", "64:ff9b::7f00:1"],
  },
  "somebody on the Internet": {
    from: AddressScope.world,
    may: ["8.8.8.8", "2001:db8::1"],
    mayNot: [
      "127.0.0.1",
      "::1",
      "169.254.169.254",
      "10.0.0.1",
      "192.168.1.1",
      "fd00::1",
      "::a00:1",
    ],
  },
};

for (const [who, { from, may, mayNot }] of Object.entries(WAYS)) {
  Deno.test({
    name: `${who} sends us nowhere but where that means the same to both`,
    permissions,
    fn() {
      for (const ip of may) assertEquals(mayReach(ip, from), true, ip);
      for (const ip of mayNot) assertEquals(mayReach(ip, from), false, ip);
    },
  });
}

Deno.test({
  name:
    "a tracker on the Internet names private addresses of the range that we are in, and no others",
  permissions,
  fn() {
    const here = ["10.1.2.3", "fd12:3456:789a::1", "141.2.3.4"];
    for (const ip of ["10.200.0.7", "fd12:3456:789a:9::7"]) {
      assertEquals(mayReach(ip, AddressScope.world, here), true, ip);
    }
    for (const ip of ["192.168.1.1", "172.16.0.1", "fd99::1", "127.0.0.1", "169.254.1.1"]) {
      assertEquals(mayReach(ip, AddressScope.world, here), false, ip);
    }
    assertEquals(mayReach("10.200.0.7", AddressScope.world, ["141.2.3.4"]), false);
  },
});

Deno.test({
  name: "who has an address of our own is on this machine",
  permissions,
  fn() {
    assertEquals(scopeOf("10.1.2.3", ["10.1.2.3"]), AddressScope.machine);
    assertEquals(scopeOf("10.1.2.4", ["10.1.2.3"]), AddressScope.site);
    assertEquals(scopeOf("tracker.example"), undefined);
  },
});

Deno.test({
  name: "no single host is at a multicast, broadcast or reserved address; at others one may be",
  permissions,
  fn() {
    for (const ip of ["0.1.2.3", "224.0.0.1", "255.255.255.255", "::", "ff02::1", "100::1"]) {
      assertEquals(isNowhere(ip), true, ip);
    }
    for (const ip of ["127.0.0.1", "fe80::1", "10.0.0.1", "2001:db8::1", "example.org"]) {
      assertEquals(isNowhere(ip), false, ip);
    }
  },
});

Deno.test({
  name: "mail and remote login are no peers; web ports and ours may be",
  permissions,
  fn() {
    for (const port of [22, 25, 110, 587]) assertEquals(isServicePort(port), true, `${port}`);
    for (const port of [80, 443, 6881, 51413, 1]) {
      assertEquals(isServicePort(port), false, `${port}`);
    }
  },
});
