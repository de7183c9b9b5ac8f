/** How much each host may make us do. @module */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { HostQuotas } from "../../../lib/peer/peers/host_quota.ts";

const permissions = "none";

Deno.test("a host has one share, over all connections and visits; others have their own", {
  permissions,
}, () => {
  const shares = new HostQuotas(1000, 100);
  assertEquals(shares.of("192.0.2.1", 0).spend(900, 0), 0);
  assertEquals(
    shares.of("::ffff:192.0.2.1", 0).spend(200, 0),
    1000,
    "a hundred too much: a second",
  );
  assertEquals(shares.of("192.0.2.2", 0).spend(1000, 0), 0);
  assertEquals(shares.of("2001:db8::1", 0).spend(1000, 0), 0);
  assert(shares.of("2001:db8::2:3", 0).spend(1, 0) > 0, "the same /64");
});

Deno.test("a share fills again, up to what may be saved up", { permissions }, () => {
  const share = new HostQuotas(1000, 100).of("192.0.2.1", 0);
  assertEquals(share.spend(1500, 0), 5000);
  assertEquals(share.spend(0, 5000), 0);
  assertEquals(share.spend(1000, 60_000), 0);
  assertEquals(share.spend(1, 60_000), 10);
});

Deno.test("of very many hosts those are forgotten that came first", { permissions }, () => {
  const shares = new HostQuotas(1000, 100);
  const first = shares.of("10.0.0.1", 0);
  for (let i = 0; i < 999; i++) shares.of(`10.1.${i >> 8}.${i & 255}`, 0);
  assertStrictEquals(shares.of("10.0.0.1", 0), first);
  for (let i = 0; i < 1000; i++) shares.of(`10.2.${i >> 8}.${i & 255}`, 0);
  assert(shares.of("10.0.0.1", 0) !== first);
});
