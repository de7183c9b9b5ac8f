import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { DEFAULT_LIMITS } from "../../lib/tracker/limits.ts";
import { pseudoRandomBytes } from "../support/content.ts";
import { integerFrom, seededRandom } from "../support/random.ts";
import {
  announced,
  HASH,
  hostAt,
  hostOf,
  hostsOf,
  noSwarms,
  senderAt,
} from "../support/swarm_books.ts";

const permissions = "none";
const TTL_MS = 1000;

Deno.test(
  "a swarm keeps its books through thousands of comings and goings",
  { permissions },
  () => {
    const random = seededRandom(11);
    const hashes = [1, 2, 3].map((seed) => pseudoRandomBytes(20, seed));
    const counts = { left: 0, expired: 0, joined: 0, completed: 0, changed: 0 };
    const swarms = noSwarms({ onRemoval: (_swarm, _seat, why) => counts[why]++ });
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
        assertStrictEquals(hostAt(admission.swarm, admission.seat), hostOf(number, family));
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
      const keys = [...model.keys()];
      const torrents = new Set(keys.map((key) => key.charAt(0))).size;
      const seeders = [...model.values()].filter((peer) => peer.seeder).length;
      assertEquals(swarms.totals, { torrents, peers: model.size, seeders });
      const hosts = keys.filter((key) => key.startsWith("1 6 "))
        .map((key) => hostOf(Number(key.slice(4)), 6)).sort();
      const swarm = swarms.get(hashes[1]!, 0, 6);
      assertEquals(swarm === undefined ? [] : hostsOf(swarm), hosts);
    }
    for (const count of Object.values(counts)) assert(count > 100, JSON.stringify(counts));
    assertStrictEquals(counts.joined, counts.left + counts.expired + model.size);
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

Deno.test("each bound on what is remembered holds", { permissions }, () => {
  const limits = {
    ...DEFAULT_LIMITS,
    maxPeersPerTorrent: 3,
    maxPeersPerAddress: 4,
    maxPeers: 6,
    maxTorrents: 2,
  };
  const swarms = noSwarms({ limits });
  const hashes = [1, 2, 3].map((seed) => pseudoRandomBytes(20, seed));
  const tell = (ip: string, port: number, hash: number) => {
    const about = { ...announced(0, false, { packet: hashes[hash]! }), sender: senderAt(ip, port) };
    const admission = swarms.announce(about, 0);
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
  const swarm = swarms.get(hashes[0]!, 0, 4)!;
  assertStrictEquals(swarms.leave(swarm, senderAt("10.0.0.1", 1)), true);
  assertStrictEquals(tell("10.0.0.3", 1, 1), "stored", "room again");
});

Deno.test("IPv6 addresses of one network count as one sender", { permissions }, () => {
  const swarms = noSwarms({ limits: { ...DEFAULT_LIMITS, maxPeersPerAddress: 2 } });
  const tell = (ip: string) =>
    swarms.announce({ ...announced(0, false), sender: senderAt(ip, 1) }, 0).type;
  assertEquals(
    ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::3"].map(tell),
    ["stored", "stored", "refused", "stored"],
  );
});

Deno.test("forgetting is spread over calls that each look at few, and misses nobody", {
  permissions,
}, () => {
  const forgotten: string[] = [];
  const onRemoval: Parameters<typeof noSwarms>[0] = {
    onRemoval: (swarm, seat) => forgotten.push(hostAt(swarm, seat)),
  };
  const swarms = noSwarms(onRemoval);
  for (let torrent = 0; torrent < 10; torrent++) {
    const packet = pseudoRandomBytes(20, torrent);
    for (let i = 0; i < 30; i++) {
      const number = 100 * torrent + i;
      swarms.announce(announced(number, i % 3 === 0, { packet }), i < 10 ? 0 : 500);
    }
  }
  assertStrictEquals(swarms.expirySteps, 310);
  for (let steps = 0; steps < 310; steps += 5) {
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
  assertEquals(swarms.totals, { torrents: 0, peers: 0, seeders: 0 });
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
  const swarms = noSwarms({ limits: { ...DEFAULT_LIMITS, maxPeersPerAddress: Infinity } });
  const empty = swarms.bytes;
  const about = announced(0, false, { packet: new Uint8Array(20) });
  const [peers, torrents] = [300_000, 300];
  for (let i = 0; i < peers; i++) {
    // In each torrent a thousand peers, all at different addresses.
    new DataView(about.packet.buffer).setUint16(0, i % torrents);
    about.sender.words[0] = i & 0xffff;
    about.sender.words[1] = i >>> 16;
    about.sender.words[2] = 6881 + i % 3;
    about.leftBytes = i % 10 === 0 ? 0 : 1000;
    swarms.announce(about, i / peers);
    if (i % 20_000 === 19_999) assert(swarms.bytes < 130 * i, `${swarms.bytes} for ${i}`);
  }
  assertEquals(swarms.totals, { torrents, peers, seeders: peers / 10 });
  while (swarms.totals.peers > 0) swarms.expire(TTL_MS + 2, TTL_MS, 5000);
  assertEquals(swarms.totals, { torrents: 0, peers: 0, seeders: 0 });
  assert(swarms.bytes < empty + 100_000, `${swarms.bytes}`);
});
