/**
 * Many torrents in one client, as a program that embeds it uses them.
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Client, type ClientEvent, NetworkError, ShoalError, Torrent, Tracker } from "../../mod.ts";
import { TempFolder } from "../../support/temp.ts";
import { LOCAL, makeOrigin, withinReason } from "../support/clients/library.ts";

const QUIET = { ...LOCAL, embeddedTracker: false, localDiscovery: false } as const;

/** A client, and files that it shares. */
async function sharing(temp: TempFolder, count: number, client: Client) {
  const origins = [];
  for (let i = 0; i < count; i++) {
    origins.push(await makeOrigin(temp, 100_000 + i, { name: `${i}.bin`, seed: i + 1 }));
  }
  const seeders = await Promise.all(origins.map(({ path }) => client.seed(path, { cache: false })));
  return { origins, seeders };
}

Deno.test("ten files come from one port to another client, all at once and each intact", async () => {
  await using temp = await TempFolder.create();
  await using sender = await Client.start(QUIET);
  const { origins, seeders } = await sharing(temp, 10, sender);
  assertEquals(new Set(seeders.map(({ port }) => port)), new Set([sender.port]));
  assertEquals(sender.torrents, seeders);
  assertEquals(seeders.map(({ id }) => id), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);

  await using receiver = await Client.start(QUIET);
  const out = temp.join("copy") + "/";
  const leechers = await Promise.all(
    seeders.map(({ magnet }) => receiver.download(magnet, { out })),
  );
  for (const [i, leecher] of leechers.entries()) {
    const { path } = await withinReason(leecher.complete, () => JSON.stringify(leecher.stats()));
    assertEquals(await Deno.readFile(path), origins[i]!.bytes);
  }
  const total = origins.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const { torrents, downloadedBytes } = receiver.stats();
  assertEquals(torrents, 10);
  assert(downloadedBytes >= total);
});

Deno.test("a client finds by name, through its tracker, what another client shares", async () => {
  await using temp = await TempFolder.create();
  await using tracker = await Tracker.listen({ ...LOCAL, intervalSeconds: 1 });
  const trackers = [`udp://127.0.0.1:${tracker.addr.port}`];
  await using sender = await Client.start({ ...QUIET, trackers });
  const { origins } = await sharing(temp, 3, sender);
  await using receiver = await Client.start({ ...QUIET, trackers });
  assertEquals(receiver.trackers, trackers);
  for (const [i, { bytes }] of origins.entries()) {
    const leecher = await receiver.download(`${i}.bin`, { out: temp.join("copy") + "/" });
    const { path } = await withinReason(leecher.complete, () => JSON.stringify(leecher.stats()));
    assertEquals(await Deno.readFile(path), bytes);
  }
  assertEquals(tracker.stats().peers, 6);
});

Deno.test("a torrent, its bytes, its file's URL: each says what to download", async () => {
  await using temp = await TempFolder.create();
  await using sender = await Client.start(QUIET);
  const { origins: [origin], seeders: [seeder] } = await sharing(temp, 1, sender);
  const torrent = seeder!.torrent;
  const path = await temp.file("a.torrent", torrent.toBytes().slice());
  const peers = [`127.0.0.1:${sender.port}`];
  const sources = [torrent, torrent.toBytes(), new URL(`file://${path}`)];
  for (const [i, what] of sources.entries()) {
    await using receiver = await Client.start(QUIET);
    const leecher = await receiver.download(what, { out: temp.join(`copy${i}`) + "/", peers });
    const result = await withinReason(leecher.complete, () => JSON.stringify(leecher.stats()));
    assertEquals(await Deno.readFile(result.path), origin!.bytes);
  }
});

