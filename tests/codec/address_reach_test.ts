/** How far an address reaches. @module */

import { assertEquals } from "@std/assert";
import { Reach, reachOf } from "../../lib/codec/address_reach.ts";

const permissions = "none";

Deno.test({
  name: "an address reaches as far as its range does",
  permissions,
  fn() {
    const cases = {
      machine: ["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"],
      site: ["10.1.2.3", "172.16.0.1", "172.31.255.1", "192.168.1.1", "169.254.1.1", "100.64.0.1"]
        .concat(["fd00::1", "fc00::1", "::ffff:192.168.1.1"]),
      world: ["8.8.8.8", "172.15.0.1", "172.32.0.1", "192.169.0.1", "100.128.0.1", "2001:db8::1"]
        .concat(["223.255.255.1", "64:ff9b::1"]),
    } as const;
    for (const [reach, ips] of Object.entries(cases)) {
      for (const ip of ips) assertEquals(reachOf(ip), Reach[reach as keyof typeof Reach], ip);
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
    ]
      .concat(["::", "ff15::efc0:988f", "fe80::1", "localhost", "example.org", ""]);
    for (const ip of ips) assertEquals(reachOf(ip), undefined, ip);
  },
});
