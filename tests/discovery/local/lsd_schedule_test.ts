import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { fromLatin1 } from "../../../lib/codec/bytes.ts";
import { encodeLocalSearch } from "../../../lib/codec/discovery/lsd.ts";
import { type LocalTorrent, LsdSchedule } from "../../../lib/discovery/local/lsd_schedule.ts";
import { pseudoRandomBytes } from "../../../support/content.ts";
import { seededRandom } from "../../../support/random.ts";

const permissions = "none";
const START_MS = 1_000_000;

function torrent(seed: number, port = 6881, host?: string): LocalTorrent {
  return {
    swarms: [
      { infoHash: pseudoRandomBytes(20, 2 * seed), v2: false },
      { infoHash: pseudoRandomBytes(20, 2 * seed + 1), v2: true },
    ],
    port,
    ...(host !== undefined && { host }),
  };
}

function machine(cookie: string, random: () => number) {
  return new LsdSchedule<LocalTorrent>(cookie, random, (host) => host.startsWith("10."));
}

/** What another program calls out for torrents. */
function call(torrents: LocalTorrent[], { port = 7000, cookie = "other" } = {}): Uint8Array {
  const infoHashes = torrents.flatMap(({ swarms }) => swarms.map(({ infoHash }) => infoHash));
  return encodeLocalSearch({ port, infoHashes, cookie }, 4);
}

/** Runs the clock until `untilMs`: when which ports called, in ms since the start. */
function callsUntil(
  announces: LsdSchedule<LocalTorrent>,
  untilMs: number,
): [number, number[]][] {
  const calls: [number, number[]][] = [];
  for (;;) {
    const nextMs = announces.nextMs();
    if (nextMs > START_MS + untilMs) return calls;
    const packets = announces.due(nextMs);
    if (packets.length > 0) calls.push([nextMs - START_MS, packets.map(({ port }) => port)]);
  }
}

Deno.test(
  "a torrent is called out a few times soon, then every five minutes",
  { permissions },
  () => {
    const announces = machine("mine", () => 0.5);
    assertStrictEquals(announces.nextMs(), Infinity);
    announces.add(torrent(1), START_MS);
    const times = callsUntil(announces, 1_000_000).map(([ms]) => ms);
    assertEquals(times, [0, 2_000, 10_000, 325_000, 640_000, 955_000]);
  },
);

Deno.test("a call names both swarms of a torrent, and torrents of one port share it", {
  permissions,
}, () => {
  const announces = machine("mine", () => 0.5);
  const torrents = [torrent(1), torrent(2), torrent(3, 6882), torrent(4, 6881, "10.0.0.1")];
  for (const each of torrents) announces.add(each, START_MS);
  const [first, second, third, ...more] = announces.due(START_MS);
  assertEquals(more, []);
  const hashes = torrents.map(({ swarms }) => swarms.map(({ infoHash }) => infoHash));
  assertEquals(first, {
    port: 6881,
    cookie: "mine",
    infoHashes: [...hashes[0]!, ...hashes[1]!],
  });
  assertEquals(second, { port: 6882, cookie: "mine", infoHashes: hashes[2]! });
  assertEquals(third, { port: 6881, cookie: "mine", infoHashes: hashes[3]!, host: "10.0.0.1" });
});

Deno.test("a thousand torrents are called out in turn, each once, a few packets at a time", {
  permissions,
}, () => {
  for (const ports of [1, 1000]) {
    const announces = machine("mine", () => 0.5);
    for (let i = 0; i < 1000; i++) announces.add(torrent(i, 1000 + i % ports), START_MS);
    const called = new Map<string, number>();
    let last = -Infinity;
    for (let nowMs = START_MS; called.size < 2000; nowMs = announces.nextMs()) {
      assert(nowMs - last >= 250, "not too often");
      last = nowMs;
      const packets = announces.due(nowMs);
      assert(packets.length <= 5);
      for (const search of packets) {
        encodeLocalSearch(search, 6); // it fits
        for (const hash of search.infoHashes) {
          called.set(`${hash}`, (called.get(`${hash}`) ?? 0) + 1);
        }
      }
      assert(nowMs < START_MS + 100_000, `${called.size} called`);
    }
  }
});

Deno.test(
  "who calls for a torrent of ours is a peer, at the port it names",
  { permissions },
  () => {
    const announces = machine("mine", () => 0.5);
    const [ours, other] = [torrent(1), torrent(2)];
    announces.add(ours, START_MS);
    const found = announces.received(call([other, ours], { port: 51413 }), "10.0.0.7", START_MS);
    const address = { host: "10.0.0.7", port: 51413 };
    assertEquals(found, [
      { torrent: ours, address, v2: false },
      { torrent: ours, address, v2: true },
    ]);
    announces.remove(ours);
    assertEquals(announces.received(call([ours]), "10.0.0.7", START_MS), []);
    assertStrictEquals(announces.nextMs(), Infinity);
  },
);

Deno.test("calls for other people's torrents and noise change nothing", { permissions }, () => {
  const announces = machine("mine", () => 0.5);
  announces.add(torrent(1), START_MS);
  announces.due(START_MS);
  const nextMs = announces.nextMs();
  assertEquals(announces.received(call([torrent(2)]), "10.0.0.7", START_MS + 1), []);
  assertEquals(announces.received(fromLatin1("noise"), "10.0.0.7", START_MS + 2), []);
  assertStrictEquals(announces.nextMs(), nextMs);
});

