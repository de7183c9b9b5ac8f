import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { networkKey } from "../../lib/codec/network_key.ts";
import { DEFAULT_LIMITS } from "../../lib/tracker/tables/limits.ts";
import { slotAt, type Swarm } from "../../lib/tracker/tables/swarm.ts";
import { pseudoRandomBytes } from "../../support/content.ts";
import { integerFrom, seededRandom } from "../../support/random.ts";
import {
  announced,
  HASH,
  hostAt,
  hostOf,
  hostsOf,
  noSwarms,
  senderAt,
} from "../support/tracker/swarm_books.ts";

const permissions = "none";
const TTL_MS = 1000;

Deno.test(
  "a swarm keeps its books through thousands of comings and goings",
  { permissions },
  () => {
    const random = seededRandom(11);
    const hashes = [1, 2, 3].map((seed) => pseudoRandomBytes(20, seed));
    const counts = { left: 0, expired: 0, displaced: 0, joined: 0, completed: 0, changed: 0 };
    const swarms = noSwarms({ onRemoval: (_swarm, _slot, why) => counts[why]++ });
    /** By torrent, family and number. */
    const model = new Map<string, { seeder: boolean; seenMs: number; completed: boolean }>();
    let nowMs = 0;
    for (let step = 0; step < 12_000; step++) {
      nowMs += integerFrom(random, 0, 3);
      const packet = hashes[integerFrom(random, 0, 2)]!;
      const family = random() < 0.5 ? 4 : 6;
      const number = integerFrom(random, 0, 999);
      const key = `${hashes.indexOf(packet)} ${family} ${number}`;
      const known = model.get(key);
      if (random() < 0.8) {
        const seeder = random() < 0.3;
        const about = { family, packet, completed: random() < 0.1 } as const;
        const admission = swarms.announce(announced(number, seeder, about), nowMs);
        assert(admission.type === "stored");
        assertStrictEquals(admission.joined, known === undefined);
        assertStrictEquals(hostAt(admission.swarm, admission.slot), hostOf(number, family));
        const completes = about.completed && seeder && known?.completed !== true;
        assertStrictEquals(admission.completed, completes);
        if (admission.joined) counts.joined++;
        if (completes) counts.completed++;
        if (known !== undefined && known.seeder !== seeder) counts.changed++;
        const completed = completes || known?.completed === true;
        model.set(key, { seeder, seenMs: nowMs, completed });
      } else {
        const { sender } = announced(number, false, { family });
        const swarm = swarms.get(packet, 0, family);
        const left = swarm !== undefined && swarms.leave(swarm, sender);
        assertStrictEquals(left, model.delete(key));
      }
      if (step % 20 !== 0) continue;
      const silent = [...model].filter(([, peer]) => nowMs - peer.seenMs > TTL_MS);
      for (const [key] of silent) model.delete(key);
      assertStrictEquals(swarms.expire(nowMs, TTL_MS, Infinity), silent.length);
      swarms.checkInvariant();
      for (const packet of step % 300 === 0 ? hashes : []) {
        for (const family of [4, 6] as const) checkFronts(swarms.get(packet, 0, family));
      }
      const keys = [...model.keys()];
      const torrents = new Set(keys.map((key) => key.charAt(0))).size;
      const seeders = [...model.values()].filter((peer) => peer.seeder).length;
      assertStrictEquals(swarms.peers, model.size);
      assertEquals(swarms.totals, { torrents, seeders, leechers: model.size - seeders });
      const hosts = keys.filter((key) => key.startsWith("1 6 "))
        .map((key) => hostOf(Number(key.slice(4)), 6)).sort();
      const swarm = swarms.get(hashes[1]!, 0, 6);
      assertEquals(swarm === undefined ? [] : hostsOf(swarm), hosts);
    }
    assertStrictEquals(counts.displaced, 0);
    const { displaced: _, ...happened } = counts;
    for (const count of Object.values(happened)) assert(count > 100, JSON.stringify(counts));
    assertStrictEquals(counts.joined, counts.left + counts.expired + model.size);
  },
);

/** In the front part of each roster stands one of each host, or it is known that one is missing. */
function checkFronts(swarm: Swarm | undefined): void {
  if (swarm === undefined) return;
  for (const [roster, seeder] of [[swarm.seeders, true], [swarm.leechers, false]] as const) {
    const hosts = Array.from({ length: roster.length }, (_, place) => {
      const host = hostAt(swarm, slotAt(place, seeder));
      return roster.stride === 3 ? host : networkKey(host);
    });
    const inFront = new Set(hosts.slice(0, roster.front));
    assertStrictEquals(inFront.size, roster.front);
    assertStrictEquals(new Set(hosts).difference(inFront).size, roster.frontless);
  }
}

