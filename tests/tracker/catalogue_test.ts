import { assertEquals, assertStrictEquals } from "@std/assert";
import { Catalogue } from "../../lib/tracker/catalogue.ts";
import { pseudoRandomBytes } from "../support/content.ts";
import { integerFrom, seededRandom } from "../support/random.ts";

const permissions = "none";
const V1 = pseudoRandomBytes(20, 1);
const V2 = pseudoRandomBytes(32, 2);
const V2_SHORT = V2.slice(0, 20);
const HYBRID = { name: "disk.iso", length: 5, v2Hash: V2 };

Deno.test(
  "a hybrid that is announced under both hashes is one entry with both",
  { permissions },
  () => {
    for (const order of [[V1, V2_SHORT], [V2_SHORT, V1]]) {
      const catalogue = new Catalogue(100);
      for (const infoHash of order) catalogue.hold(infoHash, HYBRID);
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
  const catalogue = new Catalogue(100);
  const under1 = catalogue.hold(V1, HYBRID)!;
  const under2 = catalogue.hold(V2_SHORT, HYBRID)!;
  catalogue.release(under1);
  assertEquals(catalogue.list(0, 10).map((entry) => [entry.v1Hash, entry.v2Hash]), [[
    undefined,
    V2,
  ]]);
  catalogue.release(under2);
  assertStrictEquals(catalogue.size, 0);
  assertEquals(catalogue.find("disk.iso"), []);
});

Deno.test("different torrents under one name are different entries", { permissions }, () => {
  const catalogue = new Catalogue(100);
  catalogue.hold(V1, { name: "disk.iso", length: 5 });
  catalogue.hold(pseudoRandomBytes(20, 9), { name: "disk.iso", length: 5 });
  catalogue.hold(V2_SHORT, HYBRID);
  catalogue.hold(V1, { name: "other.iso", length: 5 });
  assertStrictEquals(catalogue.find("disk.iso").length, 3);
  assertStrictEquals(catalogue.size, 4);
  assertStrictEquals(catalogue.find("Disk.iso").length, 0);
});

Deno.test("an entry stays until the last peer that claims it is gone", { permissions }, () => {
  const catalogue = new Catalogue(100);
  const listings = [1, 2, 3].map(() => catalogue.hold(V1, { name: "a", length: 1 })!);
  for (const listing of listings) {
    assertStrictEquals(catalogue.find("a").length, 1);
    catalogue.release(listing);
  }
  assertStrictEquals(catalogue.find("a").length, 0);
});

Deno.test("a name is found however its accents are encoded", { permissions }, () => {
  const catalogue = new Catalogue(100);
  catalogue.hold(V1, { name: "Gro\u0308ße.pdf", length: 1 });
  assertStrictEquals(catalogue.find("Gr\u00f6ße.pdf").length, 1);
  assertStrictEquals(catalogue.find("Gro\u0308ße.pdf").length, 1);
});

Deno.test("a full catalogue takes no more entries, only more peers of those it has", {
  permissions,
}, () => {
  const catalogue = new Catalogue(2);
  const kept = catalogue.hold(V1, { name: "a", length: 1 })!;
  catalogue.hold(V1, { name: "b", length: 1 });
  assertStrictEquals(catalogue.hold(V1, { name: "c", length: 1 }), undefined);
  assertStrictEquals(catalogue.hold(V1, { name: "a", length: 1 }), kept);
  catalogue.release(kept);
  catalogue.release(kept);
  assertStrictEquals(catalogue.hold(V1, { name: "c", length: 1 })?.name, "c");
});

Deno.test("the catalogue lists what a plain list of claims would, whatever comes and goes", {
  permissions,
}, () => {
  const random = seededRandom(3);
  const catalogue = new Catalogue(1000);
  const held: { hash: number; v2: number; listing: ReturnType<Catalogue["hold"]> }[] = [];
  let hidden = 0;
  for (let step = 0; step < 3000; step++) {
    if (random() < 0.5 || held.length === 0) {
      // Hash 0 stands for the truncated v2 hash, the others for v1 hashes.
      const hash = integerFrom(random, 0, 2);
      const v2 = integerFrom(random, 1, 3);
      const v2Hash = pseudoRandomBytes(32, v2);
      const infoHash = hash === 0 ? v2Hash.slice(0, 20) : pseudoRandomBytes(20, 100 + hash);
      const listing = catalogue.hold(infoHash, { name: "x", length: 1, v2Hash });
      held.push({ hash, v2, listing });
    } else {
      const [claim] = held.splice(integerFrom(random, 0, held.length - 1), 1);
      catalogue.release(claim!.listing!);
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