Deno.test("calls from far away are not believed and not answered", { permissions }, () => {
  const announces = machine("mine", () => 0.5);
  const ours = torrent(1);
  announces.add(ours, START_MS);
  callsUntil(announces, 20_000);
  assertEquals(announces.received(call([ours]), "198.51.100.1", START_MS + 20_000), []);
  assertEquals(callsUntil(announces, 100_000), []);
});

Deno.test(
  "our own call is no peer, but another torrent of this process is",
  { permissions },
  () => {
    const announces = machine("mine", () => 0.5);
    const seeder = torrent(1, 6881);
    const leecher = torrent(1, 6882);
    announces.add(seeder, START_MS);
    const own = call([seeder], { port: 6881, cookie: "mine" });
    assertEquals(announces.received(own, "10.0.0.1", START_MS), []);
    announces.add(leecher, START_MS);
    const found = announces.received(own, "10.0.0.1", START_MS);
    assertEquals(found.map((peer) => peer.torrent), [leecher, leecher]);
  },
);

Deno.test("a newcomer is answered at once, and once", { permissions }, () => {
  const announces = machine("mine", () => 0.5);
  const ours = torrent(1);
  announces.add(ours, START_MS);
  callsUntil(announces, 20_000);
  announces.received(call([ours]), "10.0.0.7", START_MS + 20_000);
  assertEquals(callsUntil(announces, 60_000).map(([ms]) => ms), [20_175]);
  announces.received(call([ours]), "10.0.0.7", START_MS + 60_000);
  assertEquals(callsUntil(announces, 100_000), [], "it is no newcomer any more");
  announces.received(call([ours], { cookie: "restarted" }), "10.0.0.7", START_MS + 100_000);
  assertEquals(callsUntil(announces, 110_000).length, 1, "a program that was started again is");
});

Deno.test("two that hear each other do not answer each other for ever", { permissions }, () => {
  const [a, b] = [torrent(1, 6881), torrent(1, 6882)];
  const sides = [
    {
      announces: machine("a", seededRandom(1)),
      host: "10.0.0.1",
      calls: 0,
    },
    {
      announces: machine("b", seededRandom(2)),
      host: "10.0.0.2",
      calls: 0,
    },
  ];
  sides[0]!.announces.add(a, START_MS);
  sides[1]!.announces.add(b, START_MS + 100);
  for (let nowMs = START_MS; nowMs < START_MS + 250_000; nowMs += 10) {
    for (const [i, side] of sides.entries()) {
      for (const search of side.announces.due(nowMs)) {
        side.calls++;
        sides[1 - i]!.announces.received(encodeLocalSearch(search, 4), side.host, nowMs);
      }
    }
  }
  for (const { calls } of sides) assert(calls >= 3 && calls <= 5, `${calls} calls`);
});

Deno.test(
  "calls keep their distance, however many newcomers ask for an answer",
  { permissions },
  () => {
    const announces = machine("mine", () => 0);
    const ours = torrent(1);
    announces.add(ours, START_MS);
    let calls = 0;
    for (let ms = 0; ms < 60_000; ms += 10) {
      calls += announces.due(START_MS + ms).length;
      announces.received(call([ours], { cookie: `c${ms}` }), `10.0.0.${ms % 250}`, START_MS + ms);
    }
    assert(calls >= 10 && calls <= 23, `${calls} calls in a minute`);
  },
);

Deno.test("in a crowd a newcomer is answered by some twenty, not by all", { permissions }, () => {
  const ours = torrent(1);
  let answers = 0;
  for (let i = 0; i < 100; i++) {
    const announces = machine("mine", seededRandom(i));
    announces.add(ours, START_MS);
    callsUntil(announces, 20_000);
    for (let k = 0; k < 99; k++) {
      announces.received(call([ours]), `10.0.0.${k}`, START_MS + 20_000 + 20 * k);
    }
    callsUntil(announces, 60_000);
    announces.received(call([ours], { cookie: "new" }), "10.0.9.9", START_MS + 60_000);
    answers += callsUntil(announces, 70_000).length;
  }
  assert(answers >= 8 && answers <= 40, `${answers} answers`);
});

Deno.test(
  "a flood is cut short, and those that come later are heard again",
  { permissions },
  () => {
    const announces = machine("mine", () => 0.5);
    const ours = torrent(1);
    announces.add(ours, START_MS);
    const hearOf = (nowMs: number) =>
      announces.received(call([ours]), "10.0.0.7", nowMs).length / 2;
    let heard = 0;
    for (let i = 0; i < 10_000; i++) heard += hearOf(START_MS + i / 10);
    assert(heard >= 200 && heard <= 251, `${heard} heard`);
    assertStrictEquals(hearOf(START_MS + 1_100), 1);
  },
);

Deno.test("a network that appears hears of all torrents", { permissions }, () => {
  const announces = machine("mine", () => 0.5);
  announces.add(torrent(1), START_MS);
  callsUntil(announces, 60_000);
  announces.networkAppeared(START_MS + 60_000);
  assertEquals(callsUntil(announces, 80_000).map(([ms]) => ms), [60_000, 62_000, 70_000]);
});
