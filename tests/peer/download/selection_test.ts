/** Peers that want some of the pieces only, in a swarm. @module */

import { assert, assertEquals } from "@std/assert";
import { bits } from "../../support/peer/peers.ts";
import { type MemoryNode, MemorySwarm } from "../../support/swarm/memory_swarm.ts";
import { MemoryTorrent } from "../../support/swarm/memory_torrent.ts";

const permissions = "none";
const PIECES = 16;

function world(seed: number): MemorySwarm {
  const pieceLength = 16_384;
  return new MemorySwarm(new MemoryTorrent({ lengths: [PIECES * pieceLength], pieceLength }), seed);
}

function has(node: MemoryNode): number[] {
  return [...node.transfer.pieces.have.ones()];
}

Deno.test({
  name: "peers get what they chose from seeders and from one another, and nothing else",
  permissions,
  fn() {
    for (const seed of [1, 2, 3]) {
      const swarm = world(seed);
      const seeder = swarm.add({ has: "everything" });
      const low = swarm.add({ has: "nothing", chosen: { wanted: bits(PIECES, 0, 1, 2, 3) } });
      const some = swarm.add({ has: "nothing", chosen: { wanted: bits(PIECES, 2, 3, 9) } });
      const all = swarm.add({ has: "nothing" });
      swarm.introduceAll();
      assert(swarm.run(60, () => [low, some, all].every((node) => node.isComplete)), `${seed}`);
      assertEquals([has(low), has(some)], [[0, 1, 2, 3], [2, 3, 9]]);
      assertEquals([low, some, all].map((node) => node.transfer.wastedBytes), [0, 0, 0]);
      for (const [connection] of low.endpoints) assert(!connection.pieces.amInterested);
      assert(seeder.isComplete);
    }
  },
});

Deno.test({
  name: "a peer that has all it chose shares that, but for what it keeps in part only",
  permissions,
  fn() {
    const swarm = world(1);
    const seeder = swarm.add({ has: "everything" });
    const chosen = { wanted: bits(PIECES, 4, 5, 6), fragments: bits(PIECES, 6) };
    const partial = swarm.add({ has: "nothing", chosen });
    const early = swarm.add({ has: "nothing", chosen: { wanted: bits(PIECES, 4, 5, 6) } });
    early.learn(partial);
    partial.learn(seeder);
    assert(swarm.run(60, () => partial.isComplete));
    seeder.leave();
    const late = swarm.add({ has: "nothing", chosen: { wanted: bits(PIECES, 4, 5, 6) } });
    late.learn(partial);
    swarm.run(30, () => early.isComplete || late.isComplete);
    assertEquals([has(partial), has(early), has(late)], [[4, 5, 6], [4, 5], [4, 5]]);
    for (const node of [early, late]) {
      for (const { pieces } of node.endpoints.keys()) assert(!pieces.have.get(6));
    }
  },
});
