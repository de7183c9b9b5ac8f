/** Whole swarms in memory: who gets what from whom, and what happens when somebody fails. @module */

import { assert, assertEquals } from "@std/assert";
import { type MemoryNode, MemorySwarm } from "../support/swarm/memory_swarm.ts";
import { MemoryTorrent, type MemoryTorrentOptions } from "../support/swarm/memory_torrent.ts";

const permissions = "none";
const MIB = 1024 * 1024;
const SEEDS = [1, 2, 3];

function worldOf(options: MemoryTorrentOptions, seed: number, latencyMs?: number): MemorySwarm {
  return new MemorySwarm(new MemoryTorrent(options), seed, latencyMs);
}

/** Runs until all `nodes` are complete and asserts that each has exactly the files. */
function complete(world: MemorySwarm, nodes: readonly MemoryNode[], seconds = 60): void {
  const done = world.run(seconds, () => nodes.every((node) => node.isComplete));
  const counts = nodes.map((node) => node.swarm.transfer?.pieces.have.count);
  assert(done, `seed ${world.seed}: only ${counts} of ${world.torrent.layout.pieceCount} pieces`);
  for (const node of nodes) assert(world.torrent.isOn(node.disk), "the files differ");
}

/** Whom a node has banned, by address. */
function banned(node: MemoryNode): string[] {
  const peers = [...node.swarm.peers.values()].filter(({ state }) => state === "banned");
  return peers.map(({ host }) => host);
}

function wasted(nodes: readonly MemoryNode[]): number {
  return nodes.reduce((sum, node) => sum + node.transfer.wastedBytes, 0);
}

Deno.test({
  name: "a leecher gets the file from a seeder, whole and with nothing sent twice",
  permissions,
  fn() {
    for (const version of ["v1", "v2", "hybrid"] as const) {
      for (const seed of SEEDS) {
        const world = worldOf({ version, lengths: [700_001] }, seed);
        const [seeder, leecher] = [
          world.add({ has: "everything" }),
          world.add({ has: "nothing" }),
        ];
        leecher.learn(seeder);
        complete(world, [leecher]);
        assertEquals(leecher.verifiedFrom(seeder), 700_001);
        assertEquals(wasted([leecher]), 0);
        assertEquals(leecher.transfer.usedSha1, false);
        const [connection] = leecher.endpoints.keys();
        assertEquals(connection!.negotiated.v2, version !== "v1");
        assertEquals(connection!.pieces.amInterested, false);
      }
    }
  },
});

Deno.test({
  name: "folders with empty and tiny files arrive whole in every format",
  permissions,
  fn() {
    const lengths = [1, 0, 16_384, 70_000, 65_536, 5, 0, 200_000, 32_768];
    for (const version of ["v1", "v2", "hybrid"] as const) {
      for (const has of ["nothing", "magnet"] as const) {
        const world = worldOf({ version, lengths, pieceLength: 32_768 }, 1);
        const seeder = world.add({ has: "everything" });
        const leecher = world.add({ has });
        leecher.learn(seeder);
        complete(world, [leecher]);
        assertEquals(wasted([leecher]), 0, `${version}, ${has}`);
      }
    }
  },
});

Deno.test({
  name: "a file of no bytes is complete from the beginning, and its connection closes",
  permissions,
  fn() {
    const world = worldOf({ lengths: [0] }, 1);
    const [seeder, leecher] = [world.add({ has: "everything" }), world.add({ has: "nothing" })];
    leecher.learn(seeder);
    world.run(5, () => false);
    assert(leecher.isComplete);
    assertEquals([leecher.endpoints.size, seeder.endpoints.size], [0, 0]);
  },
});

Deno.test({
  name: "of four seeders every one contributes a good part",
  permissions,
  fn() {
    for (const seed of SEEDS) {
      const world = worldOf({ version: "hybrid", lengths: [4 * MIB] }, seed);
      const seeders = [1, 2, 3, 4].map(() => world.add({ has: "everything" }));
      const leecher = world.add({ has: "nothing", slotCount: 64 });
      world.introduceAll();
      complete(world, [leecher]);
      for (const seeder of seeders) {
        const bytes = leecher.verifiedFrom(seeder);
        assert(bytes > 0.5 * MIB, `one of them gave ${bytes} bytes only`);
      }
      assert(wasted([leecher]) < 0.01 * 4 * MIB);
    }
  },
});

