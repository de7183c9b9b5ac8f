/** Who is asked for more, and how many are looked at when something becomes free. @module */

import { assert, assertEquals } from "@std/assert";
import type { Connection } from "../../../lib/peer/connection/connection.ts";
import { ReadyQueue } from "../../../lib/peer/connection/ready_queue.ts";
import { PeerList } from "../../../lib/peer/peers/peer_list.ts";
import { connect } from "../../support/peer/peers.ts";

const permissions = "none";

function peers(count: number): Connection[] {
  const book = new PeerList(() => {});
  return Array.from({ length: count }, (_, id) => connect(book, id + 1));
}

/** Takes everybody whose turn it is; those for whom there is nothing wait. */
function settle(hunger: ReadyQueue, finds: (connection: Connection) => boolean): number[] {
  const ids: number[] = [];
  for (let next = hunger.next(); next !== undefined; next = hunger.next()) {
    ids.push(next.id);
    if (finds(next)) hunger.markBusy(next);
    else hunger.markIdle(next);
  }
  return ids;
}

const nothing = () => false;

Deno.test("those for whom something changed are settled once, in the order of the changes", {
  permissions,
}, () => {
  const hunger = new ReadyQueue();
  const [one, two, three] = peers(3) as [Connection, Connection, Connection];
  for (const connection of [two, one, two, three, one]) hunger.enqueue(connection);
  assertEquals(settle(hunger, () => true), [2, 1, 3]);
  assertEquals(settle(hunger, () => true), []);
  hunger.enqueue(three);
  assertEquals(settle(hunger, () => true), [3]);
});

Deno.test("when something becomes free, a few of those who wait are tried, not all of them", {
  permissions,
}, () => {
  const hunger = new ReadyQueue();
  for (const connection of peers(20)) hunger.enqueue(connection);
  settle(hunger, nothing);
  assertEquals(settle(hunger, nothing), [], "nobody is tried for nothing");
  hunger.wakeSome();
  assertEquals(settle(hunger, nothing), [1, 2, 3, 4]);
  hunger.wakeSome();
  assertEquals(settle(hunger, nothing), [5, 6, 7, 8], "others next time");
  hunger.tick();
  assertEquals(settle(hunger, nothing).length, 20, "everybody at the next tick");
  hunger.tick();
  assertEquals(settle(hunger, nothing), [], "and then nobody any more");
});

Deno.test("who waited and finds something lets one more be tried", { permissions }, () => {
  const hunger = new ReadyQueue();
  for (const connection of peers(20)) hunger.enqueue(connection);
  settle(hunger, nothing);
  let free = 7;
  hunger.wakeSome();
  assertEquals(settle(hunger, () => free-- > 0).length, 7 + 4);
});

Deno.test("who found something or changed meanwhile waits no longer", { permissions }, () => {
  const hunger = new ReadyQueue();
  const [one, two, three] = peers(3) as [Connection, Connection, Connection];
  for (const connection of [one, two, three]) hunger.enqueue(connection);
  settle(hunger, nothing);
  hunger.enqueue(one);
  assertEquals(settle(hunger, () => true), [1]);
  hunger.wakeAll();
  assertEquals(settle(hunger, nothing), [2, 3]);
});

Deno.test("who is gone is neither settled nor tried", { permissions }, () => {
  const hunger = new ReadyQueue();
  const [one, two] = peers(2) as [Connection, Connection];
  for (const connection of [one, two]) hunger.enqueue(connection);
  hunger.remove(one);
  assertEquals(settle(hunger, nothing), [2]);
  hunger.remove(two);
  hunger.wakeAll();
  assertEquals(settle(hunger, nothing), []);
  hunger.enqueue(two);
  assert(two.ready.isQueued);
  assertEquals(settle(hunger, nothing), [2], "until something changes for it");
});
