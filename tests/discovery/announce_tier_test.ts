/**
 * Tiers of trackers (BEP 12), with real trackers on loopback.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Announcer } from "../../lib/discovery/announcer.ts";
import type { TrackerStatus } from "../../lib/discovery/tracker_status.ts";
import { Tracker } from "../../lib/tracker/server.ts";
import { Torrent } from "../../mod.ts";
import { TempFolder } from "../../support/temp.ts";
import {
  leechFrom,
  makeOrigin,
  seed,
  torrentOf,
  withinReason,
} from "../support/clients/library.ts";
import { FakeTracker } from "../support/network/udp_peer.ts";

const LOCAL = { host: "127.0.0.1", port: 0 } as const;

function urlOf({ addr }: Tracker): string {
  return `udp://127.0.0.1:${addr.port}`;
}

Deno.test("where a tier's first tracker is silent the second is used, and goes first from then on", async () => {
  await using silent = new FakeTracker(() => []);
  await using tracker = await Tracker.listen({ ...LOCAL, intervalSeconds: 1 });
  const statuses: TrackerStatus[] = [];
  const third = Promise.withResolvers<void>();
  await using _announcer = new Announcer({
    tiers: [[silent.url, urlOf(tracker)]],
    swarms: [{ infoHash: new Uint8Array(20).fill(7), v2: false }],
    peerId: new Uint8Array(20),
    port: 6881,
    progress: () => ({ uploadedBytes: 0, downloadedBytes: 0, leftBytes: 1 }),
    onPeers: () => {},
    onStatus: (status) => {
      statuses.push(status);
      if (statuses.length === 4) third.resolve();
    },
    random: () => 0.99, // the order stays
  });
  await withinReason(third.promise, () => JSON.stringify(statuses));
  assertEquals(statuses.map(({ url, ok }) => [url, ok]), [
    [silent.url, false],
    [urlOf(tracker), true],
    [urlOf(tracker), true],
    [urlOf(tracker), true],
  ]);
  const asked = silent.received.length;
  assert(asked > 0 && asked <= 3, `the silent one was sent ${asked} packets`);
  assertEquals(tracker.stats().announces, 3);
});

Deno.test("a torrent's tiers are all announced to, and trackers named by hand besides", async () => {
  await using temp = await TempFolder.create();
  const { path, bytes } = await makeOrigin(temp, 100_000);
  await using silent = new FakeTracker(() => []);
  const settings = { ...LOCAL, intervalSeconds: 1 };
  await using one = await Tracker.listen(settings);
  await using two = await Tracker.listen(settings);
  await using named = await Tracker.listen(settings);
  const { metainfo } = await torrentOf(path);
  const trackers = [[silent.url, urlOf(one)], [urlOf(two)]];
  const file = await temp.file(
    "a.torrent",
    new Torrent({ ...metainfo, trackers }).toBytes().slice(),
  );
  // The seeder is known to the last tracker alone: the leecher has to have asked it.
  await using _seeder = await seed(path, { trackers: [urlOf(two)] });
  const options = { out: temp.join("copy/"), trackers: [urlOf(named)] };
  await using leeching = await leechFrom(file, options);
  assertEquals(await Deno.readFile((await leeching.complete()).path), bytes);
  const answering = (url: string) => leeching.log.until("tracker", (e) => e.url === url && e.ok);
  for (const tracker of [one, two, named]) await answering(urlOf(tracker));
});
