/**
 * How fast, how long, how much: what a user sets is kept to.
 * @module
 */

import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { sha256OfFile } from "../../support/content.ts";
import { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import {
  addressOf,
  leechFrom,
  makeOrigin,
  seed,
  withinReason,
} from "../support/clients/library.ts";
import { failure, leech, ShoalSeeder, startLeecher } from "../support/clients/shoal.ts";

const MIB = 2 ** 20;
const NO_TRACKER = ["-t", "udp://127.0.0.1:9"];
const LOCAL = ["--host", "127.0.0.1", "-p", "0"];

/** Bytes per second over three seconds in the middle of a transfer. */
async function steadyRate(movedBytes: () => number): Promise<number> {
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  while (movedBytes() === 0) await wait(20);
  await wait(500); // what may pass at once in the beginning has passed
  const [fromBytes, fromMs] = [movedBytes(), performance.now()];
  await wait(3000);
  return (movedBytes() - fromBytes) / (performance.now() - fromMs) * 1000;
}

/** The rate at which this many leechers get a file from a seeder with this limit. */
async function uploadRate(uploadLimit: number, leechers: number): Promise<number> {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, 6 * uploadLimit);
  await using seeder = await seed(origin.path, { uploadLimit });
  await using all = new AsyncDisposableStack();
  for (let i = 0; i < leechers; i++) {
    const options = { out: await temp.folder(`${i}`), peers: [addressOf(seeder)], exit: true };
    all.use(await leechFrom(seeder.magnet, options));
  }
  return await steadyRate(() => seeder.stats().uploadedBytes);
}

/** The rate at which a leecher with this limit gets a file from this many seeders. */
async function downloadRate(downloadLimit: number, seeders: number): Promise<number> {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, 6 * downloadLimit);
  await using all = new AsyncDisposableStack();
  const peers: string[] = [];
  let magnet = "";
  for (let i = 0; i < seeders; i++) {
    const seeder = all.use(await seed(origin.path));
    peers.push(addressOf(seeder));
    magnet = seeder.magnet;
  }
  const options = { out: await temp.folder("copy"), peers, downloadLimit, exit: true };
  const { leecher } = all.use(await leechFrom(magnet, options));
  return await steadyRate(() => leecher.stats().downloadedBytes);
}

for (const [what, measure] of Object.entries({ upload: uploadRate, download: downloadRate })) {
  for (const limit of [MIB, 10 * MIB]) {
    for (const connections of [1, 4]) {
      const name = `--${what}-limit ${
        limit / MIB
      }M is kept to within 5 % by ${connections} at once`;
      Deno.test(name, async () => {
        // A busy machine may make a transfer slower for a while, nothing may make it faster.
        for (let attempt = 1;; attempt++) {
          const share = await measure(limit, connections) / limit;
          assertLess(share, 1.05);
          if (share > 0.95) return;
          assertLess(attempt, 4, `${share} of the limit is used`);
        }
      });
    }
  }
}

Deno.test("--seed-time ends a seeder, and a leecher that has finished", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("a.txt", "the content");
  await using seeder = await ShoalSeeder.start(path, [...NO_TRACKER, "--seed-time", "0.05"]);
  const args = [seeder.magnet, "-o", await temp.folder("copy"), "--seed-time", "0.001", ...LOCAL];
  await using leecher = Program.shoal("leecher", args);
  assertEquals(await leecher.exit(), 0);
  assertEquals(await seeder.program.exit(), 0);
  assertEquals(seeder.program.stderr.at(-1), "shared as long as it was asked to, stopping");
});

Deno.test("--seed-ratio ends a seeder when it has given so many copies", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, MIB);
  await using seeder = await ShoalSeeder.start(path, [...NO_TRACKER, "--seed-ratio", "2"]);
  await leech(seeder.magnet, await temp.folder("first"));
  await leech(seeder.magnet, await temp.folder("second"));
  assertEquals(await seeder.program.exit(), 0);
  assertEquals(seeder.program.stderr.at(-1), "shared as long as it was asked to, stopping");
});

Deno.test("a seeder with --seed-ratio is there until the ratio is reached", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeOrigin(temp, MIB);
  await using seeder = await seed(origin.path, { seedRatio: 1.5 });
  const options = { out: temp.join("first") + "/", peers: [addressOf(seeder)], exit: true };
  await using first = await leechFrom(seeder.magnet, options);
  await first.complete();
  assertEquals(seeder.stats().state, "seeding");
  await using second = await leechFrom(seeder.magnet, {
    ...options,
    out: temp.join("second") + "/",
  });
  await second.log.until("piece");
  await withinReason(seeder.done, () => "the seeder goes on");
  assert(seeder.stats().uploadedBytes >= 1.5 * MIB);
});

Deno.test("--timeout ends a download that is not complete in time: exit 2", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 4 * MIB);
  await using seeder = await ShoalSeeder.start(path, [...NO_TRACKER, "--upload-limit", "1M"]);
  await using leecher = startLeecher(seeder.magnet, temp.path, ["--timeout", "1.5"]);
  assertEquals(await leecher.exit(), 2);
  assertEquals(
    leecher.stderr.at(-1),
    "leecher: not complete after 1.5 s; run the same command again to continue",
  );
});

Deno.test("--stall-timeout ends a download that has stopped, and not one that moves: exit 2", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 3 * MIB);
  await using seeder = await ShoalSeeder.start(path, [...NO_TRACKER, "--upload-limit", "1M"]);
  await using leecher = startLeecher(seeder.magnet, temp.path, ["--stall-timeout", "1.5"]);
  await leecher.line(/^chunk \d+ verified/, { nth: 60 }); // 60 of 96: longer than the time allowed
  seeder.program.kill("SIGKILL");
  assertEquals(await leecher.exit(), 2);
  assertMatch(
    leecher.stderr.at(-1)!,
    /^leecher: nothing came for 1\.5 s; run the same command again/,
  );
});

Deno.test("--checksum right: the file's SHA-256 is told", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 200_000);
  const sha256 = await sha256OfFile(path);
  await using seeder = await ShoalSeeder.start(path, NO_TRACKER);
  const folder = await temp.folder("copy");
  await using leecher = startLeecher(seeder.magnet, folder, ["--checksum", `sha-256=${sha256}`]);
  assertEquals(await leecher.exit(), 0);
  await leecher.line(new RegExp(`data\\.bin: 195\\.3 KiB in .*, sha-256 ${sha256}$`));
});

Deno.test("--checksum wrong: the file does not get its name, exit 32", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 200_000);
  await using seeder = await ShoalSeeder.start(path, NO_TRACKER);
  const folder = await temp.folder("copy");
  const args = [seeder.magnet, "-e", "-o", folder, ...LOCAL];
  const wrong = ["--checksum", `sha-256=${"0".repeat(64)}`];
  // Once while it is fetched, once when all of it is there already.
  for (let i = 0; i < 2; i++) {
    assertEquals(
      await failure("leecher", [...args, ...wrong], 32),
      `the file's SHA-256 is ${await sha256OfFile(path)} and not the one asked for; ` +
        `it was left as ${join(folder, "data.bin.part")}`,
    );
  }
  assertEquals(await leech(seeder.magnet, folder), join(folder, "data.bin"));
});
