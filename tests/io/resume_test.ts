/**
 * The notes of an unfinished download: what is believed afterwards, and what is not.
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import {
  closeResume,
  readResume,
  RESUME_MAP_OFFSET,
  syncFiles,
  writeResume,
  writeResumeTorrent,
} from "../../lib/io/resume.ts";
import { DiskError } from "../../mod.ts";
import { TempFolder } from "../support/temp.ts";

const HASH = new Uint8Array(20).fill(5);
const MAP = Uint8Array.of(0, 1, 1, 2, 0);
const TORRENT = new TextEncoder().encode("d4:infodee");

interface Notes extends AsyncDisposable {
  temp: TempFolder;
  path: string;
  data: string;
  read(hash?: Uint8Array): ReturnType<typeof readResume>;
  /** Changes one byte of the notes. */
  poke(at: number, byte: number): Promise<void>;
}

async function notes(hash = HASH): Promise<Notes> {
  const temp = await TempFolder.create();
  const data = await temp.file("a.part", "half of it");
  const path = `${data}.resume`;
  await writeResume(path, hash, MAP, TORRENT);
  return {
    temp,
    path,
    data,
    read: (wanted = hash) => readResume(path, data, wanted),
    async poke(at, byte) {
      const bytes = await Deno.readFile(path);
      bytes[at] = byte;
      await Deno.writeFile(path, bytes);
    },
    [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose](),
  };
}

Deno.test("notes are read as they were written, and believed while the machine runs on", async () => {
  await using n = await notes();
  assertEquals(await n.read(), { map: MAP, torrent: TORRENT, trusted: true });
});

Deno.test("a v2 torrent's notes are found by its long info-hash", async () => {
  await using n = await notes(new Uint8Array(32).fill(9));
  assertEquals((await n.read())?.trusted, true);
});

Deno.test("after an orderly end they are believed, and after a restart of the machine too", async () => {
  await using n = await notes();
  await closeResume(n.path, n.data);
  assertEquals((await n.read())?.trusted, true);
  await n.poke(40, 0x21); // another boot
  assertEquals((await n.read())?.trusted, true);
});

Deno.test("after a restart of the machine without an orderly end they are not believed", async () => {
  await using n = await notes();
  await n.poke(40, 0x21);
  assertEquals((await n.read())?.trusted, false);
});

Deno.test("data with another time than at the orderly end is not believed, however little later", async () => {
  await using n = await notes();
  await closeResume(n.path, n.data);
  const { mtime } = await Deno.stat(n.data);
  for (const laterMs of [1, -1, 60_000]) {
    await Deno.utime(n.data, mtime!, new Date(mtime!.getTime() + laterMs));
    assertEquals((await n.read())?.trusted, false, `${laterMs} ms later`);
  }
  await Deno.utime(n.data, mtime!, mtime!);
  assertEquals((await n.read())?.trusted, true);
});

Deno.test("data much younger than the last note is not believed after a crash", async () => {
  await using n = await notes();
  const { mtime } = await Deno.stat(n.path);
  await Deno.utime(n.data, mtime!, new Date(mtime!.getTime() + 500));
  assertEquals((await n.read())?.trusted, true); // a write that was under way
  await Deno.utime(n.data, mtime!, new Date(mtime!.getTime() + 5000));
  assertEquals((await n.read())?.trusted, false);
});

Deno.test("notes about data that is gone are not believed", async () => {
  await using n = await notes();
  await Deno.remove(n.data);
  assertEquals((await n.read())?.trusted, false);
});

Deno.test("notes of another torrent, of another kind, cut short or absent are none", async () => {
  await using n = await notes();
  assertEquals(await n.read(new Uint8Array(20).fill(6)), undefined);
  const bytes = await Deno.readFile(n.path);
  for (let length = 0; length < RESUME_MAP_OFFSET + MAP.length; length++) {
    await Deno.writeFile(n.path, bytes.subarray(0, length));
    assertEquals(await n.read(), undefined, `${length} bytes`);
  }
  await Deno.writeFile(n.path, bytes);
  await n.poke(0, 0x53);
  assertEquals(await n.read(), undefined);
  await Deno.remove(n.path);
  assertEquals(await n.read(), undefined);
});

Deno.test("a number of pieces that the notes cannot hold makes them none", async () => {
  await using n = await notes();
  for (const at of [76, 77, 78, 79]) {
    await n.poke(at, 0xff);
    assertEquals(await n.read(), undefined);
    await writeResume(n.path, HASH, MAP, TORRENT);
  }
});

Deno.test("the torrent behind the map can be written later, and longer than before", async () => {
  await using n = await notes();
  const longer = new Uint8Array(200_000).fill(7);
  await writeResumeTorrent(n.path, MAP.length, longer);
  assertEquals(await n.read(), { map: MAP, torrent: longer, trusted: true });
});

Deno.test("writing replaces what was there at once, or leaves it", async () => {
  await using n = await notes();
  const map = new Uint8Array(5).fill(1);
  await closeResume(n.path, n.data);
  await writeResume(n.path, HASH, map, TORRENT);
  assertEquals((await n.read())?.map, map);
  await Deno.utime(n.data, new Date(), new Date(Date.now() + 60_000));
  assertEquals((await n.read())?.trusted, false, "the orderly end of before counts no longer");
  await assertRejects(
    () => writeResume(n.temp.join("missing", "x.resume"), HASH, map, TORRENT),
    DiskError,
  );
  const names = await Array.fromAsync(Deno.readDir(n.temp.path), ({ name }) => name);
  assertEquals(names.sort(), ["a.part", "a.part.resume"]);
});

Deno.test("notes of a folder are believed while no file of it has changed", async () => {
  await using n = await notes();
  const files = [await n.temp.file("one", "1"), "", await n.temp.file("two", "2")];
  const trusted = async () => (await readResume(n.path, files, HASH))?.trusted;
  await writeResume(n.path, HASH, MAP, TORRENT);
  assertEquals(await trusted(), true);
  await closeResume(n.path, files);
  await n.poke(40, 0x21); // another boot
  assertEquals(await trusted(), true);
  const { mtime } = await Deno.stat(files[2]!);
  await Deno.utime(files[2]!, mtime!, new Date(mtime!.getTime() + 1));
  assertEquals(await trusted(), false);
  await Deno.utime(files[2]!, mtime!, mtime!);
  assertEquals(await trusted(), true);
  await Deno.writeTextFile(files[0]!, "longer");
  assertEquals(await trusted(), false);
  await Deno.remove(files[0]!);
  assertEquals(await trusted(), false);
});

Deno.test("a file put in the place of another after a crash is not believed, however old it is", async () => {
  await using n = await notes();
  const files = [await n.temp.file("one", "1")];
  await Deno.utime(n.path, 1e9, 1e9); // the notes are old
  assertEquals((await readResume(n.path, files, HASH))?.trusted, false);
  await writeResume(n.path, HASH, MAP, TORRENT);
  await Deno.utime(files[0]!, 1e9, 1e9);
  assertEquals((await readResume(n.path, files, HASH))?.trusted, true);
});

Deno.test("when a file cannot be synced, the others are closed before that is said", async () => {
  await using temp = await TempFolder.create();
  const paths = Array.from({ length: 40 }, (_, i) => temp.join(`${i}`));
  for (const path of paths) await Deno.writeFile(path, new Uint8Array(100_000));
  for (const i of [0, 5, 17]) {
    const some = paths.toSpliced(i, 0, temp.join("gone"));
    await assertRejects(() => syncFiles(some), Deno.errors.NotFound); // the sanitizers see the rest
  }
  await syncFiles(["", ...paths]);
});
