import { assert, assertEquals } from "@std/assert";
import { intervalSeconds } from "../../lib/tracker/core/announce.ts";
import { Asker, START_MS, trackerCore } from "../support/tracker/tracker_asker.ts";

const permissions = "none";

Deno.test(
  "a young swarm announces every few seconds, an old one at the interval",
  { permissions },
  () => {
    const ages = [0, 10, 30, 59, 60, 120, 300, 360, 3600, 86_400];
    assertEquals(
      ages.map((seconds) => intervalSeconds(seconds * 1000, 20, 60)),
      [5, 5, 5, 10, 10, 20, 50, 60, 60, 60],
    );
    assertEquals(ages.map((seconds) => intervalSeconds(seconds * 1000, 20, 900)).at(-1), 900);
  },
);

Deno.test("the interval is never longer than the one that was set", { permissions }, () => {
  for (const [ageMs, peers] of [[0, 1], [0, 100_000], [1e9, 3]] as const) {
    assertEquals(intervalSeconds(ageMs, peers, 1), 1);
    assert(intervalSeconds(ageMs, peers, 60) <= 60);
  }
});

Deno.test("however big a young swarm is, it does not flood its tracker", { permissions }, () => {
  for (let peers = 1; peers < 3000; peers += 7) {
    const perSecond = peers / intervalSeconds(0, peers, 3600);
    assert(perSecond <= 11, `${peers} peers: ${perSecond} announces per second`);
  }
});

Deno.test("the tracker hands out the interval of the swarm's age", { permissions }, () => {
  const core = trackerCore();
  const [first, second] = [new Asker(core, "10.0.0.1"), new Asker(core, "10.0.0.2")];
  assertEquals(first.announce().intervalSeconds, 5);
  first.nowMs = second.nowMs = START_MS + 120_000;
  assertEquals(second.announce().intervalSeconds, 20);
  first.nowMs = second.nowMs = START_MS + 1_000_000;
  second.connect();
  assertEquals(second.announce().intervalSeconds, 5, "all had fallen silent: it is a new swarm");
});

Deno.test(
  "a host that shares a thousand torrents soon announces each once a minute, and others as before",
  { permissions },
  () => {
    const core = trackerCore();
    const [busy, quiet] = [new Asker(core, "10.0.0.1"), new Asker(core, "10.0.0.2")];
    const hashes = Array.from({ length: 2000 }, (_, i) => {
      const infoHash = new Uint8Array(20);
      new DataView(infoHash.buffer).setUint32(0, i);
      return infoHash;
    });
    const due = hashes.map((infoHash, i) => ({ infoHash, atMs: START_MS + i }));
    let [announces, late] = [0, 0];
    busy.connect();
    for (let nowMs = START_MS; nowMs < START_MS + 180_000; nowMs += 100) {
      busy.nowMs = quiet.nowMs = nowMs;
      if (nowMs % 60_000 === 0) busy.connect();
      for (const one of due) {
        if (one.atMs > nowMs) continue;
        const { intervalSeconds } = busy.announce({ infoHash: one.infoHash, leftBytes: 0 });
        one.atMs = nowMs + 1000 * intervalSeconds;
        announces++;
        if (nowMs > START_MS + 60_000) late++;
      }
    }
    assert(late / 120 < 50, `${late / 120} announces per second after the first minute`);
    assert(announces < 2000 * 4, `${announces} announces in three minutes`);
    quiet.connect();
    assertEquals(quiet.announce({ infoHash: hashes[0]!, leftBytes: 0 }).intervalSeconds, 30);
  },
);

Deno.test(
  "who announces when it was told to is never forgotten in between",
  { permissions },
  () => {
    const core = trackerCore({ intervalSeconds: 60, peerTtlSeconds: 150 });
    const asker = new Asker(core, "10.0.0.1");
    let announces = 0;
    for (const endMs = START_MS + 3_600_000; asker.nowMs < endMs; announces++) {
      asker.connect();
      const { intervalSeconds } = asker.announce({ leftBytes: 0 });
      for (let part = 0; part < 2; part++) {
        asker.nowMs += 1000 * intervalSeconds / 2;
        core.expire(asker.nowMs);
        assertEquals(core.stats().peers, 1);
      }
    }
    assert(announces > 60 && announces < 100, `${announces}`);
  },
);

Deno.test(
  "a crowd of twenty learns of nearly everybody by its second announce",
  { permissions },
  () => {
    const core = trackerCore();
    const askers = Array.from({ length: 20 }, (_, i) => new Asker(core, `10.0.0.${i + 1}`));
    const known = new Map(askers.map((asker) => [asker, new Set<string>()]));
    for (const ms of [0, 1000]) {
      for (const [i, asker] of askers.entries()) {
        asker.nowMs = START_MS + ms + i;
        for (const peer of asker.announce().peers) known.get(asker)!.add(peer);
      }
    }
    for (const peers of known.values()) assertEquals(peers.size, 19);
  },
);
