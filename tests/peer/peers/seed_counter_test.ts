/** Who else has everything: each once, and for good. @module */

import { assertEquals } from "@std/assert";
import type { Connection } from "../../../lib/peer/connection/connection.ts";
import { PeerList } from "../../../lib/peer/peers/peer_list.ts";
import { SeedCounter } from "../../../lib/peer/peers/seed_counter.ts";
import { allOf, at, bits, connect } from "../../support/peer/peers.ts";

const permissions = "none";

/** A connection to somebody who has everything. */
function complete(book: PeerList, id: number, peerId = `id${id}`): Connection {
  const connection = connect(book, id, { peerId });
  connection.pieces.have = allOf(3);
  return connection;
}

Deno.test("a peer counts from its last piece on, and once, however often it is looked at", {
  permissions,
}, () => {
  const copies = new SeedCounter();
  const connection = connect(new PeerList(() => {}), 1);
  copies.onConnection(connection); // what it has is not known yet
  connection.pieces.have = bits(3, 0, 1);
  copies.onConnection(connection);
  assertEquals(copies.count, 0);
  connection.pieces.have.set(at(2));
  for (let i = 0; i < 3; i++) copies.onConnection(connection);
  assertEquals(copies.count, 1);
});

Deno.test("a peer that comes back counts once: known by its id, or by where it listens", {
  permissions,
}, () => {
  const copies = new SeedCounter();
  const book = new PeerList(() => {});
  copies.onConnection(complete(book, 1));
  copies.onConnection(complete(book, 2, "id1")); // at another address
  assertEquals(copies.count, 1);
  copies.onConnection(complete(book, 2, "id of a second run"));
  assertEquals(copies.count, 1);
  copies.onConnection(complete(book, 3));
  assertEquals(copies.count, 2);
});

Deno.test("web seeds and the banned are no copies", { permissions }, () => {
  const copies = new SeedCounter();
  const book = new PeerList(() => {});
  const liar = complete(book, 1);
  book.ban(liar.peer, liar.negotiated.peerId, "lies");
  copies.onConnection(liar);
  book.addWebSeed(new URL("http://10.0.0.9/f"));
  const [webSeed] = [...book.values()].filter(({ url }) => url !== undefined);
  const connection = complete(book, 2);
  copies.onConnection({ ...connection, peer: webSeed! } as Connection);
  assertEquals(copies.count, 0);
});
