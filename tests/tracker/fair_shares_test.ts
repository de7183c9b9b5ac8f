/**
 * Whose turn it is to give way.
 * @module
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { hostKey, networkKey } from "../../lib/codec/network_key.ts";
import { FairShares } from "../../lib/tracker/tables/fair_shares.ts";
import { integerFrom, seededRandom } from "../../support/random.ts";
import { claimantAt } from "../support/tracker/swarm_books.ts";

const permissions = "none";
const KEY = Uint32Array.of(5, 6);

/** Shares whose items are held by addresses in text. */
function emptyShares() {
  const shares = new FairShares(KEY);
  const at = (host: string) => {
    const { words, at, stride } = claimantAt(host);
    return [words, at, stride] as const;
  };
  return {
    shares,
    hold: (item: number, host: string) => shares.hold(item, ...at(host)),
    offer: (item: number, host: string) => shares.offer(item, ...at(host)),
  };
}

Deno.test("whoever holds most gives way, with the oldest of what it holds", { permissions }, () => {
  const { shares, hold } = emptyShares();
  assertStrictEquals(shares.next(), 0);
  hold(1, "192.0.2.1");
  hold(2, "198.51.100.7");
  hold(3, "198.51.100.7");
  hold(4, "198.51.100.7");
  const turns = [];
  for (let next = shares.next(); next !== 0; next = shares.next()) {
    turns.push(next);
    shares.release(next);
  }
  assertEquals(turns, [2, 3, 1, 4], "of two who hold equally much, who has done so for longer");
});

Deno.test("many addresses of one network hold what they have together", { permissions }, () => {
  const { shares, hold } = emptyShares();
  for (let i = 1; i <= 3; i++) hold(i, `192.0.2.${i}`);
  for (let i = 4; i <= 5; i++) hold(i, "198.51.100.7");
  assertStrictEquals(shares.next(), 1);
  for (let i = 6; i <= 9; i++) hold(i, `2001:db8:1:${i}::1`);
  assertStrictEquals(shares.next(), 6, "an IPv6 /48 is one network");
  hold(10, "2001:db8:1:8::ffff");
  assertStrictEquals(shares.next(), 8, "and in it the /64 that holds most gives way");
});

Deno.test("what several use goes to the one of them who holds less", { permissions }, () => {
  const { shares, hold, offer } = emptyShares();
  for (let i = 1; i <= 5; i++) hold(i, "192.0.2.1");
  offer(1, "198.51.100.7");
  assertStrictEquals(shares.next(), 2, "the first of them is another's now");
  offer(1, "192.0.2.1");
  assertStrictEquals(shares.next(), 2, "and does not go back to who holds more");
});

Deno.test("turns are what a plain list would say, whatever comes and goes", {
  permissions,
}, () => {
  const random = seededRandom(21);
  const { shares, hold } = emptyShares();
  const held: { item: number; host: string }[] = []; // in the order in which they came
  const hosts = Array.from(
    { length: 40 },
    (_, i) =>
      i % 2 === 0
        ? `10.0.${integerFrom(random, 0, 4)}.${i}`
        : `2001:db8:${i % 3}:${integerFrom(random, 0, 2)}::${i}`,
  );
  const countsBy = (key: (host: string) => string, of: typeof held) => {
    const counts = new Map<string, number>();
    for (const { host } of of) counts.set(key(host), (counts.get(key(host)) ?? 0) + 1);
    return counts;
  };
  const free = Array.from({ length: 300 }, (_, i) => i + 1);
  for (let step = 0; step < 8000; step++) {
    if (free.length > 0 && random() < (step % 2000 < 1000 ? 0.6 : 0.4)) {
      const item = free.pop()!;
      // Some hold far more than others.
      const host = hosts[Math.floor(random() * random() * hosts.length)]!;
      hold(item, host);
      held.push({ item, host });
    } else if (held.length > 0) {
      const [gone] = held.splice(integerFrom(random, 0, held.length - 1), 1);
      shares.release(gone!.item);
      free.push(gone!.item);
    }
    const next = held.find(({ item }) => item === shares.next());
    assertStrictEquals(next === undefined, held.length === 0);
    if (next === undefined) continue;
    const networks = countsBy(networkKey, held);
    const network = networkKey(next.host);
    assertStrictEquals(networks.get(network), Math.max(...networks.values()));
    const inside = held.filter(({ host }) => networkKey(host) === network);
    const inHosts = countsBy(hostKey, inside);
    assertStrictEquals(inHosts.get(hostKey(next.host)), Math.max(...inHosts.values()));
    const oldest = inside.find(({ host }) => hostKey(host) === hostKey(next.host));
    assertStrictEquals(next, oldest);
  }
  assert(held.length > 20, `${held.length}`);
});
