/**
 * A seeder that hands out its chunks gradually (BEP 16) is no shortage, and is not shown as one.
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { TempFolder } from "../../support/temp.ts";
import { addressOf, leechFrom, LOCAL, makeOrigin, seed } from "../support/clients/library.ts";

const MIB = 2 ** 20;

Deno.test("while it hands out gradually, both sides say so, and no chunk counts as missing", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 12 * MIB);
  await using seeder = await seed(path, { pieceLength: MIB / 4, uploadLimit: 2 * MIB });
  assertEquals(seeder.stats().superSeeding, undefined, "nobody is here yet");
  await using leeching = await leechFrom(seeder.magnet, {
    ...LOCAL,
    trackers: [],
    out: temp.path,
    peers: [addressOf(seeder)],
  });
  await leeching.log.until("piece");
  const [connection] = leeching.leecher.stats().connections;
  assertLess(connection!.progress, 1);
  assert(connection!.flags.includes("g"), connection!.flags);
  assertEquals(seeder.stats().superSeeding, true);
  const pieces = leeching.leecher.details().pieces!;
  const holders = Array.from({ length: pieces.count }, (_, piece) => pieces.availability(piece));
  assertEquals(holders, holders.map(() => 1));
});

Deno.test("when one copy is out it is a seeder like any other", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 6 * MIB);
  await using seeder = await seed(path, { pieceLength: MIB / 4 });
  const peers = [addressOf(seeder)];
  const options = { ...LOCAL, trackers: [], peers };
  await using first = await leechFrom(seeder.magnet, { ...options, out: temp.join("first/") });
  await first.complete();
  await using second = await leechFrom(seeder.magnet, { ...options, out: temp.join("second/") });
  await second.complete();
  const toSeeder = second.leecher.stats().connections.find(({ address }) => address === peers[0]);
  assertEquals([toSeeder?.progress ?? 1, toSeeder?.flags.includes("g") ?? false], [1, false]);
  assertEquals(seeder.stats().superSeeding, undefined);
});
