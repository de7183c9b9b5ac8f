/**
 * A file that was hashed once is not hashed again while it is the same.
 * @module
 */

import { assertEquals, assertNotEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { isSettled, pruneCache } from "../../lib/client/create/hash_cache.ts";
import type { CreateOptions } from "../../mod.ts";
import { denoFolder } from "../../support/deno_folder.ts";
import { formulaBytes } from "../../support/content.ts";
import { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { makeTree } from "../support/folders.ts";

const SCRIPT = fromFileUrl(new URL("../support/programs/hash_once.ts", import.meta.url));
const HOUR_MS = 3_600_000;

interface Made {
  hashedBytes: number;
  v1Hash?: string;
  v2Hash?: string;
  name: string;
  comment?: string;
  trackers: string[];
}

/** Where Deno keeps its modules: that does not move with the folder for caches. */
const DENO_DIR = await denoFolder();

/** Makes a torrent in a process whose cache folder is below `temp`. */
async function make(temp: TempFolder, path: string, options: CreateOptions = {}): Promise<Made> {
  const env = { XDG_CACHE_HOME: temp.join("cache"), DENO_DIR };
  const args = ["run", "-A", SCRIPT, path, JSON.stringify(options)];
  await using program = Program.start(Deno.execPath(), args, { env });
  assertEquals(await program.exit(), 0, program.transcript());
  return JSON.parse(program.stdout[0]!);
}

/** A file that has not changed for an hour. */
async function settledFile(temp: TempFolder, bytes = formulaBytes(100_000)): Promise<string> {
  const path = await temp.file("vec100000.bin", bytes);
  await Deno.utime(path, new Date(), new Date(Date.now() - HOUR_MS));
  return path;
}

Deno.test("the second time, hashes are remembered, and the torrent is the same", async () => {
  await using temp = await TempFolder.create();
  const path = await settledFile(temp);
  const first = await make(temp, path);
  assertEquals(first.hashedBytes, 100_000);
  assertEquals(await make(temp, path), { ...first, hashedBytes: 0 });
});

Deno.test("what does not touch the hashes may differ: trackers and comment", async () => {
  await using temp = await TempFolder.create();
  const path = await settledFile(temp);
  const { v1Hash } = await make(temp, path, { comment: "one", trackers: ["udp://a:1"] });
  const second = await make(temp, path, { comment: "two", trackers: ["udp://b:1"] });
  assertEquals(second.hashedBytes, 0);
  assertEquals([second.v1Hash, second.comment, second.trackers], [v1Hash, "two", ["udp://b:1"]]);
});

Deno.test("a changed time, size, name, format or piece length means hashing again", async () => {
  await using temp = await TempFolder.create();
  const path = await settledFile(temp);
  const first = await make(temp, path);
  for (
    const options of [
      { name: "other.bin" },
      { format: "v2" as const },
      { pieceLength: 65_536 },
      { private: true },
    ]
  ) {
    const made = await make(temp, path, options);
    assertEquals(made.hashedBytes, 100_000, JSON.stringify(options));
    assertNotEquals(made.v2Hash, first.v2Hash);
  }
  await Deno.utime(path, new Date(), new Date(Date.now() - HOUR_MS / 2));
  assertEquals(await make(temp, path), first);
  await settledFile(temp, formulaBytes(100_001));
  assertEquals((await make(temp, path)).hashedBytes, 100_001);
});

Deno.test("a file of another path is another file", async () => {
  await using temp = await TempFolder.create();
  const path = await settledFile(temp);
  await make(temp, path);
  await temp.folder("other");
  const { mtime } = await Deno.stat(path);
  const other = await temp.file(join("other", "vec100000.bin"), formulaBytes(100_000).reverse());
  await Deno.utime(other, new Date(), mtime!);
  assertEquals((await make(temp, other)).hashedBytes, 100_000);
});

Deno.test("a file that changed a moment ago is not remembered: it may still be written to", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("fresh.bin", formulaBytes(50_000));
  assertEquals((await make(temp, path)).hashedBytes, 50_000);
  const nowMs = 1e12;
  for (const agoMs of [0, 1, 1999, -1999]) assertEquals(isSettled([nowMs - agoMs], nowMs), false);
  assertEquals(isSettled([nowMs - HOUR_MS, nowMs - 5], nowMs), false);
  assertEquals(isSettled([nowMs - HOUR_MS, nowMs + HOUR_MS], nowMs), true);
});

Deno.test("a file dated in the future is remembered like any other, until it is written to", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("early.bin", formulaBytes(50_000));
  await Deno.utime(path, new Date(), new Date(Date.now() + 720 * HOUR_MS));
  for (const hashedBytes of [50_000, 0]) {
    assertEquals((await make(temp, path)).hashedBytes, hashedBytes);
  }
  await Deno.writeFile(path, formulaBytes(50_000).reverse());
  assertEquals((await make(temp, path)).hashedBytes, 50_000);
});

