import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { peersOf } from "../../lib/codec/discovery/udp_tracker.ts";
import { AnswerBuffer } from "../../lib/tracker/core/response_buffer.ts";
import { PeerLists } from "../../lib/tracker/core/compact_peers.ts";
import { seededRandom } from "../support/random.ts";
import { announced, HASH, hostOf, noSwarms, senderAt } from "../support/swarm_books.ts";

const permissions = "none";

/** A swarm, and a way to ask for the hosts in a list of so many peers; number 0 asks. */
function listsOf(seeders: number, leechers: number, seed: number, family: 4 | 6 = 4) {
  const random = seededRandom(seed);
  const swarms = noSwarms({ random });
  for (let i = 0; i < seeders + leechers; i++) {
    // Those who come at the same time are of the same kind, as at a crowd's arrival.
    swarms.announce(announced(i, i >= leechers, { family }), 0);
  }
  const lists = new PeerLists({
    swarms,
    random,
    addressFor: () => undefined,
    maxPeersPerAnswer: 200,
  });
  const swarm = swarms.get(HASH, 0, family)!;
  const sender = senderAt(hostOf(0, family), 6881);
  const own = swarms.seatOf(swarm, sender.words, 0);
  const into = new AnswerBuffer();
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

function pairsOf(hosts: string[]): string[] {
  const sorted = hosts.toSorted();
  return sorted.flatMap((a, i) => sorted.slice(i + 1).map((b) => `${a} ${b}`));
}
