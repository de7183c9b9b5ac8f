/**
 * A torrent of many files opens few at once.
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { readSync } from "node:fs";
import {
  FileCache,
  MAX_OPEN_FILES,
  MAX_POOLED_FILES,
  OpenFiles,
  SyncFileCache,
  ThreadFiles,
} from "../../lib/disk/open_files.ts";
import { DiskError } from "../../lib/errors.ts";
import { TempFolder } from "../../support/temp.ts";

/** Files whose one byte is their number. */
async function numbered(temp: TempFolder, count: number): Promise<string[]> {
  const paths = Array.from({ length: count }, (_, i) => temp.join(`${i}`));
  for (const [i, path] of paths.entries()) await Deno.writeFile(path, Uint8Array.of(i));
  return paths;
}

function byteOf(fd: number): number {
  const out = new Uint8Array(1);
  readSync(fd, out, 0, 1, 0);
  return out[0]!;
}

Deno.test("a thread keeps the files it used last, and no more than it may", async () => {
  await using temp = await TempFolder.create();
  const paths = await numbered(temp, MAX_OPEN_FILES + 50);
  const files = new SyncFileCache();
  const first = files.get(paths[0]!, "r");
  for (const [i, path] of paths.entries()) {
    assertEquals(byteOf(files.get(path, "r")), i);
    assertEquals(files.get(paths[0]!, "r"), first); // used all the time, so never closed
    assert(files.size <= MAX_OPEN_FILES);
  }
  assertEquals(byteOf(files.get(paths[1]!, "r")), 1);
  files.close();
  assertEquals(files.size, 0);
});

Deno.test("a file that is not there is an error, not made", async () => {
  await using temp = await TempFolder.create();
  const files = new SyncFileCache();
  for (const mode of ["r", "r+"] as const) {
    assertThrows(() => files.get(temp.join("missing"), mode), Error, "ENOENT");
  }
  assertEquals([files.size, [...Deno.readDirSync(temp.path)]], [0, []]);
});

Deno.test("reads at the same time share files, and afterwards few stay open", async () => {
  await using temp = await TempFolder.create();
  const paths = await numbered(temp, 200);
  const pool = new FileCache();
  const release = Promise.withResolvers<void>();
  const reads = paths.flatMap((path, i) =>
    [i, i].map(async (expected) => {
      await pool.use(path, async (fd) => {
        await release.promise;
        assertEquals(byteOf(fd), expected);
      });
    })
  );
  assertEquals(pool.size, 200);
  release.resolve();
  await Promise.all(reads);
  assertEquals(pool.size, MAX_POOLED_FILES);
  await pool.close();
});

Deno.test("a file that cannot be opened is tried again", async () => {
  await using temp = await TempFolder.create();
  const pool = new FileCache();
  const path = temp.join("late");
  const read = () => pool.use(path, (fd) => Promise.resolve(byteOf(fd)));
  await assertRejects(read, DiskError, "does not exist");
  await temp.file("late", "x");
  assertEquals(await read(), 120);
  await pool.close();
});

Deno.test("readers of many torrents keep few files open, and closing one closes its own only", async () => {
  await using temp = await TempFolder.create();
  const paths = await numbered(temp, 100);
  const all = new OpenFiles();
  const [first, second] = [new FileCache(all), new FileCache(all)];
  const readAll = async (cache: FileCache, from: readonly string[]) => {
    for (const path of from) await cache.use(path, (fd) => Promise.resolve(byteOf(fd)));
  };
  await readAll(first, paths);
  assertEquals([first.size, all.size], [MAX_POOLED_FILES, MAX_POOLED_FILES]);
  await readAll(second, paths.slice(0, 40));
  assertEquals([first.size, second.size, all.size], [MAX_POOLED_FILES - 40, 40, MAX_POOLED_FILES]);
  await first.close();
  assertEquals([first.size, second.size, all.size], [0, 40, 40]);
  assertEquals(await second.use(paths[7]!, (fd) => Promise.resolve(byteOf(fd))), 7);
  await second.close();
  assertEquals(all.size, 0);
});

Deno.test("a file that two torrents have is open for each of them", async () => {
  await using temp = await TempFolder.create();
  const [path] = await numbered(temp, 1);
  const all = new OpenFiles();
  const [first, second] = [new FileCache(all), new FileCache(all)];
  const fds = await Promise.all(
    [first, second].map((each) => each.use(path!, (fd) => Promise.resolve(fd))),
  );
  assertEquals(new Set(fds).size, 2);
  await first.close();
  assertEquals(await second.use(path!, (fd) => Promise.resolve(byteOf(fd))), 0);
  await second.close();
});

Deno.test("a thread keeps few files open for all its torrents, and closes those of one alone", async () => {
  await using temp = await TempFolder.create();
  const paths = await numbered(temp, MAX_OPEN_FILES);
  const all = new ThreadFiles();
  const [first, second] = [new SyncFileCache(undefined, all), new SyncFileCache(undefined, all)];
  for (const path of paths) first.get(path, "r");
  for (const [i, path] of paths.slice(0, 10).entries()) {
    assertEquals(byteOf(second.get(path, "r")), i);
  }
  assertEquals([first.size, second.size, all.size], [MAX_OPEN_FILES - 10, 10, MAX_OPEN_FILES]);
  first.close();
  assertEquals([all.size, byteOf(second.get(paths[3]!, "r"))], [10, 3]);
  second.close();
  assertEquals(all.size, 0);
});
