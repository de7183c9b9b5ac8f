import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { fromHex, hex, utf8 } from "../../lib/codec/bytes.ts";
import { encodeRequest } from "../../lib/codec/discovery/udp_tracker.ts";
import type { SwarmEvent } from "../../lib/tracker/core/swarm_event.ts";
import { pseudoRandomBytes } from "../../support/content.ts";
import { integerFrom, seededRandom } from "../../support/random.ts";
import { Asker, START_MS, trackerCore } from "../support/tracker/tracker_asker.ts";
import { INFO_HASH, OTHER_INFO_HASH, REQUESTS } from "../support/vectors/tracker_vectors.ts";

const permissions = "none";
const SEEDING = { leftBytes: 0 };

Deno.test("a leecher gets the seeder that announced before it", { permissions }, () => {
  const core = trackerCore();
  new Asker(core, "192.0.2.1").announce({ ...SEEDING, event: "started", port: 7001 });
  const answer = new Asker(core, "192.0.2.2").announce({ event: "started" });
  assertEquals(answer.peers, ["192.0.2.1:7001"]);
  assertEquals([answer.intervalSeconds, answer.seeders, answer.leechers], [5, 1, 1]);
});

Deno.test("a seeder gets leechers only, and nobody gets itself", { permissions }, () => {
  const core = trackerCore();
  const seeder = new Asker(core, "192.0.2.1");
  const leecher = new Asker(core, "192.0.2.3");
  assertEquals(seeder.announce(SEEDING).peers, []);
  new Asker(core, "192.0.2.2").announce(SEEDING);
  assertEquals(leecher.announce().peers, ["192.0.2.1:6881", "192.0.2.2:6881"]);
  assertEquals(seeder.announce(SEEDING).peers, ["192.0.2.3:6881"]);
  assertEquals(leecher.announce().peers, ["192.0.2.1:6881", "192.0.2.2:6881"]);
});

Deno.test("aria2 with a magnet link gets seeders, though it says that nothing is left", {
  permissions,
}, () => {
  const core = trackerCore();
  new Asker(core, "192.0.2.1").announce(SEEDING);
  const aria2 = new Asker(core, "192.0.2.2");
  const answer = aria2.announce({ ...SEEDING, peerId: utf8("A2-1-36-0-abcdefghij") });
  assertEquals(answer.peers, ["192.0.2.1:6881"]);
});

Deno.test("tracker forgets a peer that stops announcing", { permissions }, () => {
  const core = trackerCore();
  const seeder = new Asker(core, "192.0.2.1");
  const leecher = new Asker(core, "192.0.2.2");
  seeder.announce({ ...SEEDING, hosted: { name: "a.iso", length: 1 } });
  leecher.announce();
  leecher.nowMs += 100_000;
  assertEquals(leecher.announce().peers, ["192.0.2.1:6881"]);
  leecher.nowMs += 50_001;
  leecher.connect();
  assertEquals(leecher.announce().peers, []);
  assertStrictEquals(leecher.find("a.iso").total, 0);
  assertStrictEquals(core.stats().peers, 1);
});

Deno.test("silent peers are forgotten without any packet, too", { permissions }, () => {
  const core = trackerCore();
  const seeder = new Asker(core, "192.0.2.1");
  for (let port = 1; port <= 300; port++) seeder.announce({ port });
  assertStrictEquals(core.expire(seeder.nowMs + 150_000), 0);
  assertStrictEquals(core.expire(seeder.nowMs + 150_001), 300);
  assertEquals([core.stats().peers, core.stats().torrents], [0, 0]);
});

Deno.test("a peer that says stopped is gone at once and gets no peers", { permissions }, () => {
  const core = trackerCore();
  const seeder = new Asker(core, "192.0.2.1");
  const leecher = new Asker(core, "192.0.2.2");
  seeder.announce(SEEDING);
  leecher.announce();
  const goodbye = leecher.announce({ event: "stopped" });
  assertEquals([goodbye.peers.length, goodbye.seeders, goodbye.leechers], [0, 1, 0]);
  assertEquals(seeder.announce(SEEDING).peers, []);
});

