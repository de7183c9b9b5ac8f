import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { isLoopback } from "../../lib/codec/address.ts";
import {
  addressTowards,
  isInOwnNetwork,
  isNearby,
  ownAddresses,
} from "../../lib/runtime/network_interfaces.ts";

const ADDRESSES = [
  { address: "192.0.2.5", netmask: "255.255.255.0" },
  { address: "10.1.2.3", netmask: "255.0.0.0" },
  { address: "2001:db8:1::5", netmask: "ffff:ffff:ffff:ffff::" },
  { address: "2001:db8:2::5", netmask: "ffff:ffff:ffff:ffff::" },
];

Deno.test("of several addresses the one in the asker's network is given", () => {
  assertStrictEquals(addressTowards("192.0.2.200", ADDRESSES), "192.0.2.5");
  assertStrictEquals(addressTowards("10.200.0.1", ADDRESSES), "10.1.2.3");
  assertStrictEquals(addressTowards("2001:db8:2::77", ADDRESSES), "2001:db8:2::5");
});

Deno.test("an asker in none of the networks is given the first address of its family", () => {
  assertStrictEquals(addressTowards("198.51.100.1", ADDRESSES), "192.0.2.5");
  assertStrictEquals(addressTowards("2001:db8:9::1", ADDRESSES), "2001:db8:1::5");
  assertStrictEquals(addressTowards("2001:db8:9::1", ADDRESSES.slice(0, 2)), undefined);
});

Deno.test("who is nearby has a private address, or one of a network of this machine", () => {
  const near = ["127.0.0.1", "::1", "10.9.9.9", "192.168.1.1", "169.254.3.4", "fd00::1"];
  const neighbours = ["192.0.2.77", "::ffff:192.0.2.77", "2001:db8:2::77"];
  const far = ["198.51.100.1", "8.8.8.8", "2001:db8:9::1", "2606:4700::1"];
  const nobody = ["fe80::1", "239.192.152.143", "0.0.0.0", "::", "255.255.255.255", "no address"];
  for (const host of [...near, ...neighbours]) assertStrictEquals(isNearby(host, ADDRESSES), true);
  for (const host of [...far, ...nobody]) assertStrictEquals(isNearby(host, ADDRESSES), false);
  for (const host of neighbours) assertStrictEquals(isNearby(host, []), false);
});

Deno.test("this machine's loopback addresses are not for others", () => {
  assertEquals(ownAddresses().filter(({ address }) => isLoopback(address)), []);
});

Deno.test({
  name: "without permission to ask, this machine has no known addresses",
  permissions: "none",
  fn: () => assertEquals(ownAddresses(), []),
});

Deno.test("when no descriptor is left to list them with, the addresses are the last ones known", async () => {
  const script = `
    const { networkInterfaces } = await import("${
    import.meta.resolve("../../lib/runtime/permissions.ts")
  }");
    const before = networkInterfaces();
    const files = [];
    try { for (;;) files.push(Deno.openSync("/dev/null")); } catch {}
    const during = networkInterfaces();
    for (const file of files) file.close();
    console.log(before.length, JSON.stringify(during) === JSON.stringify(before));
  `;
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", 'ulimit -n 64; exec "$0" "$@"', Deno.execPath(), "eval", script],
  }).output();
  assertMatch(new TextDecoder().decode(stdout), /^[1-9]\d* true\n$/);
});

Deno.test("a machine of our own network is on this machine, or has a private address beside ours", () => {
  const own = [
    { address: "10.0.0.5", netmask: "255.255.255.0" },
    { address: "203.0.113.5", netmask: "255.255.255.0" },
    { address: "169.254.3.4", netmask: "255.255.0.0" },
    { address: "127.0.0.1", netmask: "255.0.0.0" },
    { address: "fd77::5", netmask: "ffff:ffff:ffff:ffff::" },
    { address: "2001:db8::5", netmask: "ffff:ffff:ffff:ffff::" },
  ];
  const isOurs = (host: string) => isInOwnNetwork(host, own);
  const near = ["10.0.0.5", "10.0.0.6", "203.0.113.5", "169.254.9.9", "127.0.0.1", "fd77::6"];
  for (const host of [...near, "2001:db8::5", "::ffff:10.0.0.6"]) assert(isOurs(host), host);
  // Elsewhere, or beside us with an address that the whole world has.
  const far = ["10.0.1.6", "192.168.0.1", "203.0.113.6", "2001:db8::6", "fd78::6", "8.8.8.8"];
  for (const host of [...far, "127.0.0.2", "224.0.0.1", "0.0.0.0", "fe80::1", "name", ""]) {
    assert(!isOurs(host), host);
  }
});
