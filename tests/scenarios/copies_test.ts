/**
 * A seeder that goes once others have what it has, and how many it talks to meanwhile.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Tracker } from "../../mod.ts";
import { sha256OfFile } from "../../support/content.ts";
import { freePort } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import {
  addressOf,
  leechFrom,
  makeOrigin,
  seed,
  withinReason,
} from "../support/clients/library.ts";
import { leech, ShoalSeeder, ShoalTracker, startLeecher } from "../support/clients/shoal.ts";

const MIB = 2 ** 20;
const NO_TRACKER = ["-t", "udp://127.0.0.1:9"];

/** Resolves once the condition holds. */
async function until(condition: () => boolean, why: () => string): Promise<void> {
  const waiting = async () => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await withinReason(waiting(), why);
}

Deno.test("--until-copies ends a seeder with exit 0 when so many have it, also if they left", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 2 * MIB);
  await using seeder = await ShoalSeeder.start(path, [
    ...NO_TRACKER,
    "--until-copies",
    "3",
    "--progress",
    "lines",
  ]);
  await leech(seeder.magnet, await temp.folder("1"));
  await leech(seeder.magnet, await temp.folder("2"));
  await seeder.program.line(/2 of 3 complete/);
  await leech(seeder.magnet, await temp.folder("3"));
  assertEquals(await seeder.program.exit(), 0);
  assertEquals(seeder.program.stderr.at(-1), "shared as long as it was asked to, stopping");
  assertEquals(await sha256OfFile(temp.join("3", "data.bin")), await sha256OfFile(path));
});

Deno.test("a leecher that has half of it is no copy, and one that comes back is no second one", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 4 * MIB);
  await using seeder = await seed(path, { untilCopies: 2, uploadLimit: 4 * MIB });
  const port = freePort();
  const options = { peers: [addressOf(seeder)], exit: true, port };
  await using half = await leechFrom(seeder.magnet, { ...options, out: await temp.folder("1") });
  await half.log.until("piece");
  await half.leecher.close();
  assertEquals(seeder.stats().copies, 0);
  await using whole = await leechFrom(seeder.magnet, { ...options, out: temp.join("1") });
  await whole.complete();
  await withinReason(whole.leecher.done, () => "the leecher stays");
  await until(() => seeder.stats().copies === 1, () => `${seeder.stats().copies} copies`);
  const stays = { ...options, exit: false, out: temp.join("1") };
  await using again = await leechFrom(seeder.magnet, stays);
  await again.complete();
  await until(
    () => seeder.stats().connections.some(({ progress }) => progress === 1),
    () => "the finished leecher does not come back",
  );
  const { copies, untilCopies, state } = seeder.stats();
  assertEquals({ copies, untilCopies, state }, { copies: 1, untilCopies: 2, state: "seeding" });
});

Deno.test("copies that only the trackers see count; the seeder itself is none under any hash", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, MIB);
  await using tracker = await Tracker.listen({ host: "127.0.0.1", port: 0, intervalSeconds: 1 });
  await using second = await Tracker.listen({ host: "127.0.0.1", port: 0, intervalSeconds: 1 });
  const trackers = [tracker, second].map(({ addr }) => `udp://127.0.0.1:${addr.port}`);
  // A hybrid: it is announced under two hashes, to two trackers. It accepts nobody but the first.
  await using seeder = await seed(path, { trackers, untilCopies: 2, maxPeers: 1 });
  await using other = await seed(path, { trackers, maxPeers: 1 });
  await until(() => seeder.stats().copies === 1, () => JSON.stringify(seeder.stats()));
  await new Promise((resolve) => setTimeout(resolve, 2500)); // two more announces
  assertEquals(seeder.stats().copies, 1);
  assertEquals(other.stats().copies, 1);
  await using third = await seed(path, { trackers, maxPeers: 1 });
  assert(third.port > 0);
  await withinReason(seeder.done, () => `still there: ${JSON.stringify(seeder.stats())}`);
});

Deno.test("--max-peers 1 on all sides: one after the other, everybody gets it", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, MIB);
  await using tracker = await ShoalTracker.start();
  const few = ["--max-peers", "1"];
  await using seeder = await ShoalSeeder.start(path, ["-t", tracker.url, ...few]);
  const folders = await Promise.all(["1", "2", "3"].map((name) => temp.folder(name)));
  await using all = new AsyncDisposableStack();
  const leechers = folders.map((folder) => all.use(startLeecher(seeder.magnet, folder, few)));
  for (const leecher of leechers) assertEquals(await leecher.exit(60_000), 0);
});

Deno.test("no more connections than --max-peers, those that come and those that are made together", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 2 * MIB);
  const slow = { uploadLimit: 300_000 };
  const seeders = new AsyncDisposableStack();
  await using _ = seeders;
  const peers: string[] = [];
  let magnet = "";
  for (let i = 0; i < 5; i++) {
    const seeder = seeders.use(await seed(path, slow));
    peers.push(addressOf(seeder));
    magnet = seeder.magnet.replace(/&x\.pe=[^&]*/g, "");
  }
  const options = { out: await temp.folder("copy"), peers, maxPeers: 3 };
  await using leeching = await leechFrom(magnet, options);
  const address = addressOf(leeching.leecher);
  for (let i = 0; i < 5; i++) {
    const out = await temp.folder(`in${i}`);
    seeders.use(await leechFrom(magnet, { out, peers: [address], ...slow }));
  }
  let most = 0;
  for (let i = 0; i < 100; i++) {
    most = Math.max(most, leeching.leecher.stats().connections.length);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assertEquals(most, 3);
});