Deno.test("a peer that announces again replaces itself", { permissions }, () => {
  const core = trackerCore();
  const leecher = new Asker(core, "192.0.2.2");
  for (let i = 0; i < 3; i++) leecher.announce({ peerId: pseudoRandomBytes(20, i), key: i });
  assertEquals(leecher.scrape(), { seeders: 0, completed: 0, leechers: 1 });
  leecher.announce({ ...SEEDING, event: "completed" });
  leecher.announce({ ...SEEDING, event: "completed" });
  assertEquals(leecher.scrape(), { seeders: 1, completed: 1, leechers: 0 });
});

Deno.test(
  "a partial seed and one that does not know its size count as leechers",
  { permissions },
  () => {
    const asker = new Asker(trackerCore(), "192.0.2.2");
    asker.announce({ event: "paused", port: 1 });
    asker.announce({ leftBytes: 2 ** 64, port: 2 });
    assertEquals(asker.scrape(), { seeders: 0, completed: 0, leechers: 2 });
  },
);

Deno.test(
  "an answer holds as many peers as wanted, within the tracker's bound",
  { permissions },
  () => {
    const core = trackerCore();
    const asker = new Asker(core, "192.0.2.2");
    for (let port = 1; port <= 80; port++) asker.announce({ port, numWant: 0 });
    const counts = [0, 1, 49, 50, 51, 200, 2 ** 31 - 1, -1, -(2 ** 31)].map((numWant) =>
      asker.announce({ port: 1, numWant }).peers.length
    );
    assertEquals(counts, [0, 1, 49, 50, 50, 50, 50, 50, 50]);
  },
);

Deno.test("an answer never exceeds 1200 bytes", { permissions }, () => {
  const core = trackerCore({ limits: { maxPeersPerAnswer: 10_000 } });
  for (const [host, fits] of [["192.0.2.1", 196], ["2001:db8::1", 65]] as const) {
    const asker = new Asker(core, host);
    for (let port = 1; port <= 250; port++) asker.announce({ port, numWant: 0 });
    const packet = encodeRequest(asker.announceRequest({ numWant: 10_000 }));
    assert(asker.send(packet)!.length <= 1200);
    assertStrictEquals(asker.announce({ numWant: 10_000 }).peers.length, fits);
  }
});

Deno.test("peers are told to others of their own address family", { permissions }, () => {
  const core = trackerCore();
  new Asker(core, "192.0.2.1").announce(SEEDING);
  new Asker(core, "2001:db8::1").announce(SEEDING);
  new Asker(core, "::ffff:192.0.2.3").announce(SEEDING);
  assertEquals(new Asker(core, "192.0.2.9").announce().peers, ["192.0.2.1:6881", "192.0.2.3:6881"]);
  assertEquals(new Asker(core, "::ffff:192.0.2.9").announce().peers.length, 2);
  assertEquals(new Asker(core, "2001:db8::9").announce().peers, ["2001:db8::1:6881"]);
  assertEquals([core.stats().torrents, core.stats().peers], [1, 5]);
});

Deno.test("a peer on the tracker's own machine is given an address that its asker can reach", {
  permissions,
}, () => {
  const core = trackerCore();
  new Asker(core, "127.0.0.1").announce({ ...SEEDING, port: 7001 });
  new Asker(core, "::1").announce({ ...SEEDING, port: 7001 });
  new Asker(core, "192.0.2.1").announce({ ...SEEDING, port: 7002 });
  assertEquals(new Asker(core, "127.0.0.1").announce().peers, ["127.0.0.1:7001", "192.0.2.1:7002"]);
  assertEquals(new Asker(core, "192.0.2.9").announce().peers, [
    "192.0.2.1:7002",
    "203.0.113.1:6881",
    "203.0.113.1:7001",
  ]);
  assertEquals(new Asker(core, "::1").announce().peers, ["::1:7001"]);
  assertEquals(new Asker(core, "2001:db8::9").announce().peers, [
    "2001:db8::100:6881",
    "2001:db8::100:7001",
  ]);
});

Deno.test("a peer known under both doors of the tracker's machine is told once, never to itself", {
  permissions,
}, () => {
  const core = trackerCore();
  const outside = new Asker(core, "203.0.113.1");
  new Asker(core, "127.0.0.1").announce();
  assertEquals(outside.announce().peers, []);
  assertEquals(new Asker(core, "192.0.2.9").announce().peers, ["203.0.113.1:6881"]);
});