Deno.test({
  name: "fast seeders give more than slow ones, and a slow one does not hold up the end",
  permissions,
  fn() {
    const world = worldOf({ lengths: [8 * MIB] }, 4, 5);
    const slow = world.add({ has: "everything", upBytesPerSecond: 100_000 });
    const fast = world.add({ has: "everything" });
    const leecher = world.add({ has: "nothing", slotCount: 64 });
    leecher.learn(slow);
    world.run(1, () => false); // the slow one has a start
    leecher.learn(fast);
    complete(world, [leecher]);
    assert(leecher.verifiedFrom(fast) > 5 * leecher.verifiedFrom(slow));
    assert(leecher.completeMs! < 5500, `took ${leecher.completeMs} ms`);
    assert(wasted([leecher]) < 0.15 * 8 * MIB, `${wasted([leecher])} bytes wasted`);
  },
});

Deno.test({
  name: "five leechers of one slow seeder get a good part of the file from each other",
  permissions,
  fn() {
    for (const seed of SEEDS) {
      const world = worldOf({ version: "v2", lengths: [2 * MIB], pieceLength: 32_768 }, seed);
      const seeder = world.add({ has: "everything", upBytesPerSecond: 1_000_000 });
      const leechers = [1, 2, 3, 4, 5].map(() => world.add({ has: "nothing", slotCount: 64 }));
      world.introduceAll();
      complete(world, leechers);
      for (const leecher of leechers) {
        const others = leechers.filter((other) => other !== leecher);
        const given = others.reduce((sum, other) => sum + other.verifiedFrom(leecher), 0);
        assert(given > 0.1 * MIB, `one of them gave the others ${given} bytes only`);
      }
      const fromSeeder = leechers.reduce((sum, leecher) => sum + leecher.verifiedFrom(seeder), 0);
      assert(fromSeeder < 0.7 * 5 * 2 * MIB, `the seeder sent ${fromSeeder / MIB} MiB`);
      // The end game costs each of them a few blocks, however long the file is.
      assert(wasted(leechers) < 5 * 16 * 16_384, `${wasted(leechers)} bytes wasted`);
    }
  },
});

Deno.test({
  name:
    "when a seeder dies in the middle the others take over, whether it hangs up or just vanishes",
  permissions,
  fn() {
    for (const how of ["closes", "vanishes"] as const) {
      for (const seed of SEEDS) {
        const world = worldOf({ version: "hybrid", lengths: [3 * MIB] }, seed);
        const [doomed, other] = [
          world.add({ has: "everything" }),
          world.add({ has: "everything" }),
        ];
        const leecher = world.add({ has: "nothing", slotCount: 32 });
        world.introduceAll();
        assert(world.run(60, () => leecher.verifiedFrom(doomed) > MIB / 2), "it has given some");
        if (how === "closes") doomed.leave();
        else doomed.vanish();
        complete(world, [leecher]);
        assertEquals(leecher.verifiedFrom(doomed) + leecher.verifiedFrom(other), 3 * MIB);
        assert(wasted([leecher]) <= 0.25 * MIB, `${how}: ${wasted([leecher])} bytes wasted`);
      }
    }
  },
});

Deno.test({
  name: "when the only seeder dies, the download goes on with the one that comes later",
  permissions,
  fn() {
    const world = worldOf({ lengths: [2 * MIB] }, 1);
    const doomed = world.add({ has: "everything" });
    const leechers = [1, 2].map(() => world.add({ has: "nothing", slotCount: 4 }));
    world.introduceAll();
    world.run(60, () => leechers.every((leecher) => leecher.verifiedFrom(doomed) > MIB / 4));
    doomed.vanish();
    assert(!world.run(40, () => leechers.every((leecher) => leecher.isComplete)));
    const late = world.add({ has: "everything" });
    for (const leecher of leechers) leecher.learn(late);
    complete(world, leechers);
  },
});

Deno.test({
  name: "a seeder that sends corrupt data is banned and the file is right",
  permissions,
  fn() {
    for (const version of ["v1", "hybrid"] as const) {
      for (const seed of SEEDS) {
        const world = worldOf({ version, lengths: [2 * MIB] }, seed);
        const corrupt = world.add({ has: "everything", corrupts: () => true });
        const good = [1, 2].map(() => world.add({ has: "everything" }));
        const leecher = world.add({ has: "nothing", slotCount: 16 });
        world.introduceAll();
        complete(world, [leecher]);
        assertEquals(banned(leecher), [corrupt.host]);
        assertEquals(leecher.verifiedFrom(corrupt), 0);
        for (const node of good) assert(leecher.verifiedFrom(node) > 0);
      }
    }
  },
});

