import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { peersOf } from "../../lib/codec/discovery/udp_tracker.ts";
import { CompactPeers } from "../../lib/tracker/core/compact_peers.ts";
import { ResponseBuffer } from "../../lib/tracker/core/response_buffer.ts";
import type { Announced } from "../../lib/tracker/tables/announced.ts";
import { seededRandom } from "../../support/random.ts";
import { announced, HASH, hostOf, noSwarms, senderAt } from "../support/tracker/swarm_books.ts";

const permissions = "none";

/** A swarm, and a way to ask for the hosts in a list of so many peers; number 0 asks. */
function listsOf(seeders: number, leechers: number, seed: number, family: 4 | 6 = 4) {
  // Those who come at the same time are of the same kind, as at a crowd's arrival.
  const crowd = Array.from(
    { length: seeders + leechers },
    (_, i) => announced(i, i >= leechers, { family }),
  );
  return listsAmong(crowd, hostOf(0, family), seed);
}

/** The same in a swarm of these; the asker is at port 6881 of a host. */
function listsAmong(crowd: Announced[], asker: string, seed: number) {
  const random = seededRandom(seed);
  const swarms = noSwarms({ random });
  for (const about of crowd) swarms.announce(about, 0);
  const sender = senderAt(asker, 6881);
  const { family } = sender;
  const lists = new CompactPeers({
    swarms,
    random,
    addressFor: () => undefined,
    maxPeersPerAnswer: 200,
  });
  const swarm = swarms.get(HASH, 0, family)!;
  const own = swarms.slotOf(swarm, sender.words, 0);
  const into = new ResponseBuffer();
  return (count: number, leechersOnly = false): string[] => {
    const length = lists.write({ swarm, sender, own, count, leechersOnly, into });
    const compact = into.answer(length).subarray(20);
    return peersOf(compact, family).map(({ host }) => host);
  };
}