Deno.test(
  "a peer on the tracker's machine is kept back when that has no address",
  { permissions },
  () => {
    for (const address of [undefined, "2001:db8::100"]) {
      const core = trackerCore({ addressFor: () => address });
      new Asker(core, "127.0.0.1").announce(SEEDING);
      assertEquals(new Asker(core, "192.0.2.9").announce().peers, []);
    }
  },
);

Deno.test("the address a client claims in its announce is ignored", { permissions }, () => {
  const core = trackerCore();
  const liar = new Asker(core, "192.0.2.1");
  const packet = encodeRequest(liar.announceRequest());
  packet.set([198, 51, 100, 7], 84);
  liar.send(packet);
  assertEquals(new Asker(core, "192.0.2.9").announce().peers, ["192.0.2.1:6881"]);
});

Deno.test(
  "a connection id works from another port but not from another address",
  { permissions },
  () => {
    const core = trackerCore();
    const { connectionId } = new Asker(core, "192.0.2.1", 1000);
    assertEquals(new Asker(core, "192.0.2.1", 2000).announce({ connectionId }).type, "announce");
    assertEquals(
      new Asker(core, "::ffff:192.0.2.1", 3000).announce({ connectionId }).type,
      "announce",
    );
    const stranger = new Asker(core, "192.0.2.2");
    assertEquals(stranger.refused({ connectionId }), "connection id unknown or expired");
    assertStrictEquals(core.stats().refused, 1);
  },
);

Deno.test("an expired connection id is refused, a new one is given", { permissions }, () => {
  const asker = new Asker(trackerCore(), "192.0.2.1");
  asker.announce();
  asker.nowMs += 180_000;
  assertEquals(asker.refused(), "connection id unknown or expired");
  asker.connect();
  assertEquals(asker.announce().type, "announce");
});

Deno.test("who has not proved its address gets no more bytes than it sent", { permissions }, () => {
  let answered = 0;
  for (const { hex: bytes } of REQUESTS) {
    const whole = fromHex(bytes);
    for (let length = 0; length <= whole.length; length++) {
      const asker = new Asker(trackerCore(), "192.0.2.1");
      const answer = asker.send(whole.subarray(0, length));
      if (answer !== undefined) answered++;
      assert((answer?.length ?? 0) <= length, `${answer?.length} for ${length}`);
      assertStrictEquals(asker.core.stats().peers, 0);
    }
  }
  assert(answered > 50, `${answered}`);
});

Deno.test("an announce with port 0 is refused", { permissions }, () => {
  const asker = new Asker(trackerCore(), "192.0.2.1");
  assertEquals(asker.refused({ port: 0 }), "port 0 cannot be reached");
  assertStrictEquals(asker.core.stats().peers, 0);
});

Deno.test("a closed tracker serves the torrents on its list and no others", { permissions }, () => {
  const core = trackerCore();
  const asker = new Asker(core, "192.0.2.1");
  core.allow = new Set([hex(INFO_HASH)]);
  assertEquals(asker.announce().type, "announce");
  assertEquals(
    asker.refused({ infoHash: OTHER_INFO_HASH }),
    "this tracker does not serve this torrent",
  );
  core.allow = new Set([hex(OTHER_INFO_HASH)]);
  assertEquals(asker.refused(), "this tracker does not serve this torrent");
});

Deno.test(
  "a scrape gives the sizes of swarms in the order of the question",
  { permissions },
  () => {
    const core = trackerCore();
    const asker = new Asker(core, "192.0.2.1");
    asker.announce(SEEDING);
    asker.announce({ port: 2, infoHash: OTHER_INFO_HASH });
    const infoHashes = [OTHER_INFO_HASH, pseudoRandomBytes(20, 1), INFO_HASH];
    const { connectionId } = asker;
    const answer = asker.ask({ type: "scrape", connectionId, transactionId: 9, infoHashes });
    assertEquals(answer, {
      type: "scrape",
      transactionId: 9,
      swarms: [
        { seeders: 0, completed: 0, leechers: 1 },
        { seeders: 0, completed: 0, leechers: 0 },
        { seeders: 1, completed: 0, leechers: 0 },
      ],
    });
  },
);

