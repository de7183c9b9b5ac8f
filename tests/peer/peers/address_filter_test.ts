/** Which of the addresses that somebody names are learned. @module */

import { assertEquals } from "@std/assert";
import { formatHostPort } from "../../../lib/codec/address.ts";
import { encodeExtendedHandshake } from "../../../lib/codec/wire/extension.ts";
import type { PeerSource } from "../../../lib/peer/connection/peer.ts";
import { bits } from "../../support/peer/peers.ts";
import { SwarmHarness } from "../../support/swarm/swarm_harness.ts";

const permissions = "none";
const HERE = ["127.0.0.1", "10.1.0.9", "::1"];
const NOWHERE = ["0.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "ff02::1"];

/** Which of these are learned at port 7000 when a source at `by` names them in one go. */
function learned(source: PeerSource, hosts: readonly string[], by?: string, port = 7000): string[] {
  const bench = new SwarmHarness({ have: bits(4) });
  bench.swarm.ownAddresses.here = HERE;
  bench.swarm.introduce(hosts.map((host) => ({ host, port })), source, { v2: false, by });
  const known = new Set(Array.from(bench.swarm.peers.values(), ({ host }) => host));
  return hosts.filter((host) => known.has(host));
}

Deno.test({
  name: "a tracker names whoever it can have heard from, and nobody nearer to us than itself",
  permissions,
  fn() {
    const hosts = ["127.0.0.1", "::1", "169.254.169.254", "10.1.0.7", "192.168.0.1", "192.0.2.1"];
    assertEquals(learned("tracker", hosts, "127.0.0.1"), hosts);
    assertEquals(learned("tracker", hosts, "10.1.0.9"), hosts, "it is on this machine");
    assertEquals(learned("tracker", hosts, "10.1.0.1"), ["10.1.0.7", "192.168.0.1", "192.0.2.1"]);
    const campus = ["10.1.0.7", "192.0.2.1"]; // we are in 10.0.0.0/8 ourselves
    assertEquals(learned("tracker", hosts, "198.51.100.1"), campus);
    assertEquals(learned("peer", hosts, "198.51.100.1"), ["192.0.2.1"], "a peer repeats it only");
    assertEquals(learned("tracker", hosts, "fe80::1"), [], "from nowhere we know");
  },
});

Deno.test({
  name: "addresses where nobody can be are learned from nobody, the user included",
  permissions,
  fn() {
    for (const source of ["user", "tracker", "peer", "local"] as const) {
      assertEquals(learned(source, NOWHERE, "127.0.0.1"), [], source);
    }
  },
});

Deno.test({
  name: "a tracker that names such addresses does not send us to this machine, but elsewhere",
  permissions,
  fn() {
    for (const nowhere of NOWHERE) {
      const hosts = ["127.0.0.1", "169.254.169.254", nowhere, "10.1.0.7", "192.0.2.1"];
      assertEquals(learned("tracker", hosts, "127.0.0.1"), ["10.1.0.7", "192.0.2.1"], nowhere);
    }
  },
});

Deno.test({
  name: "who calls on the local network speaks for itself, and the user for anybody",
  permissions,
  fn() {
    const hosts = ["127.0.0.1", "169.254.1.1", "10.1.0.7", "192.0.2.1"];
    for (const source of ["local", "user"] as const) {
      assertEquals(learned(source, hosts), hosts, source);
    }
    assertEquals(learned("user", ["localhost"]), ["localhost"]);
    assertEquals(learned("tracker", ["localhost"], "127.0.0.1"), [], "names are for the user");
  },
});

Deno.test({
  name: "nobody sends us to ourselves, nor to where mail or remote login is served",
  permissions,
  fn() {
    for (const source of ["user", "tracker", "peer", "local"] as const) {
      assertEquals(learned(source, [...HERE, "10.1.0.8"], "127.0.0.1", 6881), ["10.1.0.8"], source);
    }
    for (const port of [22, 25]) {
      assertEquals(learned("tracker", ["192.0.2.1"], "127.0.0.1", port), []);
      assertEquals(learned("user", ["192.0.2.1"], undefined, port), ["192.0.2.1"]);
    }
    assertEquals(learned("tracker", ["192.0.2.1"], "127.0.0.1", 80), ["192.0.2.1"]);
  },
});

Deno.test({
  name: "of an answer without end two hundred addresses are read",
  permissions,
  fn() {
    const bench = new SwarmHarness({ have: bits(4) });
    const peers = Array.from({ length: 500 }, (_, i) => ({
      host: `192.0.${2 + (i >> 8)}.${i & 255}`,
      port: 6881,
    }));
    bench.swarm.introduce(peers, "tracker", { v2: false, by: "198.51.100.1" });
    const known = Array.from(
      bench.swarm.peers.values(),
      ({ host, port }) => formatHostPort(host, port),
    );
    assertEquals(known.length, 200);
  },
});

Deno.test({
  name: "a peer that says to listen where mail is served is not dialled there",
  permissions,
  fn() {
    for (const [port, dialable] of [[25, false], [6882, true]] as const) {
      const bench = new SwarmHarness({ have: bits(4) });
      const connection = bench.connect(1);
      const payload = encodeExtendedHandshake({ ids: new Map(), port });
      bench.say(connection, { type: "extended", id: 0, payload });
      assertEquals(connection.peer.dialable, dialable);
    }
  },
});