Deno.test("every peer of a swarm is told equally often, seeders and leechers alike", {
  permissions,
}, () => {
  const told = new Map<string, number>();
  const pairs = new Map<string, number>();
  const rounds = 8000;
  for (let round = 0; round < rounds; round++) {
    // The asker, who is told nobody of itself, and 3 seeders and 9 leechers.
    const hosts = listsOf(3, 10, round)(4);
    assertStrictEquals(new Set(hosts).size, 4);
    for (const host of hosts) told.set(host, (told.get(host) ?? 0) + 1);
    for (const pair of pairsOf(hosts)) pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  assertStrictEquals(told.size, 12);
  assert(!told.has(hostOf(0)));
  const expected = rounds * 4 / 12;
  for (const [host, count] of told) {
    assert(Math.abs(count - expected) < 0.1 * expected, `${host} ${count}`);
  }
  // Also who is told together with whom: of leechers 36 pairs, each as likely as the others.
  const leechers = [...pairs].filter(([pair]) => !pair.split(" ").some((host) => isSeeder(host)));
  const mean = leechers.reduce((sum, [, count]) => sum + count, 0) / 36;
  assertStrictEquals(leechers.length, 36);
  for (const [pair, count] of leechers) {
    assert(Math.abs(count - mean) < 0.25 * mean, `${pair} ${count} of ${mean}`);
  }

  function isSeeder(host: string): boolean {
    return [10, 11, 12].map((number) => hostOf(number)).includes(host);
  }
});

Deno.test("a crowd's members are told seeders in the proportion that the swarm has them", {
  permissions,
}, () => {
  const list = listsOf(50, 951, 3);
  let seeders = 0;
  for (let round = 0; round < 1000; round++) {
    const hosts = list(50);
    assertStrictEquals(new Set(hosts).size, 50);
    const among = hosts.filter((host) =>
      Number(host.split(".")[3]) + 256 * Number(host.split(".")[2]) > 950
    );
    assert(among.length === 2 || among.length === 3, `${among.length}`);
    seeders += among.length;
  }
  assert(seeders > 2400 && seeders < 2600, `${seeders}`);
});

Deno.test("whoever wants all others gets all others, over IPv4 and IPv6", { permissions }, () => {
  for (const family of [4, 6] as const) {
    for (
      const [seeders, leechers] of [[0, 1], [1, 1], [5, 20], [20, 5], [0, 49], [40, 1]] as const
    ) {
      const list = listsOf(seeders, leechers, seeders, family);
      const others = Array.from(
        { length: seeders + leechers - 1 },
        (_, i) => hostOf(i + 1, family),
      );
      for (let round = 0; round < 10; round++) {
        for (const count of [others.length, others.length + 1, 50, -1]) {
          assertEquals(list(count).sort(), others.toSorted());
        }
        const leechersOnly = list(50, true).sort();
        assertEquals(leechersOnly, others.slice(0, leechers - 1).sort());
        if (others.length > 1) {
          assertStrictEquals(list(others.length - 1).length, others.length - 1);
        }
      }
    }
  }
});

/** Somebody in the swarm at this address and port. */
function at(host: string, port: number, seeder: boolean): Announced {
  return { ...announced(0, seeder), sender: senderAt(host, port) };
}

/** How often each of these was told in so many lists of 50. */
function toldOf(list: (count: number) => string[], lists: number): Map<string, number> {
  const told = new Map<string, number>();
  for (let i = 0; i < lists; i++) {
    const hosts = list(50);
    assertStrictEquals(hosts.length, 50);
    for (const host of hosts) told.set(host, (told.get(host) ?? 0) + 1);
  }
  return told;
}

Deno.test("one host under thousands of ports takes an eighth of a list and not more", {
  permissions,
}, () => {
  const LISTS = 200;
  const flood = Array.from({ length: 10_000 }, (_, i) => at("192.0.2.1", 1 + i, i % 10 === 0));
  // The others are neighbours of each other and of the one who floods.
  const others = Array.from({ length: 60 }, (_, i) => at(`192.0.2.${10 + i}`, 6881, i < 6));
  for (const crowd of [[...flood, ...others], [...others, ...flood]]) {
    const told = toldOf(listsAmong(crowd, "192.0.2.69", 5), LISTS);
    const invented = told.get("192.0.2.1")!;
    assert(invented < LISTS * 50 * 0.2, `${invented} of ${LISTS * 50} are of one host`);
    assertStrictEquals(told.size, 60, "everybody but the asker is told");
    const seeders = [0, 1, 2, 3, 4, 5].map((i) => told.get(`192.0.2.${10 + i}`)!);
    for (const times of seeders) assert(times > LISTS / 3, `a seeder was told ${times} times`);
  }
});

Deno.test("one IPv6 network under thousands of addresses takes an eighth of a list", {
  permissions,
}, () => {
  const LISTS = 100;
  const crowd = Array.from({ length: 5000 }, (_, i) => {
    return at(`2001:db8:1:${i.toString(16)}::1`, 6881, false);
  });
  for (let i = 0; i < 60; i++) crowd.push(at(`2001:db8:${(100 + i).toString(16)}::1`, 6881, false));
  const told = toldOf(listsAmong(crowd, "2001:db8:64::1", 5), LISTS);
  const invented = [...told].filter(([host]) => host.startsWith("2001:db8:1:"))
    .reduce((sum, [, times]) => sum + times, 0);
  assert(invented < LISTS * 50 * 0.2, `${invented} of ${LISTS * 50} are of one network`);
});

Deno.test("who is alone against a thousand ports of a host is in every list", {
  permissions,
}, () => {
  const crowd = Array.from({ length: 1000 }, (_, i) => at("192.0.2.1", 1 + i, i % 2 === 0));
  const list = listsAmong([...crowd, at("198.51.100.1", 6881, true)], "203.0.113.1", 5);
  for (let round = 0; round < 50; round++) assert(list(5).includes("198.51.100.1"));
});

Deno.test("a lab of a thousand machines behind one address is told all of them, as any other", {
  permissions,
}, () => {
  const random = seededRandom(9);
  const swarms = noSwarms({ random });
  for (let port = 1; port <= 1000; port++) swarms.announce(at("192.0.2.1", port, port <= 20), 0);
  const options = { swarms, random, addressFor: () => undefined, maxPeersPerAnswer: 200 };
  const lists = new CompactPeers(options);
  const [swarm, sender] = [swarms.get(HASH, 0, 4)!, senderAt("192.0.2.1", 1000)];
  const own = swarms.slotOf(swarm, sender.words, 0);
  const into = new ResponseBuffer();
  const told = new Map<number, number>();
  const LISTS = 1000;
  for (let i = 0; i < LISTS; i++) {
    const length = lists.write({ swarm, sender, own, count: 50, leechersOnly: false, into });
    const ports = peersOf(into.answer(length).subarray(20), 4).map(({ port }) => port);
    assertStrictEquals(new Set(ports).size, 50);
    for (const port of ports) told.set(port, (told.get(port) ?? 0) + 1);
  }
  assertEquals([told.size, told.has(1000)], [999, false]);
  const often = [...told.values()].filter((times) => times > 3 * LISTS * 50 / 999);
  assert(often.length <= 2, `${often.length} are told much more often than others`);
});

function pairsOf(hosts: string[]): string[] {
  const sorted = hosts.toSorted();
  return sorted.flatMap((a, i) => sorted.slice(i + 1).map((b) => `${a} ${b}`));
}