Deno.test("every event says which torrent it is about, in the listener and in the loop alike", async () => {
  await using temp = await TempFolder.create();
  await using sender = await Client.start(QUIET);
  const { seeders } = await sharing(temp, 2, sender);
  const heard: ClientEvent[] = [];
  const client = await Client.start({ ...QUIET, onEvent: (event) => heard.push(event) });
  const looped: ClientEvent[] = [];
  const loop = (async () => {
    for await (const event of client.events()) looped.push(event);
  })();
  assertEquals(heard, [{ type: "listening", port: client.port }]);
  const out = temp.join("copy") + "/";
  for (const { magnet } of seeders) await (await client.download(magnet, { out })).complete;
  await client.close();
  await loop;
  assertEquals(looped, heard.slice(1));
  const names = heard.filter(({ type }) => type === "metadata")
    .map((event) => [event.torrent, event.type === "metadata" && event.name]);
  assertEquals(names, [[1, "0.bin"], [2, "1.bin"]]);
  assertEquals(new Set(looped.map(({ torrent }) => torrent)), new Set([1, 2]));
  for await (const event of client.events()) assert(false, `an event at the end: ${event.type}`);
});

Deno.test("a limit that is changed while a client runs holds at once, for all its torrents together", async () => {
  await using temp = await TempFolder.create();
  await using sender = await Client.start({ ...QUIET, uploadLimit: 1 });
  const { seeders } = await sharing(temp, 2, sender);
  await using receiver = await Client.start(QUIET);
  const out = temp.join("copy") + "/";
  const leechers = await Promise.all(
    seeders.map(({ magnet }) => receiver.download(magnet, { out })),
  );
  const moving = Promise.withResolvers<void>();
  sender.on(({ type }) => type === "peer" && moving.resolve());
  await withinReason(moving.promise, () => "nobody connects");
  assert(leechers.every((leecher) => leecher.stats().state !== "seeding"));
  sender.setLimits({ uploadLimit: 0, maxConnections: 10 });
  for (const leecher of leechers) {
    await withinReason(leecher.complete, () => JSON.stringify(leecher.stats()));
  }
});

Deno.test("the same torrent twice is refused with a code, until the first one is closed", async () => {
  await using temp = await TempFolder.create();
  await using client = await Client.start(QUIET);
  const { origins: [origin], seeders: [first] } = await sharing(temp, 1, client);
  const again = () => client.seed(origin!.path, { cache: false });
  assertEquals((await assertRejects(again, ShoalError)).code, "duplicate-torrent");
  const magnet = () => client.download(first!.magnet);
  assertEquals((await assertRejects(magnet, ShoalError)).code, "duplicate-torrent");
  assertEquals(client.torrents, [first!]);
  await first!.close();
  assertEquals(client.torrents, []);
  const second = await again();
  assertEquals([second.id, client.torrents], [4, [second]]);
});

Deno.test("what one torrent fails with does not concern the others", async () => {
  await using temp = await TempFolder.create();
  await using sender = await Client.start(QUIET);
  const { seeders: [good, bad] } = await sharing(temp, 2, sender);
  const blocked = await temp.file("blocked", new Uint8Array(1));
  await using client = await Client.start(QUIET);
  const failing = await client.download(bad!.magnet, { out: `${blocked}/below/` });
  await assertRejects(() => failing.complete, ShoalError);
  await assertRejects(() => client.seed(temp.join("nothing here")), ShoalError, "does not exist");
  const leecher = await client.download(good!.magnet, { out: temp.join("copy") + "/" });
  await withinReason(leecher.complete, () => JSON.stringify(leecher.stats()));
  assertEquals(client.torrents, [leecher]);
});

Deno.test("a closed client closes its torrents; a download that was not complete says so", async () => {
  await using temp = await TempFolder.create();
  const client = await Client.start(QUIET);
  const { origins: [origin], seeders: [seeder] } = await sharing(temp, 1, client);
  const torrent = new Torrent({ ...(await unshared(temp)).metainfo });
  const leecher = await client.download(torrent, { out: temp.join("copy") + "/" });
  await client.close();
  await seeder!.done;
  const error = await assertRejects(() => leecher.complete, ShoalError);
  assertEquals(error.code, "interrupted");
  await assertRejects(() => client.seed(origin!.path), ShoalError, "closed");
  await using _another = await Client.start({ ...QUIET, port: client.port });
  await assertRejects(() => Client.start({ ...QUIET, port: client.port }), NetworkError);
});

/** A torrent that no other peer has. */
async function unshared(temp: TempFolder): Promise<Torrent> {
  const { path } = await makeOrigin(temp, 50_000, { name: "nowhere.bin", seed: 99 });
  await using client = await Client.start(QUIET);
  return (await client.seed(path, { cache: false })).torrent;
}