Deno.test("other content of the same size and time is hashed anew, in another file or the same", async () => {
  await using temp = await TempFolder.create();
  const path = await settledFile(temp);
  const { mtime } = await Deno.stat(path);
  const seen = new Set([(await make(temp, path)).v2Hash]);
  const replace = async (way: "moved" | "copied", bytes: Uint8Array<ArrayBuffer>) => {
    const target = way === "moved" ? temp.join("next") : path;
    await Deno.writeFile(target, bytes);
    await Deno.utime(target, mtime!, mtime!); // as cp -p does, and builds that are repeatable
    if (way === "moved") await Deno.rename(target, path);
  };
  for (const [i, way] of (["moved", "copied", "copied", "moved"] as const).entries()) {
    await replace(way, formulaBytes(100_000).map((byte) => byte ^ (i + 1)));
    const { hashedBytes, v2Hash } = await make(temp, path);
    assertEquals(hashedBytes, 100_000, `${way}, ${i}`);
    seen.add(v2Hash);
  }
  assertEquals(seen.size, 5);
});

Deno.test("a damaged entry, and a cache that cannot be written, cost time and nothing else", async () => {
  await using temp = await TempFolder.create();
  const path = await settledFile(temp);
  const first = await make(temp, path);
  const folder = temp.join("cache", "shoal", "hashes");
  for await (const { name } of Deno.readDir(folder)) {
    await Deno.writeTextFile(join(folder, name), "damaged");
  }
  assertEquals(await make(temp, path), first);
  await Deno.remove(temp.join("cache"), { recursive: true });
  await temp.file("cache", "a file where the folder should be");
  assertEquals(await make(temp, path), first);
});

Deno.test("a folder is remembered while every file in it is the same, and no longer", async () => {
  await using temp = await TempFolder.create();
  const path = await makeTree(temp, "album", { a: 1000, "b/c": 2000, "b/d": 0 });
  const first = await make(temp, path);
  assertEquals(first.hashedBytes, 3000);
  assertEquals(await make(temp, path), { ...first, hashedBytes: 0 });
  const settle = (name: string) =>
    Deno.utime(join(path, name), new Date(), new Date(Date.now() - HOUR_MS / 2));
  await settle("b/c");
  assertEquals((await make(temp, path)).hashedBytes, 3000);
  await Deno.rename(join(path, "b/d"), join(path, "b/e"));
  assertNotEquals((await make(temp, path)).v2Hash, first.v2Hash);
  await Deno.truncate(join(path, "a"), 999);
  await settle("a");
  assertEquals((await make(temp, path)).hashedBytes, 2999);
  await Deno.writeFile(join(path, "new"), new Uint8Array(7));
  await settle("new");
  for (const hashedBytes of [3006, 0]) {
    assertEquals((await make(temp, path)).hashedBytes, hashedBytes);
  }
});

Deno.test("whoever wants no cache has none", async () => {
  await using temp = await TempFolder.create();
  const path = await settledFile(temp);
  for (let i = 0; i < 2; i++) {
    assertEquals((await make(temp, path, { cache: false })).hashedBytes, 100_000);
  }
  assertEquals(await Deno.stat(temp.join("cache")).catch(() => "none"), "none");
});

/** Entries of 100 bytes, last used as many hours ago as their name says. */
async function entriesIn(temp: TempFolder, hours: number[]): Promise<string> {
  const folder = await temp.folder("hashes");
  for (const hour of hours) {
    const path = await temp.file(join("hashes", `${hour}`), new Uint8Array(100));
    await Deno.utime(path, new Date(), new Date(Date.now() - hour * HOUR_MS));
  }
  return folder;
}

async function namesIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.map(({ name }) => name).sort((a, b) => Number(a) - Number(b));
}

Deno.test("too many entries, or too long ones, make room: those first that nobody used for longest", async () => {
  await using temp = await TempFolder.create();
  const folder = await entriesIn(temp, [5, 1, 4, 2, 3]);
  await pruneCache(folder, { entries: 5, bytes: 500 });
  assertEquals((await namesIn(folder)).length, 5);
  await pruneCache(folder, { entries: 4, bytes: 500 });
  assertEquals(await namesIn(folder), ["1", "2", "3", "4"]);
  await pruneCache(folder, { entries: 4, bytes: 299 });
  assertEquals(await namesIn(folder), ["1", "2"]);
});

Deno.test("an entry that is used counts as new, and thousands are kept", async () => {
  await using temp = await TempFolder.create();
  const path = await settledFile(temp);
  await make(temp, path);
  const folder = temp.join("cache", "shoal", "hashes");
  const [entry] = await Array.fromAsync(Deno.readDir(folder));
  const entryPath = join(folder, entry!.name);
  const old = new Date(Date.now() - 1000 * HOUR_MS);
  await Deno.utime(entryPath, old, old);
  for (let i = 0; i < 300; i++) await Deno.writeTextFile(join(folder, `${i}.torrent`), "");
  assertEquals((await make(temp, path)).hashedBytes, 0);
  assertEquals((await Deno.stat(entryPath)).mtime! > old, true);
  await make(temp, path, { name: "other" });
  assertEquals((await Array.fromAsync(Deno.readDir(folder))).length, 302);
});
