import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { compactPeer } from "../../lib/codec/udp_tracker.ts";
import { DEFAULT_LIMITS } from "../../lib/tracker/limits.ts";
import { type Announced, Swarms } from "../../lib/tracker/swarms.ts";
import { pseudoRandomBytes } from "../support/content.ts";
import { integerFrom, seededRandom } from "../support/random.ts";

const permissions = "none";
const HASH = pseudoRandomBytes(20, 1);

function announced(number: number, seeder: boolean, more: Partial<Announced> = {}): Announced {
  return {
    infoHash: HASH,
    family: 4,
    compact: compactPeer(`10.${number >> 16}.${number >> 8 & 255}.${number & 255}`, 6881),
    loopback: false,
    seeder,
    completed: false,
    ...more,
  };
}

function swarmOf(seeders: number, leechers: number) {
  const swarms = new Swarms(DEFAULT_LIMITS, () => {});
  for (let i = 0; i < seeders + leechers; i++) swarms.announce(announced(i, i < seeders), 0);
  return swarms.get(HASH, 4)!;
}

Deno.test("every peer of a swarm is drawn equally often, seeders and leechers alike", {
  permissions,
}, () => {
  const swarm = swarmOf(3, 9);
  const random = seededRandom(5);
  const drawn = new Map<string, number>();
  const pairs = new Map<string, number>();
  const rounds = 6000;
  for (let i = 0; i < rounds; i++) {
    const keys: string[] = [];
    swarm.draw(4, false, random, (peer) => keys.push(peer.key) > 0);
    assertStrictEquals(new Set(keys).size, 4);
    for (const key of keys) drawn.set(key, (drawn.get(key) ?? 0) + 1);
    const pair = keys.slice(0, 2).join("/");
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  swarm.checkInvariant();
  const expected = rounds * 4 / 12;
  assertStrictEquals(drawn.size, 12);
  for (const count of drawn.values()) {
    assert(Math.abs(count - expected) < 0.1 * expected, `${count}`);
  }
  // Also which follow each other: 132 ordered pairs, each as likely as the others.
  assertStrictEquals(pairs.size, 132);
  for (const count of pairs.values()) assert(Math.abs(count - rounds / 132) < 30, `${count}`);
});

Deno.test("a draw offers every peer once when none is taken", { permissions }, () => {
  const swarm = swarmOf(20, 30);
  for (const [leechersOnly, expected] of [[false, 50], [true, 30]] as const) {
    const offered = new Set<string>();
    let offers = 0;
    swarm.draw(10, leechersOnly, seededRandom(2), (peer) => {
      offers++;
      offered.add(peer.key);
      return false;
    });
    assertEquals([offers, offered.size], [expected, expected]);
  }
});

Deno.test(
  "a swarm keeps its books through thousands of comings and goings",
  { permissions },
  () => {
    const random = seededRandom(11);
    const removed = { left: 0, expired: 0 };
    const swarms = new Swarms(DEFAULT_LIMITS, (_, why) => removed[why]++);
    const model = new Map<number, { seeder: boolean; seenMs: number }>();
    let nowMs = 0;
    let joins = 0;
    for (let step = 0; step < 5000; step++) {
      nowMs += integerFrom(random, 0, 10);
      const number = integerFrom(random, 0, 199);
      if (random() < 0.8) {
        const seeder = random() < 0.3;
        const admission = swarms.announce(announced(number, seeder), nowMs);
        assert(admission.type === "stored");
        assertStrictEquals(admission.joined, !model.has(number));
        if (admission.joined) joins++;
        model.set(number, { seeder, seenMs: nowMs });
      } else {
        const { infoHash, family, compact } = announced(number, false);
        assertStrictEquals(swarms.leave(infoHash, family, compact), model.delete(number));
      }
      const silent = [...model].filter(([, peer]) => peer.seenMs < nowMs - 1000);
      for (const [key] of silent) model.delete(key);
      assertStrictEquals(swarms.expire(nowMs - 1000, Infinity), silent.length);
      swarms.get(HASH, 4)?.checkInvariant();
      const seeders = [...model.values()].filter((peer) => peer.seeder).length;
      assertEquals(swarms.totals, { torrents: model.size > 0 ? 1 : 0, peers: model.size, seeders });
      assertEquals(swarms.counts(HASH, 4).leechers, model.size - seeders);
    }
    assert(removed.left > 300 && removed.expired > 300, JSON.stringify(removed));
    assertStrictEquals(joins, removed.left + removed.expired + model.size);
  },
);

Deno.test("a completed download is counted once for each peer", { permissions }, () => {
  const swarms = new Swarms(DEFAULT_LIMITS, () => {});
  const tell = (number: number, seeder: boolean, completed: boolean) =>
    swarms.announce(announced(number, seeder, { completed }), 0);
  tell(1, false, false);
  tell(1, true, true);
  tell(1, true, true);
  tell(2, true, true);
  tell(3, false, true);
  tell(4, true, false);
  assertEquals(swarms.counts(HASH, 4), { seeders: 3, completed: 2, leechers: 1 });
});

Deno.test("each bound on what is remembered holds", { permissions }, () => {
  const limits = {
    ...DEFAULT_LIMITS,
    maxPeersPerTorrent: 3,
    maxPeersPerAddress: 4,
    maxPeers: 6,
    maxTorrents: 2,
  };
  const swarms = new Swarms(limits, () => {});
  const hashes = [1, 2, 3].map((seed) => pseudoRandomBytes(20, seed));
  const tell = (ip: string, port: number, hash: number) => {
    const compact = compactPeer(ip, port);
    const family = compact.length === 6 ? 4 : 6;
    const about = { infoHash: hashes[hash]!, compact, family } as const;
    const admission = swarms.announce(announced(0, false, about), 0);
    return admission.type === "stored" ? "stored" : admission.bound;
  };
  for (const port of [1, 2, 3]) assertStrictEquals(tell("10.0.0.1", port, 0), "stored");
  assertStrictEquals(tell("10.0.0.2", 4, 0), "torrent");
  assertStrictEquals(tell("10.0.0.1", 3, 0), "stored", "it is in already");
  assertStrictEquals(tell("10.0.0.1", 1, 1), "stored");
  assertStrictEquals(tell("10.0.0.1", 2, 1), "address");
  assertStrictEquals(tell("2001:db8::1", 1, 2), "torrents");
  assertStrictEquals(tell("2001:db8::1", 1, 1), "stored");
  assertStrictEquals(tell("2001:db8::2", 1, 1), "stored");
  assertStrictEquals(tell("10.0.0.3", 1, 1), "peers");
  assertEquals(swarms.totals, { torrents: 2, peers: 6, seeders: 0 });
  assertStrictEquals(swarms.leave(hashes[0]!, 4, compactPeer("10.0.0.1", 1)), true);
  assertStrictEquals(tell("10.0.0.3", 1, 1), "stored", "room again");
});

Deno.test("IPv6 addresses of one network count as one sender", { permissions }, () => {
  const swarms = new Swarms({ ...DEFAULT_LIMITS, maxPeersPerAddress: 2 }, () => {});
  const tell = (ip: string) =>
    swarms.announce(announced(0, false, { family: 6, compact: compactPeer(ip, 1) }), 0).type;
  assertEquals(
    ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::3"].map(tell),
    ["stored", "stored", "refused", "stored"],
  );
});

Deno.test(
  "forgetting may be spread over several calls, longest silent first",
  { permissions },
  () => {
    const forgotten: number[] = [];
    const swarms = new Swarms(DEFAULT_LIMITS, (peer) => forgotten.push(peer.compact[3]!));
    for (let i = 0; i < 10; i++) swarms.announce(announced(i, false), i);
    swarms.announce(announced(0, false), 10);
    assertStrictEquals(swarms.expire(100, 3), 3);
    assertEquals(forgotten, [1, 2, 3]);
    assertStrictEquals(swarms.expire(100, 100), 7);
    assertEquals(forgotten.slice(3), [4, 5, 6, 7, 8, 9, 0]);
    assertStrictEquals(swarms.get(HASH, 4), undefined);
  },
);
