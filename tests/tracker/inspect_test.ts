/**
 * What those see who watch a tracker.
 * @module
 */

import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { hex, utf8 } from "../../lib/codec/bytes.ts";
import { members } from "../../lib/tracker/core/inspect.ts";
import { pseudoRandomBytes } from "../../support/content.ts";
import { Asker, START_MS, survey, trackerCore } from "../support/tracker/tracker_asker.ts";

const permissions = "none";
const V1 = pseudoRandomBytes(20, 1);
const V2 = pseudoRandomBytes(32, 2);
const SHORT = V2.slice(0, 20);
const ISO = { name: "Ubuntu 24.04.iso", length: 1_000_000, v2Hash: V2 };

function names(core: ReturnType<typeof trackerCore>, search = "", most = 10) {
  return survey(core, search, most).swarms.map(({ name, hash }) => name ?? hash);
}

Deno.test("a hybrid is one swarm, however many of its peers come over which hash and family", {
  permissions,
}, () => {
  const core = trackerCore();
  const seeder = new Asker(core, "192.0.2.1");
  for (const infoHash of [V1, SHORT]) seeder.announce({ infoHash, leftBytes: 0, hosted: ISO });
  for (const infoHash of [V1, SHORT]) new Asker(core, "192.0.2.2").announce({ infoHash });
  new Asker(core, "192.0.2.3").announce({ infoHash: V1 }); // knows v1 only
  new Asker(core, "2001:db8::7").announce({ infoHash: V1 });
  assertEquals(survey(core, "", 10), {
    total: 1,
    swarms: [{
      hash: hex(V2),
      name: ISO.name,
      size: ISO.length,
      seeders: 1,
      leechers: 3,
      completed: 0,
    }],
  });
  for (const hash of [hex(V1), hex(V2)]) {
    assertEquals(members(core, hash, START_MS).map(({ address }) => address).sort(), [
      "192.0.2.1:6881",
      "192.0.2.2:6881",
      "192.0.2.3:6881",
      "[2001:db8::7]:6881",
    ]);
  }
});

Deno.test("swarms are searched by name in any case, or by the beginning of a hash", {
  permissions,
}, () => {
  const core = trackerCore();
  const asker = new Asker(core, "192.0.2.1");
  asker.announce({ infoHash: V1, hosted: { name: "Größe.pdf", length: 1 } });
  asker.announce({ infoHash: SHORT, hosted: { name: "ubuntu.iso", length: 1, v2Hash: V2 } });
  const nameless = pseudoRandomBytes(20, 3);
  asker.announce({ infoHash: nameless });
  assertEquals(names(core).sort(), ["Größe.pdf", "ubuntu.iso", hex(nameless)].sort());
  assertEquals(names(core, "UBU"), ["ubuntu.iso"]);
  assertEquals(names(core, "gro\u0308ße"), ["Größe.pdf"]);
  assertEquals(names(core, hex(V2).slice(0, 9)), ["ubuntu.iso"]);
  assertEquals(names(core, hex(nameless).slice(0, 9)), [hex(nameless)]);
  assertEquals(names(core, "nothing"), []);
});

Deno.test("the biggest come first, and all that match are counted", { permissions }, () => {
  const core = trackerCore();
  for (let n = 0; n < 30; n++) {
    const infoHash = pseudoRandomBytes(20, 100 + n);
    for (let peer = 0; peer <= n; peer++) {
      new Asker(core, `192.0.2.${peer}`).announce({
        infoHash,
        ...(n % 2 === 0 && { hosted: { name: `${n}.iso`, length: 1 } }),
      });
    }
  }
  const { total, swarms } = survey(core, "", 5);
  assertEquals(total, 30);
  assertEquals(swarms.map(({ leechers }) => leechers), [30, 29, 28, 27, 26]);
  assertEquals(survey(core, ".iso", 5).total, 15);
});

Deno.test("a member's progress is what it says it lacks, of the size it or others claim", {
  permissions,
}, () => {
  const core = trackerCore();
  const announce = (host: string, more: Parameters<Asker["announce"]>[0]) =>
    new Asker(core, host).announce({ infoHash: V1, ...more });
  announce("192.0.2.1", { leftBytes: 0, hosted: ISO });
  announce("192.0.2.2", { leftBytes: 250_000, hosted: ISO });
  announce("192.0.2.3", { leftBytes: 900_000 }); // a program that claims nothing
  announce("192.0.2.4", { leftBytes: 16_384 }); // does not know the size yet
  announce("192.0.2.5", { leftBytes: 16_384, hosted: ISO }); // all but one block
  announce("192.0.2.6", { leftBytes: 2 ** 50 });
  const progress = members(core, hex(V1), START_MS)
    .sort((a, b) => a.address < b.address ? -1 : 1).map((member) => member.progress);
  assertEquals(progress.slice(0, 2), [1, 0.75]);
  assertAlmostEquals(progress[2]!, 0.1);
  assertEquals(progress[3], undefined);
  assertAlmostEquals(progress[4]!, 0.983616);
  assertEquals(progress[5], 0);
  const elsewhere = pseudoRandomBytes(20, 9);
  new Asker(core, "192.0.2.1").announce({ infoHash: elsewhere, leftBytes: 5 });
  assertEquals(members(core, hex(elsewhere), START_MS)[0]!.progress, undefined);
});

Deno.test("it is known since when a member is there, moves, and was last heard of", {
  permissions,
}, () => {
  const core = trackerCore();
  const asker = new Asker(core, "192.0.2.1");
  const peerId = utf8("-SO0010-abcdefghijkl");
  for (const [afterMs, leftBytes] of [[0, 900], [10_000, 500], [20_000, 500], [30_000, 500]]) {
    asker.nowMs = START_MS + afterMs!;
    asker.announce({ infoHash: V1, leftBytes: leftBytes!, peerId });
  }
  const [member] = members(core, hex(V1), START_MS + 45_000);
  assertEquals(member, {
    address: "192.0.2.1:6881",
    seeder: false,
    lastSeenSeconds: 15,
    sinceSeconds: 30,
    stillSeconds: 20,
    agent: "-SO0010-",
  });
});

Deno.test("who is in no swarm is found in none, and what has left is gone", { permissions }, () => {
  const core = trackerCore();
  const asker = new Asker(core, "192.0.2.1");
  asker.announce({ infoHash: V1, hosted: ISO });
  assertEquals(members(core, hex(pseudoRandomBytes(20, 77)), START_MS), []);
  asker.announce({ infoHash: V1, event: "stopped" });
  assertEquals(survey(core, "", 10), { total: 0, swarms: [] });
  assertEquals(members(core, hex(V1), START_MS), []);
  assertEquals(core.catalogue.isNamed(V1), false);
});

Deno.test("a survey of 3,000 swarms takes a fraction of a second", { permissions }, () => {
  const core = trackerCore();
  const asker = new Asker(core, "192.0.2.1");
  for (let n = 0; n < 3_000; n++) {
    const infoHash = new Uint8Array(20);
    new DataView(infoHash.buffer).setUint32(0, n);
    asker.announce({ infoHash, hosted: { name: `file ${n}`, length: n } });
  }
  const startMs = performance.now();
  assertEquals(survey(core, "", 200).swarms.length, 200);
  assertEquals(survey(core, "file 99", 200).total, 11);
  assertLess(performance.now() - startMs, 500);
});
