/** Who hears of a piece at once, and who a moment later. @module */

import { assertEquals } from "@std/assert";
import type { Action } from "../../../lib/peer/connection/actions.ts";
import { PeerList } from "../../../lib/peer/peers/peer_list.ts";
import { HaveBroadcast } from "../../../lib/peer/upload/have_broadcast.ts";
import { allOf, at, bits, connect, sentTo } from "../../support/peer/peers.ts";

const permissions = "none";

Deno.test("a piece is told at once to whom it is news and to who gave it, to others soon", {
  permissions,
}, () => {
  const book = new PeerList(() => {});
  const [lacking, giver, complete] = [connect(book, 1), connect(book, 2), connect(book, 3)];
  lacking.pieces.have = bits(4, 1);
  giver.pieces.have = bits(4, 0);
  complete.pieces.have = allOf(4);
  let actions: Action[] = [];
  const connections = new Map([lacking, giver, complete].map((one) => [one.id, one]));
  const haves = new HaveBroadcast({ connections, emit: (action) => actions.push(action) });
  const heard = () => {
    const said = [lacking, giver, complete].map((connection) =>
      sentTo(actions, connection).map((message) => message.type === "have" ? message.piece : "?")
    );
    actions = [];
    return said;
  };
  haves.onStored(at(0), [giver.peer]);
  assertEquals(heard(), [[0], [0], []]);
  haves.onStored(at(1), [complete.peer]);
  assertEquals(heard(), [[], [1], [1]]);
  haves.flush();
  assertEquals(heard(), [[1], [], [0]], "everybody hears of everything once");
  haves.flush();
  assertEquals(heard(), [[], [], []]);
});
