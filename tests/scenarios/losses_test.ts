/**
 * Seeders and trackers that go away in the middle, and come back or not.
 * @module
 */

import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { fromHex } from "../../lib/codec/bytes.ts";
import { UdpTrackerClient } from "../../lib/discovery/tracker_client.ts";
import { sha256OfFile, writePseudoRandomFile } from "../../support/content.ts";
import { freePort, type Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { magnetLink, ShoalSeeder, ShoalTracker, startLeecher } from "../support/clients/shoal.ts";

const MIB = 2 ** 20;
const NAME = "data.bin";

async function makeFile(temp: TempFolder): Promise<{ path: string; sha256: string }> {
  const path = join(await temp.folder("origin"), NAME);
  return { path, sha256: await writePseudoRandomFile(path, 6 * MIB + 1, 3) };
}

/** Resolves when the leecher has verified `count` chunks that came from `address` and nobody else. */
async function hasChunksFrom(leecher: Program, address: string, count: number): Promise<void> {
  const pattern = new RegExp(
    `^chunk \\d+ verified \\(.* from ${address.replaceAll(".", "\\.")}\\)`,
  );
  await leecher.line(pattern, { nth: count });
}

Deno.test("of four seeders two are killed in the middle, and the file is complete all the same", async () => {
  await using temp = await TempFolder.create();
  const { path, sha256 } = await makeFile(temp);
  await using tracker = await ShoalTracker.start();
  const args = ["-t", tracker.url, "-s", "64K", "--upload-limit", "1M"];
  await using a = await ShoalSeeder.start(path, args);
  await using b = await ShoalSeeder.start(path, args);
  await using c = await ShoalSeeder.start(path, args);
  await using d = await ShoalSeeder.start(path, args);
  const seeders = [a, b, c, d];
  const folder = await temp.folder("copy");
  const peers = seeders.flatMap(({ address }) => ["--peer", address]);
  await using leecher = startLeecher(a.magnet, folder, peers);
  await Promise.all(seeders.map(({ address }) => hasChunksFrom(leecher, address, 3)));
  a.program.kill("SIGKILL");
  b.program.kill("SIGKILL");
  assertEquals(await leecher.exit(), 0, leecher.transcript());
  assertEquals(await sha256OfFile(join(folder, NAME)), sha256);
  const table = leecher.stderr.join("\n");
  assertMatch(table, /from 4 sources:/);
  for (const { address } of seeders) assertMatch(table, new RegExp(`\\n  ${address} +[1-9]`));
});

Deno.test("the only seeder vanishes in the middle: the leecher waits, says so, and goes on when it is back", async () => {
  await using temp = await TempFolder.create();
  const { path, sha256 } = await makeFile(temp);
  const port = `${freePort()}`;
  const args = ["-p", port, "-t", "udp://127.0.0.1:9", "-s", "64K", "--upload-limit", "4M"];
  const folder = await temp.folder("copy");
  await using first = await ShoalSeeder.start(path, args);
  await using leecher = startLeecher(first.magnet, folder);
  await hasChunksFrom(leecher, first.address, 20);
  first.program.kill("SIGKILL");
  await leecher.line(
    new RegExp(`^waiting: seeder 127\\.0\\.0\\.1:${port} unreachable: .+`),
  );
  await using _second = await ShoalSeeder.start(path, args);
  assertEquals(await leecher.exit(), 0, leecher.transcript());
  assertEquals(await sha256OfFile(join(folder, NAME)), sha256);
});

Deno.test("a tracker killed and started again knows the seeders within two intervals", async () => {
  await using temp = await TempFolder.create();
  const { path, sha256 } = await makeFile(temp);
  const interval = 2;
  const args = ["-p", `${freePort()}`, "--interval", `${interval}`];
  const start = () => ShoalTracker.start(args);
  await using before = await start();
  const limits = ["-t", before.url, "--upload-limit", "2M"];
  await using seeder = await ShoalSeeder.start(path, limits);
  await seeder.program.line(/^tracker \S+ answers: 1 seeder/);
  // A leecher is under way, and must not notice.
  const folder = await temp.folder("first");
  const link = magnetLink(seeder.hashes, [before.url]);
  await using leecher = startLeecher(link, folder);
  await hasChunksFrom(leecher, seeder.address, 10);
  before.program.kill("SIGKILL");
  await before.program.exit();
  await using _after = await start();
  const startedMs = performance.now();
  await using client = new UdpTrackerClient(before.url);
  const hash = fromHex(seeder.hashes.v1!);
  while ((await client.scrape([hash]))[0]!.seeders === 0) {
    assertLess(performance.now() - startedMs, 10_000, "the seeder was not found again");
  }
  // A second of grace: what the scrape itself and a busy machine take.
  assertLess(performance.now() - startedMs, (2 * interval + 1) * 1000);
  assertEquals(await leecher.exit(), 0, leecher.transcript());
  // Whoever comes now finds the seeder by the tracker, and by name.
  const later = await temp.folder("second");
  await using second = startLeecher(NAME, later, ["-t", before.url, "--upload-limit", "0"]);
  assertEquals(await second.exit(), 0, second.transcript());
  for (const copy of [folder, later]) assertEquals(await sha256OfFile(join(copy, NAME)), sha256);
});

Deno.test("a tracker that starts last is found by seeder and leecher alike", async () => {
  await using temp = await TempFolder.create();
  const { path, sha256 } = await makeFile(temp);
  const port = `${freePort()}`;
  const url = `udp://127.0.0.1:${port}`;
  await using seeder = await ShoalSeeder.start(path, ["-t", url]);
  const folder = await temp.folder("copy");
  await using leecher = startLeecher(magnetLink(seeder.hashes, [url]), folder);
  await Promise.all(
    [seeder.program, leecher].map((program) =>
      program.line(
        /^warning: tracker udp:\/\/\S+ (does not answer|cannot be reached).*, next try in \d+ s/,
      )
    ),
  );
  await using _tracker = await ShoalTracker.start(["-p", port]);
  assertEquals(await leecher.exit(), 0, leecher.transcript());
  assertEquals(await sha256OfFile(join(folder, NAME)), sha256);
  assert(seeder.program.stderr.some((line) => /^tracker \S+ is back$/.test(line)));
});
