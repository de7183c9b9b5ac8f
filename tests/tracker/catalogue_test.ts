import { assertEquals, assertStrictEquals } from "@std/assert";
import { equalBytes } from "../../lib/codec/bytes.ts";
import { Catalogue, MAX_NAMESAKES } from "../../lib/tracker/core/catalogue.ts";
import { pseudoRandomBytes } from "../../support/content.ts";
import { integerFrom, seededRandom } from "../../support/random.ts";
import { claimantAt } from "../support/tracker/swarm_books.ts";

const permissions = "none";
const V1 = pseudoRandomBytes(20, 1);
const V2 = pseudoRandomBytes(32, 2);
const V2_SHORT = V2.slice(0, 20);
const KEY = Uint32Array.of(1, 2);
/** Whoever claims something where it does not matter who. */
const ANYBODY = claimantAt("192.0.2.1");
const HYBRID = { name: "disk.iso", length: 5, v2Hash: V2 };

Deno.test(
  "a hybrid that is announced under both hashes is one entry with both",
  { permissions },
  () => {
    for (const order of [[V1, V2_SHORT], [V2_SHORT, V1]]) {
      const catalogue = new Catalogue(100, KEY);
      for (const infoHash of order) catalogue.hold(infoHash, HYBRID, ANYBODY);
      for (const entries of [catalogue.find("disk.iso"), catalogue.list(0, 10)]) {
        assertStrictEquals(entries.length, 1);
        assertEquals(entries[0]!.v1Hash, V1);
        assertEquals(entries[0]!.v2Hash, V2);
      }
      assertStrictEquals(catalogue.size, 1);
    }
  },
);

Deno.test("of a hybrid whose v1 swarm is gone the v2 hash is still listed", { permissions }, () => {
  const catalogue = new Catalogue(100, KEY);
  const under1 = catalogue.hold(V1, HYBRID, ANYBODY);
  const under2 = catalogue.hold(V2_SHORT, HYBRID, ANYBODY);
  catalogue.release(under1, ANYBODY);
  assertEquals(catalogue.list(0, 10).map((entry) => [entry.v1Hash, entry.v2Hash]), [[
    undefined,
    V2,
  ]]);
  catalogue.release(under2, ANYBODY);
  assertStrictEquals(catalogue.size, 0);
  assertEquals(catalogue.find("disk.iso"), []);
});

Deno.test("different torrents under one name are different entries", { permissions }, () => {
  const catalogue = new Catalogue(100, KEY);
  catalogue.hold(V1, { name: "disk.iso", length: 5 }, ANYBODY);
  catalogue.hold(pseudoRandomBytes(20, 9), { name: "disk.iso", length: 5 }, ANYBODY);
  catalogue.hold(V2_SHORT, HYBRID, ANYBODY);
  catalogue.hold(V1, { name: "other.iso", length: 5 }, ANYBODY);
  assertStrictEquals(catalogue.find("disk.iso").length, 3);
  assertStrictEquals(catalogue.size, 4);
  assertStrictEquals(catalogue.find("Disk.iso").length, 0);
});

Deno.test("an entry stays until the last peer that claims it is gone", { permissions }, () => {
  const catalogue = new Catalogue(100, KEY);
  const listings = [1, 2, 3].map(() => catalogue.hold(V1, { name: "a", length: 1 }, ANYBODY));
  for (const listing of listings) {
    assertStrictEquals(catalogue.find("a").length, 1);
    catalogue.release(listing, ANYBODY);
  }
  assertStrictEquals(catalogue.find("a").length, 0);
});

Deno.test("a name is found however its accents are encoded", { permissions }, () => {
  const catalogue = new Catalogue(100, KEY);
  catalogue.hold(V1, { name: "Gro\u0308ße.pdf", length: 1 }, ANYBODY);
  assertStrictEquals(catalogue.find("Gr\u00f6ße.pdf").length, 1);
  assertStrictEquals(catalogue.find("Gro\u0308ße.pdf").length, 1);
});

