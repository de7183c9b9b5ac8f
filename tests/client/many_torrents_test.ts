/**
 * What only many torrents behind one port and one peer id can mix up, and how they share connections.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { fromHex, fromLatin1 } from "../../lib/codec/bytes.ts";
import { closeQuietly, dialHandshake } from "../../lib/net/handshake.ts";
import { Client, type ClientEvent, type Leecher, type Seeder } from "../../mod.ts";
import { TempFolder } from "../../support/temp.ts";
import { addressOf, LOCAL, makeOrigin, withinReason } from "../support/clients/library.ts";

const QUIET = { ...LOCAL, embeddedTracker: false, localDiscovery: false } as const;

type PeerEvent = Extract<ClientEvent, { type: "peer" }>;

/** Files that a client shares, of so many bytes and a few more each. */
async function share(
  temp: TempFolder,
  client: Client,
  count: number,
  length: number,
): Promise<Seeder[]> {
  const seeders: Seeder[] = [];
  for (let i = 0; i < count; i++) {
    const { path } = await makeOrigin(temp, length + i, { name: `${i}.bin`, seed: i + 1 });
    seeders.push(await client.seed(path, { cache: false }));
  }
  return seeders;
}

/** Downloads all of them from `peers` into the folder `name`. */
function downloadAll(
  client: Client,
  seeders: readonly Seeder[],
  out: string,
  peers: readonly string[],
): Promise<Leecher[]> {
  return Promise.all(
    seeders.map(({ torrent }) => client.download(torrent, { out: `${out}/`, peers: [...peers] })),
  );
}

async function complete(leechers: readonly Leecher[]): Promise<void> {
  for (const leecher of leechers) {
    await withinReason(leecher.complete, () => JSON.stringify(leecher.stats()));
  }
}

/** Resolves once it holds; the events of the client tell when to look. */
async function until(client: Client, holds: () => boolean, why: () => string): Promise<void> {
  let changed = Promise.withResolvers<void>();
  const stop = client.on(() => changed.resolve());
  try {
    while (!holds()) {
      await withinReason(changed.promise, why);
      changed = Promise.withResolvers();
    }
  } finally {
    stop();
  }
}

function connected({ torrents }: Client): number {
  return torrents.reduce((sum, torrent) => sum + torrent.stats().connections.length, 0);
}

Deno.test("ten torrents that are told their own addresses dial others, and never one another", async () => {
  await using temp = await TempFolder.create();
  await using sender = await Client.start(QUIET);
  const seeders = await share(temp, sender, 10, 50_000);
  const told = new Set<string>();
  const { host: _, ...everywhere } = QUIET;
  await using client = await Client.start({
    ...everywhere,
    onEvent: (event) => void (event.type === "peer" && told.add(event.address)),
  });
  const peers = [addressOf(client), `127.0.0.2:${client.port}`, addressOf(sender)];
  await complete(await downloadAll(client, seeders, temp.join("copy"), peers));
  assertEquals(told, new Set([addressOf(sender)]));
});

Deno.test("a host with one peer id is let in to two torrents at once, to each on its own", async () => {
  await using temp = await TempFolder.create();
  await using sender = await Client.start(QUIET);
  const seeders = await share(temp, sender, 2, 50_000);
  const features = { extensions: true, fast: true, dht: false, v2Upgrade: false };
  const peerId = fromLatin1("A2-1-36-0-sameforboth");
  const guests: { close(): void }[] = [];
  try {
    for (const { torrent } of seeders) {
      const ours = {
        infoHash: fromHex(torrent.v1Hash!),
        peerId: peerId.subarray(0, 20),
        ...features,
      };
      const { signal } = new AbortController();
      const { conn, handshake } = await dialHandshake(LOCAL.host, sender.port, ours, true, signal);
      guests.push(conn);
      assertEquals(handshake.infoHash, ours.infoHash);
    }
    const each = () => seeders.map((seeder) => seeder.stats().connections.length);
    await until(sender, () => each().join() === "1,1", () => each().join());
  } finally {
    guests.forEach(closeQuietly);
  }
});

Deno.test("peers of one torrent are not told of those of another", async () => {
  await using temp = await TempFolder.create();
  await using sender = await Client.start({ ...QUIET, uploadLimit: 1 });
  const seeders = await share(temp, sender, 2, 200_000);
  const [one, other] = seeders;
  await using stranger = await Client.start(QUIET);
  const told: PeerEvent[] = [];
  const onEvent = (event: ClientEvent) => void (event.type === "peer" && told.push(event));
  await using first = await Client.start({ ...QUIET, onEvent });
  await using second = await Client.start({ ...QUIET, onEvent });
  const peers = [addressOf(sender)];
  await downloadAll(stranger, [other!], temp.join("stranger"), peers);
  await until(sender, () => other!.stats().connections.length === 1, () => "the stranger is away");
  await downloadAll(first, [one!], temp.join("first"), peers);
  await downloadAll(second, [one!], temp.join("second"), peers);
  // By peer exchange each hears of the other, which the stranger came before.
  await until(second, () => connected(second) === 2, () => JSON.stringify(told));
  await until(first, () => connected(first) === 2, () => JSON.stringify(told));
  assertEquals(connected(stranger), 1);
  assert(!told.some(({ address }) => address === addressOf(stranger)), JSON.stringify(told));
});

Deno.test("ten connections for ten torrents: each has one, and all who come get everything", async () => {
  await using temp = await TempFolder.create();
  await using sender = await Client.start({ ...QUIET, uploadLimit: 1, maxConnections: 10 });
  const seeders = await share(temp, sender, 10, 50_000);
  const peers = [addressOf(sender)];
  await using first = await Client.start(QUIET);
  await using second = await Client.start(QUIET);
  let most = 0;
  sender.on(() => most = Math.max(most, connected(sender)));
  const leechers = await downloadAll(first, seeders, temp.join("first"), peers);
  const each = () => seeders.map((seeder) => seeder.stats().connections.length).join();
  await until(sender, () => each() === "1,1,1,1,1,1,1,1,1,1", each);
  leechers.push(...await downloadAll(second, seeders, temp.join("second"), peers));
  sender.setLimits({ uploadLimit: 0 });
  await complete(leechers);
  assert(most <= 10, `${most} connections`);
  assert(leechers.every((leecher) => leecher.stats().state === "seeding"));
});