Deno.test(
  "a hybrid announced under both hashes is found as one entry with both",
  { permissions },
  () => {
    const core = trackerCore();
    const v2Hash = pseudoRandomBytes(32, 4);
    const hosted = { name: "disk.iso", length: 2 ** 40, v2Hash };
    for (const host of ["192.0.2.1", "192.0.2.2"]) {
      const seeder = new Asker(core, host);
      seeder.announce({ ...SEEDING, hosted });
      seeder.announce({ ...SEEDING, hosted, infoHash: v2Hash.slice(0, 20) });
    }
    new Asker(core, "192.0.2.3").announce();
    const asker = new Asker(core, "192.0.2.9");
    const entry = {
      name: "disk.iso",
      length: 2 ** 40,
      v1Hash: INFO_HASH,
      v2Hash,
      seeders: 2,
      leechers: 1,
    };
    assertEquals(asker.find("disk.iso").entries, [entry]);
    assertEquals(asker.list().entries, [entry]);
    assertStrictEquals(asker.find("disk").total, 0);
    assertStrictEquals(core.stats().names, 1);
  },
);

Deno.test("the figures count a hybrid once, whichever of its hashes is announced first", {
  permissions,
}, () => {
  const v2Hash = pseudoRandomBytes(32, 4);
  const hosted = { name: "disk.iso", length: 9, v2Hash };
  const hashes = [INFO_HASH, v2Hash.slice(0, 20)];
  for (const order of [hashes, hashes.toReversed()]) {
    const core = trackerCore();
    const figures = () => {
      const { torrents, peers, seeders, leechers } = core.stats();
      return [torrents, peers, seeders, leechers];
    };
    for (const infoHash of order) {
      new Asker(core, "192.0.2.1").announce({ ...SEEDING, hosted, infoHash });
    }
    // Who has a link only does not know the name yet.
    for (const infoHash of order) new Asker(core, "192.0.2.2").announce({ infoHash });
    assertEquals(figures(), [1, 2, 1, 1]);
    new Asker(core, "192.0.2.3").announce({ infoHash: OTHER_INFO_HASH });
    assertEquals(figures(), [2, 3, 1, 2]);
    for (const infoHash of order) {
      new Asker(core, "192.0.2.1").announce({ ...SEEDING, hosted, infoHash, event: "stopped" });
    }
    assertEquals(figures(), [2, 2, 0, 2]);
  }
});

Deno.test("of several torrents under one name the one that most stand behind comes first", {
  permissions,
}, () => {
  const core = trackerCore();
  const hosted = { name: "disk.iso", length: 5 };
  new Asker(core, "192.0.2.1").announce({ ...SEEDING, hosted });
  for (const host of ["192.0.2.2", "192.0.2.3"]) {
    new Asker(core, host).announce({ ...SEEDING, hosted, infoHash: OTHER_INFO_HASH });
  }
  const found = new Asker(core, "192.0.2.9").find("disk.iso");
  assertEquals(found.entries.map((entry) => [entry.v1Hash, entry.seeders]), [
    [OTHER_INFO_HASH, 2],
    [INFO_HASH, 1],
  ]);
});

Deno.test("a tracker that was started anew says for how long it may not know everybody", {
  permissions,
}, () => {
  const core = trackerCore({ startMs: START_MS });
  const asker = new Asker(core, "192.0.2.9");
  const settles = (afterMs: number) => {
    asker.nowMs = START_MS + afterMs;
    return asker.find("disk.iso").settlesInSeconds;
  };
  new Asker(core, "192.0.2.1").announce({ ...SEEDING, event: "started" });
  assertEquals([settles(0), settles(14_900), settles(15_000)], [15, 1, undefined]);
  // Somebody who has announced before: others may come back as late as after an interval.
  new Asker(core, "192.0.2.2").announce({ ...SEEDING, event: "none" });
  assertEquals([settles(15_000), settles(60_000)], [45, undefined]);
  const hosted = { name: "disk.iso", length: 1 };
  new Asker(core, "192.0.2.1").announce({ ...SEEDING, hosted });
  assertEquals([settles(0), asker.find("other.iso").settlesInSeconds], [undefined, 60]);
});