Deno.test(
  "when who stands for its host leaves, another one of the host does from its next announce on",
  {
    permissions,
  },
  () => {
    const swarms = noSwarms();
    for (let port = 1; port <= 40; port++) swarms.announce(announcedFrom("192.0.2.1", 1, port), 0);
    for (let i = 0; i < 10; i++) swarms.announce(announcedFrom(`198.51.100.${i}`, 1), 0);
    const swarm = swarms.get(announcedFrom("192.0.2.1", 1).packet, 0, 4)!;
    assertStrictEquals(swarm.seeders.front, 11);
    swarms.leave(swarm, senderAt("192.0.2.1", 1));
    assertStrictEquals(swarm.seeders.front, 10);
    checkFronts(swarm);
    for (let port = 2; port <= 40; port++) {
      const admission = swarms.announce(announcedFrom("192.0.2.1", 1, port), 0);
      assert(admission.type === "stored");
      assertStrictEquals(hostAt(swarm, admission.slot), "192.0.2.1");
      assertStrictEquals(swarm.seeders.front, 11);
      checkFronts(swarm);
      swarms.checkInvariant();
    }
  },
);

Deno.test("a completed download is counted once for each peer", { permissions }, () => {
  const swarms = noSwarms();
  const tell = (number: number, seeder: boolean, completed: boolean) =>
    swarms.announce(announced(number, seeder, { completed }), 0);
  tell(1, false, false);
  tell(1, true, true);
  tell(1, true, true);
  tell(1, false, false);
  tell(1, true, true);
  tell(2, true, true);
  tell(3, false, true);
  tell(4, true, false);
  assertEquals(swarms.counts(HASH, 4), { seeders: 3, completed: 2, leechers: 1 });
});

Deno.test("forgetting is spread over calls that each look at few, and misses nobody", {
  permissions,
}, () => {
  const forgotten: string[] = [];
  const onRemoval: Parameters<typeof noSwarms>[0] = {
    onRemoval: (swarm, slot) => forgotten.push(hostAt(swarm, slot)),
  };
  const swarms = noSwarms(onRemoval);
  for (let torrent = 0; torrent < 10; torrent++) {
    const packet = pseudoRandomBytes(20, torrent);
    for (let i = 0; i < 30; i++) {
      const number = 100 * torrent + i;
      swarms.announce(announced(number, i % 3 === 0, { packet }), i < 10 ? 0 : 500);
    }
  }
  assertStrictEquals(swarms.expirySteps, 311);
  for (let steps = 0; steps < 315; steps += 5) {
    const before = forgotten.length;
    assertStrictEquals(swarms.expire(TTL_MS + 1, TTL_MS, 5), forgotten.length - before);
    assert(forgotten.length - before <= 5);
  }
  const silent = Array.from(
    { length: 100 },
    (_, i) => hostOf(100 * Math.floor(i / 10) + i % 10),
  );
  assertEquals(forgotten.sort(), silent.sort());
  assertStrictEquals(swarms.expire(TTL_MS + 501, TTL_MS, Infinity), 200);
  assertEquals(swarms.totals, { torrents: 0, seeders: 0, leechers: 0 });
  assertStrictEquals(swarms.peers, 0);
  assertStrictEquals(swarms.get(HASH, 0, 4), undefined);
});

Deno.test("a peer heard of by a clock that is behind is not forgotten for it", {
  permissions,
}, () => {
  const swarms = noSwarms();
  swarms.announce(announced(1, false), 5000);
  assertStrictEquals(swarms.expire(4000, TTL_MS, Infinity), 0);
});

Deno.test("peers take less than 100 bytes each, however many, and give them back", {
  permissions,
}, () => {
  const swarms = noSwarms();
  const empty = swarms.bytes;
  const about = announced(0, false, { packet: new Uint8Array(20) });
  const [peers, torrents] = [300_000, 300];
  for (let i = 0; i < peers; i++) {
    // In each torrent a thousand peers, and at each of 3,000 addresses a hundred.
    new DataView(about.packet.buffer).setUint16(0, i % torrents);
    about.sender.words[0] = i % 3000;
    about.sender.words[2] = 6881 + Math.floor(i / 3000);
    about.leftBytes = i % 10 === 0 ? 0 : 1000;
    swarms.announce(about, i / peers);
    if (i % 20_000 === 19_999) assert(swarms.bytes < 130 * i, `${swarms.bytes} for ${i}`);
  }
  assertEquals(swarms.totals, { torrents, seeders: peers / 10, leechers: peers * 9 / 10 });
  while (swarms.peers > 0) swarms.expire(TTL_MS + 2, TTL_MS, 5000);
  assertEquals(swarms.totals, { torrents: 0, seeders: 0, leechers: 0 });
  assertStrictEquals(swarms.peers, 0);
  // The rows of numbers stay as long as they were, for the next crowd.
  assert(swarms.bytes < empty + 25 * peers, `${swarms.bytes}`);
});

