/** Connections on addresses that the machine loses. @module */

import { assertEquals } from "@std/assert";
import { PeerList } from "../../lib/peer/peers/peer_list.ts";
import { LocalAddresses } from "../../lib/session/local_addresses.ts";
import { connect } from "../support/peer/peers.ts";

const permissions = "none";

function at(hostname: string): { localAddr: Deno.NetAddr } {
  return { localAddr: { transport: "tcp", hostname, port: 6881 } };
}

Deno.test({
  name: "a connection from an address that the machine loses is given up, and no other",
  permissions,
  fn() {
    const lists = [["127.0.0.1", "10.9.0.2"], ["127.0.0.1", "10.9.0.77"], ["127.0.0.1"]];
    const footholds = new LocalAddresses((nowMs) => lists[nowMs] ?? []);
    const book = new PeerList(() => {});
    const [moved, stays, unlisted] = [1, 2, 3].map((id) => connect(book, id));
    footholds.add(moved!, at("::ffff:10.9.0.2"));
    footholds.add(stays!, at("127.0.0.1"));
    footholds.add(unlisted!, at("127.0.0.66")); // works, though no list names it
    assertEquals(footholds.lost(0), []);
    assertEquals(footholds.lost(0), [], "nobody has looked again");
    assertEquals(footholds.lost(1), [moved!]);
    footholds.delete(moved!);
    assertEquals(footholds.lost(2), []);
    assertEquals(footholds.lost(9), [], "where addresses may not be listed, none are lost");
  },
});