Deno.test("the catalogue lists what a plain list of claims would, whatever comes and goes", {
  permissions,
}, () => {
  const random = seededRandom(3);
  const catalogue = new Catalogue(1000, KEY);
  const held: { hash: number; v2: number; listing: ReturnType<Catalogue["hold"]> }[] = [];
  let hidden = 0;
  for (let step = 0; step < 3000; step++) {
    if (random() < 0.5 || held.length === 0) {
      // Hash 0 stands for the truncated v2 hash, the others for v1 hashes.
      const hash = integerFrom(random, 0, 2);
      const v2 = integerFrom(random, 1, 3);
      const v2Hash = pseudoRandomBytes(32, v2);
      const infoHash = hash === 0 ? v2Hash.slice(0, 20) : pseudoRandomBytes(20, 100 + hash);
      const listing = catalogue.hold(infoHash, { name: "x", length: 1, v2Hash }, ANYBODY);
      held.push({ hash, v2, listing });
    } else {
      const [claim] = held.splice(integerFrom(random, 0, held.length - 1), 1);
      catalogue.release(claim!.listing, ANYBODY);
    }
    const kinds = new Set(held.map(({ hash, v2 }) => `${hash} ${v2}`));
    const shown = [...kinds].filter((kind) => {
      const [hash, v2] = kind.split(" ");
      const hides = hash === "0" && (kinds.has(`1 ${v2}`) || kinds.has(`2 ${v2}`));
      if (hides) hidden++;
      return !hides;
    });
    assertStrictEquals(catalogue.size, shown.length);
    assertStrictEquals(catalogue.list(0, 100).length, shown.length);
    assertStrictEquals(catalogue.find("x").length, shown.length);
  }
  assertStrictEquals(hidden > 500, true, `${hidden}`);
});

Deno.test("a full catalogue lets the names of who has most of them give way", {
  permissions,
}, () => {
  const catalogue = new Catalogue(20, KEY);
  const kept = catalogue.hold(V1, { name: "kept", length: 1 }, claimantAt("198.51.100.1"));
  const flood = claimantAt("192.0.2.1");
  const numbers = Array.from(
    { length: 100 },
    (_, i) => catalogue.hold(pseudoRandomBytes(20, i), { name: `fake ${i}`, length: 1 }, flood),
  );
  assertStrictEquals(catalogue.size, 20);
  assertStrictEquals(catalogue.find("kept").length, 1);
  const late = catalogue.hold(V1, { name: "late", length: 1 }, claimantAt("203.0.113.1"));
  assertStrictEquals(catalogue.find("late").length, 1);
  assertEquals([catalogue.find("fake 80").length, catalogue.find("fake 99").length], [0, 1]);
  // Whoever is behind an entry that is gone takes its claim back all the same.
  for (const number of numbers) catalogue.release(number, flood);
  assertStrictEquals(catalogue.size, 2);
  catalogue.release(kept, claimantAt("198.51.100.1"));
  catalogue.release(late, claimantAt("203.0.113.1"));
  assertEquals([catalogue.size, catalogue.find("kept")], [0, []]);
});

Deno.test("an honest entry comes before inventions, however many there are of how many peers", {
  permissions,
}, () => {
  const catalogue = new Catalogue(10_000, KEY);
  const iso = { name: "disk.iso", length: 700 };
  for (let fake = 0; fake < 500; fake++) {
    const infoHash = pseudoRandomBytes(20, 10 + fake);
    for (let peer = 0; peer < 5; peer++) {
      catalogue.hold(infoHash, iso, claimantAt(`192.0.${2 + fake % 2}.${peer}`));
    }
  }
  catalogue.hold(V1, iso, claimantAt("198.51.100.1"));
  for (let fake = 0; fake < 500; fake++) {
    const infoHash = pseudoRandomBytes(20, 1000 + fake);
    catalogue.hold(infoHash, iso, claimantAt("192.0.2.1"));
  }
  const found = catalogue.find("disk.iso");
  assertStrictEquals(found.length, MAX_NAMESAKES);
  assertEquals(found[0]!.v1Hash, V1);
});

Deno.test(
  "of namesakes that one has more than another, more networks come first, then more hosts",
  {
    permissions,
  },
  () => {
    const catalogue = new Catalogue(100, KEY);
    const hold = (seed: number, ...hosts: string[]) => {
      const infoHash = pseudoRandomBytes(20, seed);
      for (const host of hosts) {
        catalogue.hold(infoHash, { name: "a", length: 1 }, claimantAt(host));
      }
    };
    hold(1, "192.0.2.1", "192.0.2.1", "192.0.2.1");
    hold(2, "198.51.100.1", "198.51.100.2");
    hold(3, "203.0.113.1", "203.0.114.1");
    hold(4, "2001:db8:1::1", "2001:db8:2::1", "2001:db8:3::1");
    const order = catalogue.find("a").map(({ v1Hash, networks, hosts }) => [
      [1, 2, 3, 4].find((seed) => equalBytes(pseudoRandomBytes(20, seed), v1Hash!)),
      networks,
      hosts,
    ]);
    assertEquals(order, [[4, 3, 3], [3, 2, 2], [2, 1, 2], [1, 1, 1]]);
  },
);
