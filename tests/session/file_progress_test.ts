/**
 * The files of a folder, listed with how far each is.
 * @module
 */

import { assertEquals } from "@std/assert";
import { TempFolder } from "../../support/temp.ts";
import { addressOf, leechFrom, LOCAL, seed } from "../support/clients/library.ts";

Deno.test("a folder's files are listed in its order, on both sides, chosen or not", async () => {
  await using temp = await TempFolder.create();
  const folder = await temp.folder("origin/course");
  await Deno.mkdir(`${folder}/week 1`);
  const sizes = [["a.bin", 70_000], ["empty.txt", 0], ["week 1/b.bin", 40_000]] as const;
  for (const [name, size] of sizes) await Deno.writeFile(`${folder}/${name}`, new Uint8Array(size));
  await using seeder = await seed(folder, { pieceLength: 16_384 });
  const rows = (haveBytes: (size: number) => number, isChosen = true) =>
    sizes.map(([path, bytes]) => ({ path, bytes, haveBytes: haveBytes(bytes), isChosen }));
  const own = seeder.details().fileView!;
  assertEquals([own.count, own.first(10)], [3, rows((size) => size)]);
  assertEquals(own.first(2), rows((size) => size).slice(0, 2));
  assertEquals(own.first(2, 1), rows((size) => size).slice(1, 3));
  assertEquals(own.first(2, 3), []);

  await using leeching = await leechFrom(seeder.magnet, {
    ...LOCAL,
    trackers: [],
    peers: [addressOf(seeder)],
    out: temp.join("copy/"),
    select: [2],
  });
  await leeching.complete();
  const got = leeching.leecher.details().fileView!;
  assertEquals(got.first(10).map(({ path, isChosen }) => [path, isChosen]), [
    ["a.bin", false],
    ["empty.txt", false],
    ["week 1/b.bin", true],
  ]);
  assertEquals(got.first(3)[2]!.haveBytes, 40_000);
});

Deno.test("a single file is no list of files", async () => {
  await using temp = await TempFolder.create();
  await using seeder = await seed(await temp.file("a.bin", new Uint8Array(1000)));
  assertEquals(seeder.details().fileView, undefined);
});