/** The torrent with this number, to be announced from an address. */
function announcedFrom(ip: string, torrent: number, port = 6881) {
  const packet = new Uint8Array(20);
  new DataView(packet.buffer).setUint32(0, torrent);
  return { ...announced(0, true, { packet }), sender: senderAt(ip, port) };
}

Deno.test("a thousand machines behind one address are all served while there is room", {
  permissions,
}, () => {
  const displaced: string[] = [];
  const swarms = noSwarms({ onRemoval: (swarm, slot) => displaced.push(hostAt(swarm, slot)) });
  for (let i = 0; i < 20_000; i++) {
    const about = announcedFrom("192.0.2.1", i, 1 + i % 1000);
    assertStrictEquals(swarms.announce(about, 0).type, "stored");
  }
  assertEquals([swarms.peers, displaced.length], [20_000, 0]);
});

Deno.test("when peers are too many, those of who has most give way, whoever else comes", {
  permissions,
}, () => {
  const displaced: string[] = [];
  const swarms = noSwarms({
    limits: { ...DEFAULT_LIMITS, maxPeers: 100 },
    onRemoval: (swarm, slot, why) => displaced.push(`${why} ${hostAt(swarm, slot)}`),
  });
  for (let i = 0; i < 10; i++) swarms.announce(announcedFrom(`198.51.${i}.1`, 1), 0);
  // Twenty addresses of one network, each with more than there is room for.
  for (let i = 0; i < 4000; i++) swarms.announce(announcedFrom(`192.0.2.${i % 20}`, i, 1 + i), 0);
  assertEquals(
    swarms.counts(announcedFrom("192.0.2.1", 1).packet, 4).seeders,
    10,
    "nobody else has gone",
  );
  assertEquals(
    new Set(displaced.map((line) => line.slice(0, 18))),
    new Set(["displaced 192.0.2."]),
  );
  for (let i = 0; i < 50; i++) {
    assertStrictEquals(swarms.announce(announcedFrom(`203.0.${i}.1`, 1), 0).type, "stored");
  }
  assertEquals([swarms.peers, swarms.counts(announcedFrom("192.0.2.1", 1).packet, 4).seeders], [
    100,
    60,
  ]);
  swarms.checkInvariant();
});

Deno.test("when swarms are too many, those of who brought most give way with their peers", {
  permissions,
}, () => {
  const swarms = noSwarms({ limits: { ...DEFAULT_LIMITS, maxSwarms: 50 } });
  const seeders = (torrent: number) =>
    swarms.counts(announcedFrom("192.0.2.1", torrent).packet, 4).seeders;
  swarms.announce(announcedFrom("198.51.100.1", 1), 0);
  // A flood comes first to a torrent that others share later.
  for (let i = 0; i < 200; i++) swarms.announce(announcedFrom("192.0.2.1", 1000 + i), 0);
  swarms.announce(announcedFrom("192.0.2.1", 2), 0);
  swarms.announce(announcedFrom("203.0.113.1", 2), 0);
  for (let i = 0; i < 200; i++) swarms.announce(announcedFrom("192.0.2.1", 2000 + i), 0);
  assertEquals([swarms.totals.torrents, seeders(1), seeders(2)], [50, 1, 2]);
  assertEquals([seeders(1000), seeders(2000), seeders(2199)], [0, 0, 1], "the oldest went");
  swarms.announce(announcedFrom("203.0.114.1", 3), 0);
  assertEquals([swarms.totals.torrents, seeders(3)], [50, 1]);
  swarms.checkInvariant();
});

