/** Who holds most of what there is not enough of. @module */

import { assertEquals } from "@std/assert";
import { Census, DialQuotas } from "../../../lib/peer/peers/network_usage.ts";

const permissions = "none";

function largest(hosts: readonly string[]): string | undefined {
  const all = hosts.map((host, i) => ({ host, i }));
  const first = new Census(all, ({ host }) => host).ofLargest();
  return first && `${first.host} #${first.i}`;
}

Deno.test({
  name: "of many strangers the first of the host that has most has to go, then of the network",
  permissions,
  fn() {
    assertEquals(largest([]), undefined);
    assertEquals(largest(["10.0.0.1", "10.0.1.1", "10.0.1.1"]), "10.0.1.1 #1");
    assertEquals(largest(["10.0.0.1", "10.0.1.1", "10.0.1.2"]), "10.0.1.1 #1");
    assertEquals(largest(["2001:db8::1", "2001:db8:1:1::1", "2001:db8:1:1::2"])?.slice(-2), "#1");
    assertEquals(largest(["10.0.0.1", "10.0.1.1", "10.0.2.1"]), "10.0.0.1 #0", "who came first");
  },
});

Deno.test({
  name: "a host is given half of something and a network three quarters, the rest is for others",
  permissions,
  fn() {
    const portions = new DialQuotas(8);
    const count = (hosts: string[]) => hosts.filter((host) => portions.take(host)).length;
    assertEquals(count(Array(8).fill("10.0.0.1")), 4);
    assertEquals(count(["10.0.0.2", "10.0.0.3", "10.0.0.4"]), 2);
    assertEquals(count(["10.0.1.1", "10.0.2.1"]), 2);
    assertEquals(new DialQuotas(1).take("10.0.0.1"), true);
  },
});