Deno.test({
  name: "a seeder that corrupts a block now and then is found out, and no good one is banned",
  permissions,
  fn() {
    for (let seed = 0; seed < 12; seed++) {
      const version = (["v1", "v2", "hybrid"] as const)[seed % 3]!;
      const world = worldOf({ version, lengths: [2 * MIB], pieceLength: 262_144 }, seed);
      const corrupts = (piece: number, begin: number) => (piece * 7 + begin / 16_384) % 5 === 0;
      const corrupt = world.add({ has: "everything", corrupts });
      for (let i = 0; i < 3; i++) world.add({ has: "everything" });
      const leecher = world.add({ has: "nothing", slotCount: 2 }); // so little that they must share
      world.introduceAll();
      complete(world, [leecher]);
      assert(corrupt.spoiled.size > 0);
      assertEquals(banned(leecher), [corrupt.host], `${version}, seed ${seed}`);
    }
  },
});

Deno.test({
  name:
    "of a v2 piece that fails only the wrong blocks are fetched again, and who sent them is banned",
  permissions,
  fn() {
    let spoiled = 0;
    for (let seed = 0; seed < 12; seed++) {
      const version = seed % 2 === 0 ? "v2" : "hybrid";
      const world = worldOf({ version, lengths: [6 * MIB], pieceLength: 262_144 }, seed);
      const corrupts = (piece: number, begin: number) => (piece * 7 + begin / 16_384) % 5 === 0;
      const corrupt = world.add({ has: "everything", corrupts });
      for (let i = 0; i < 2; i++) world.add({ has: "everything" });
      const leecher = world.add({ has: "nothing", slotCount: 8 });
      world.introduceAll();
      complete(world, [leecher]);
      assertEquals(banned(leecher), [corrupt.host]);
      const twice = [...leecher.received].filter(([, times]) => times > 1).map(([key]) => key);
      for (const key of twice) assert(corrupt.spoiled.has(key), `${key} was not spoiled`);
      assertEquals(wasted([leecher]), twice.length * 16_384);
      spoiled += twice.length;
    }
    assert(spoiled >= 24, `only ${spoiled} blocks were fetched twice`);
  },
});

Deno.test({
  name: "where nobody gives leaf hashes, the wrong sender is found out all the same",
  permissions,
  fn() {
    for (const seed of SEEDS) {
      const world = worldOf({ version: "v2", lengths: [2 * MIB], pieceLength: 262_144 }, seed);
      const corrupts = (piece: number, begin: number) => (piece + begin / 16_384) % 9 === 0;
      const corrupt = world.add({ has: "everything", corrupts });
      for (let i = 0; i < 2; i++) world.add({ has: "everything" });
      for (const node of world.nodes.values()) node.hashesBlocks = false;
      const leecher = world.add({ has: "nothing", slotCount: 2 });
      world.introduceAll();
      complete(world, [leecher]);
      assertEquals(banned(leecher), [corrupt.host]);
      assert(leecher.completeMs! < 12_000, `took ${leecher.completeMs} ms`);
    }
  },
});

Deno.test({
  name: "with nobody but a corrupt seeder the download waits, and completes when a good one comes",
  permissions,
  fn() {
    const world = worldOf({ lengths: [MIB] }, 2);
    const corrupt = world.add({ has: "everything", corrupts: (piece) => piece === 3 });
    const leecher = world.add({ has: "nothing" });
    leecher.learn(corrupt);
    assert(!world.run(60, () => leecher.isComplete));
    assert(leecher.swarm.connections.size === 0);
    const good = world.add({ has: "everything" });
    leecher.learn(good);
    complete(world, [leecher]);
  },
});

Deno.test({
  name: "a magnet link is enough: metadata, then piece hashes, then the file",
  permissions,
  fn() {
    const cases = [
      ["v1", undefined],
      ["v2", undefined],
      ["hybrid", undefined],
      ["hybrid", ["v1"]],
      ["hybrid", ["v2"]],
    ] as const;
    for (const [version, hashes] of cases) {
      for (const seed of SEEDS) {
        const world = worldOf({ version, lengths: [MIB + 5], pieceLength: 16_384 }, seed);
        const seeders = [1, 2].map(() => world.add({ has: "everything" }));
        const leecher = world.add({
          has: "magnet",
          slotCount: 64,
          ...(hashes && { hashes }),
        });
        for (const seeder of seeders) leecher.learn(seeder);
        complete(world, [leecher], 20);
        assertEquals(leecher.transfer.hashesComplete, true, `${version} ${hashes}`);
        assertEquals(leecher.transfer.usedSha1, false, `${version} ${hashes} seed ${seed}`);
        assertEquals(wasted([leecher]), 0);
      }
    }
  },
});