Deno.test("a crowd whose swarm gave way does not keep anybody waiting, and goes bit by bit", {
  permissions,
}, () => {
  const gone: string[] = [];
  const swarms = noSwarms({
    limits: { ...DEFAULT_LIMITS, maxSwarms: 2 },
    onRemoval: (_swarm, _slot, why) => gone.push(why),
  });
  for (let port = 1; port <= 1000; port++) {
    swarms.announce(announcedFrom("192.0.2.1", 1, port), 0);
  }
  swarms.announce(announcedFrom("192.0.2.1", 2), 0);
  swarms.announce(announcedFrom("198.51.100.1", 3), 0);
  assertEquals([gone.length, swarms.totals], [0, { torrents: 2, seeders: 2, leechers: 0 }]);
  assertStrictEquals(swarms.get(announcedFrom("192.0.2.1", 1).packet, 0, 4), undefined);
  // It comes again meanwhile, as a swarm of its own.
  swarms.announce(announcedFrom("192.0.2.1", 1, 5), 0);
  assertStrictEquals(swarms.counts(announcedFrom("192.0.2.1", 1).packet, 4).seeders, 1);
  assertStrictEquals(swarms.expire(0, TTL_MS, Infinity), 1000);
  assertEquals([...new Set(gone)], ["displaced"]);
  assertEquals([swarms.peers, swarms.totals.torrents], [2, 2]);
  swarms.checkInvariant();
});

Deno.test("in a full swarm the network that crowds it gives way, and nobody else", {
  permissions,
}, () => {
  const displaced: string[] = [];
  const swarms = noSwarms({
    limits: { ...DEFAULT_LIMITS, maxPeersPerTorrent: 100 },
    onRemoval: (swarm, slot) => displaced.push(hostAt(swarm, slot)),
  });
  for (let i = 0; i < 60; i++) swarms.announce(announcedFrom("192.0.2.1", 1, 1 + i), 0);
  for (let i = 0; i < 80; i++) swarms.announce(announcedFrom(`198.51.${i}.1`, 1), 0);
  assertStrictEquals(swarms.counts(announcedFrom("192.0.2.1", 1).packet, 4).seeders, 100);
  assertEquals([displaced.length, new Set(displaced)], [40, new Set(["192.0.2.1"])]);
  const alike = noSwarms({ limits: { ...DEFAULT_LIMITS, maxPeersPerTorrent: 100 } });
  for (let i = 0; i < 100; i++) alike.announce(announcedFrom(`198.51.${i}.1`, 1), 0);
  assertStrictEquals(alike.announce(announcedFrom("192.0.2.1", 1), 0).type, "crowded");
});

Deno.test("both swarms of a hybrid are counted as one torrent, and their peers once", {
  permissions,
}, () => {
  const swarms = noSwarms();
  const [v1, v2] = [announcedFrom("192.0.2.1", 1).packet, announcedFrom("192.0.2.1", 2).packet];
  const leave = (ip: string, torrent: number) => {
    const { packet, sender } = announcedFrom(ip, torrent);
    assert(swarms.leave(swarms.get(packet, 0, 4)!, sender));
  };
  for (const ip of ["192.0.2.1", "192.0.2.2", "192.0.2.3"]) {
    for (const torrent of [1, 2]) swarms.announce(announcedFrom(ip, torrent), 0);
  }
  swarms.announce(announcedFrom("192.0.2.4", 1), 0);
  assertEquals(swarms.totals, { torrents: 2, seeders: 7, leechers: 0 });
  swarms.pair(swarms.get(v1, 0, 4)!, swarms.get(v2, 0, 4)!);
  assertEquals(swarms.totals, { torrents: 1, seeders: 4, leechers: 0 });
  swarms.announce({ ...announcedFrom("192.0.2.1", 2), leftBytes: 5 }, 0);
  assertEquals(swarms.totals, { torrents: 1, seeders: 4, leechers: 1 });
  swarms.announce({ ...announcedFrom("192.0.2.1", 1), leftBytes: 5 }, 0);
  assertEquals(swarms.totals, { torrents: 1, seeders: 3, leechers: 1 });
  swarms.announce(announcedFrom("2001:db8::1", 1), 0);
  swarms.announce(announcedFrom("2001:db8::1", 2), 0);
  swarms.pair(swarms.get(v2, 0, 6)!, swarms.get(v1, 0, 6)!);
  assertEquals(swarms.totals, { torrents: 1, seeders: 4, leechers: 1 });
  for (const ip of ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]) leave(ip, 1);
  assertEquals(swarms.totals, { torrents: 1, seeders: 3, leechers: 1 });
  swarms.expire(TTL_MS + 1, TTL_MS, Infinity);
  assertEquals([swarms.totals, swarms.peers], [{ torrents: 0, seeders: 0, leechers: 0 }, 0]);
});