Deno.test("a name is listed as long as a peer claims it", { permissions }, () => {
  const core = trackerCore();
  const seeder = new Asker(core, "192.0.2.1");
  seeder.announce({ ...SEEDING, hosted: { name: "old", length: 5 } });
  seeder.announce({ ...SEEDING, hosted: { name: "new", length: 5 } });
  assertEquals(seeder.list().entries.map((entry) => entry.name), ["new"]);
  seeder.announce({ ...SEEDING, event: "stopped" });
  assertEquals(seeder.list().entries, []);
});

Deno.test("a catalogue longer than a packet is read page by page", { permissions }, () => {
  const core = trackerCore();
  const random = seededRandom(6);
  const names = Array.from(
    { length: 150 },
    (_, i) => `${i}`.padEnd(integerFrom(random, 3, 250), "x"),
  );
  const seeder = new Asker(core, "192.0.2.1");
  for (const [i, name] of names.entries()) {
    seeder.announce({ infoHash: pseudoRandomBytes(20, i), hosted: { name, length: i } });
  }
  const listed: string[] = [];
  let pages = 0;
  while (listed.length < 150) {
    const page = seeder.list(listed.length);
    assertStrictEquals(page.total, 150);
    assert(page.entries.length > 0);
    listed.push(...page.entries.map((entry) => entry.name));
    pages++;
  }
  assertEquals(listed, names);
  assert(pages > 10, `${pages}`);
  assertEquals(seeder.list(150).entries, []);
  assertEquals(seeder.list(2 ** 32 - 1).entries, []);
});

Deno.test("who watches hears of what changes in a swarm", { permissions }, () => {
  const events: string[] = [];
  const onEvent = (event: SwarmEvent) =>
    events.push(`${event.type} ${event.host}:${event.port} ${event.seeder} ${event.name ?? "-"}`);
  const core = trackerCore({ onEvent });
  const peer = new Asker(core, "192.0.2.1");
  peer.announce();
  peer.announce();
  peer.announce({ ...SEEDING, event: "completed", hosted: { name: "a", length: 1 } });
  new Asker(core, "2001:db8::1").announce(SEEDING);
  peer.announce({ event: "stopped" });
  core.expire(peer.nowMs + 200_000);
  assertEquals(events, [
    "joined 192.0.2.1:6881 false -",
    "completed 192.0.2.1:6881 true a",
    "joined 2001:db8::1:6881 true -",
    "left 192.0.2.1:6881 true a",
    "expired 2001:db8::1:6881 true -",
  ]);
});

Deno.test("packets from addresses that cannot be answered are ignored", { permissions }, () => {
  const core = trackerCore();
  const connect = fromHex(REQUESTS[0]!.hex);
  assertStrictEquals(new Asker(core, "192.0.2.1", 0).send(connect), undefined);
  assertStrictEquals(new Asker(core, "not an address").send(connect), undefined);
  assert(new Asker(core, "fe80::1%eth0").send(connect) !== undefined);
  assertStrictEquals(core.stats().ignored, 2);
});

Deno.test("no packet of broken or random bytes harms the tracker", { permissions }, () => {
  const core = trackerCore();
  const random = seededRandom(99);
  const host = "192.0.2.1";
  const asker = new Asker(core, host);
  const valid = REQUESTS.map(({ value }) =>
    value.type === "connect" ? value : { ...value, connectionId: asker.connectionId }
  );
  for (let i = 0; i < 6000; i++) {
    const bytes = encodeRequest(valid[integerFrom(random, 0, valid.length - 1)]!);
    // Most keep a valid connection id, so that they reach what lies behind it.
    for (let flips = integerFrom(random, 0, 8); flips > 0; flips--) {
      const from = random() < 0.9 ? 8 : 0;
      bytes[integerFrom(random, from, bytes.length - 1)] = integerFrom(random, 0, 255);
    }
    const packet = bytes.subarray(
      0,
      integerFrom(random, 0, 2) === 0 ? integerFrom(random, 0, bytes.length) : bytes.length,
    );
    asker.nowMs += integerFrom(random, 0, 20);
    const answer = asker.send(packet);
    assert(answer === undefined || answer.length <= 1200);
  }
  const { announces, scrapes, finds, refused, ignored } = core.stats();
  for (const count of [announces, scrapes, finds, refused, ignored]) {
    assert(count > 50, JSON.stringify(core.stats()));
  }
  asker.connect();
  assertEquals(asker.announce().type, "announce");
});