Deno.test({
  name: "peers that all know no more than the magnet link get everything through one of them",
  permissions,
  fn() {
    // Private, so that they do not tell each other of those behind them.
    const world = worldOf({ version: "hybrid", lengths: [MIB], private: true }, 3);
    const chain = [
      world.add({ has: "everything" }),
      ...[1, 2, 3].map(() => world.add({ has: "magnet", slotCount: 16 })),
    ];
    // Each knows only the one before it.
    for (const [i, node] of chain.entries()) if (i > 0) node.learn(chain[i - 1]!);
    complete(world, chain.slice(1));
    for (const [i, node] of chain.entries()) {
      if (i > 0) assertEquals(node.verifiedFrom(chain[i - 1]!), MIB);
    }
  },
});

Deno.test({
  name: "many leechers of a seeder with few slots all complete",
  permissions,
  fn() {
    const world = worldOf({ version: "v2", lengths: [MIB / 2], pieceLength: 16_384 }, 5);
    const seeder = world.add({ has: "everything", uploadSlots: 2 });
    const leechers = Array.from(
      { length: 8 },
      () => world.add({ has: "nothing", uploadSlots: 2, slotCount: 4 }),
    );
    world.introduceAll();
    complete(world, leechers, 120);
    const served = leechers.filter((leecher) => leecher.verifiedFrom(seeder) > 0);
    assert(served.length >= 2);
    assert(wasted(leechers) < 0.1 * 8 * MIB / 2, `${wasted(leechers)} bytes wasted`);
  },
});

Deno.test({
  name:
    "two that dial each other at the same moment end up with one connection, whoever is greater",
  permissions,
  fn() {
    for (let seed = 0; seed < 12; seed++) {
      const world = worldOf({ lengths: [3 * MIB] }, seed);
      const [seeder, leecher] = [world.add({ has: "everything" }), world.add({ has: "nothing" })];
      world.introduceAll();
      complete(world, [leecher]);
      assertEquals([seeder.endpoints.size, leecher.endpoints.size], [1, 1]);
      const [[one], [other]] = [[...seeder.endpoints.keys()], [...leecher.endpoints.keys()]];
      assert(
        one!.negotiated.inbound !== other!.negotiated.inbound,
        "the two ends of one connection",
      );
      assertEquals(leecher.verifiedFrom(seeder), 3 * MIB);
    }
  },
});

Deno.test({
  name: "seeders and complete leechers let go of each other and do not come back",
  permissions,
  fn() {
    const world = worldOf({ version: "hybrid", lengths: [MIB / 4] }, 6);
    world.add({ has: "everything" });
    const leechers = [1, 2].map(() => world.add({ has: "nothing" }));
    world.introduceAll();
    complete(world, leechers);
    world.run(10, () => false);
    assertEquals(Array.from(world.nodes.values(), ({ endpoints }) => endpoints.size), [0, 0, 0]);
    const { messageCount } = world;
    world.run(120, () => false);
    assertEquals(world.messageCount, messageCount, "nobody talks any more");
  },
});

Deno.test({
  name: "idle connections are kept alive for hours",
  permissions,
  fn() {
    const world = worldOf({ lengths: [MIB / 4] }, 7);
    const [one, other] = [world.add({ has: "nothing" }), world.add({ has: "nothing" })];
    one.learn(other);
    world.run(2, () => false);
    const [connection] = one.endpoints.keys();
    world.run(7200, () => false);
    assertEquals([...one.endpoints.keys()], [connection!]);
    assertEquals(other.endpoints.size, 1);
  },
});

Deno.test({
  name: "the same seed gives the same run to the last message, another seed another",
  permissions,
  fn() {
    const run = (seed: number) => {
      const world = worldOf({ version: "v2", lengths: [MIB], pieceLength: 32_768 }, seed);
      world.add({ has: "everything" });
      const leechers = [1, 2, 3].map(() => world.add({ has: "magnet" }));
      world.introduceAll();
      complete(world, leechers);
      return [world.messageCount, world.fingerprint, world.clock.nowMs];
    };
    assertEquals(run(11), run(11));
    assert(run(12)[1] !== run(11)[1]);
  },
});
