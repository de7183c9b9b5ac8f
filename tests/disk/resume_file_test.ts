/**
 * The notes of an unfinished download: what is believed afterwards, and what is not.
 * @module
 */

import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import {
  isResumeFile,
  readResume,
  ResumeFile,
  syncFiles,
} from "../../lib/disk/download/resume_file.ts";
import { CLOSED_AT, encodeNote, RESUME_MAP_OFFSET } from "../../lib/disk/resume_format.ts";
import { DiskError } from "../../mod.ts";
import { TempFolder } from "../../support/temp.ts";

const HASH = new Uint8Array(20).fill(5);
const MAP = Uint8Array.of(0, 1, 1, 2, 0);
const TORRENT = new TextEncoder().encode("d4:infodee");

interface Notes extends AsyncDisposable {
  temp: TempFolder;
  path: string;
  data: string;
  file: ResumeFile;
  read(hash?: Uint8Array): ReturnType<typeof readResume>;
  /** Changes one byte of the notes. */
  poke(at: number, byte: number): Promise<void>;
}

function write(path: string, data: string[], map = MAP, infoHash = HASH): Promise<ResumeFile> {
  return ResumeFile.write(path, { data, infoHash, map, torrent: TORRENT });
}

async function notes(hash = HASH): Promise<Notes> {
  const temp = await TempFolder.create();
  const data = await temp.file("a.part", "half of it");
  const path = `${data}.resume`;
  const file = await write(path, [data], MAP, hash);
  return {
    temp,
    file,
    path,
    data,
    read: (wanted = hash) => readResume(path, [data], wanted),
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
  await n.poke(40, 0x21); // another boot
  await n.file.close([n.data]);
  assertEquals((await n.read())?.trusted, true);
});

Deno.test("after a restart of the machine without an orderly end they are not believed", async () => {
  await using n = await notes();
  await n.poke(40, 0x21);
  assertEquals((await n.read())?.trusted, false);
});

Deno.test("data with another time than at the orderly end is not believed, however little later", async () => {
  await using n = await notes();
  await n.file.close([n.data]);
  const { mtime } = await Deno.stat(n.data);
  for (const laterMs of [1, -1, 60_000]) {
    await Deno.utime(n.data, mtime!, new Date(mtime!.getTime() + laterMs));
    assertEquals((await n.read())?.trusted, false, `${laterMs} ms later`);
  }
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
    await write(n.path, [n.data]);
  }
});

Deno.test("the torrent behind the map can be written later, and longer than before", async () => {
  await using n = await notes();
  const longer = new Uint8Array(200_000).fill(7);
  n.file.writeTorrent(longer);
  assertEquals(await n.read(), { map: MAP, torrent: longer, trusted: true });
});

Deno.test("writing replaces what was there at once, or leaves it", async () => {
  await using n = await notes();
  const map = new Uint8Array(5).fill(1);
  await n.file.close([n.data]);
  await write(n.path, [n.data], map);
  assertEquals((await n.read())?.map, map);
  await Deno.utime(n.data, new Date(), new Date(Date.now() + 60_000));
  assertEquals((await n.read())?.trusted, false, "the orderly end of before counts no longer");
  await assertRejects(
    () => write(n.temp.join("missing", "x.resume"), [n.data], map),
    DiskError,
  );
  const names = await Array.fromAsync(Deno.readDir(n.temp.path), ({ name }) => name);
  assertEquals(names.sort(), ["a.part", "a.part.resume"]);
});

Deno.test("notes of a folder are believed while no file of it has changed", async () => {
  await using n = await notes();
  const files = [await n.temp.file("one", "1"), "", await n.temp.file("two", "2")];
  const trusted = async () => (await readResume(n.path, files, HASH))?.trusted;
  const file = await write(n.path, files);
  assertEquals(await trusted(), true);
  await n.poke(40, 0x21); // another boot
  await file.close(files);
  assertEquals(await trusted(), true);
  const { mtime } = await Deno.stat(files[2]!);
  await Deno.utime(files[2]!, mtime!, new Date(mtime!.getTime() + 1));
  assertEquals(await trusted(), false);
  await file.close(files);
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
  await write(n.path, files);
  await Deno.utime(files[0]!, 1e9, 1e9);
  assertEquals((await readResume(n.path, files, HASH))?.trusted, true);
});

Deno.test("when a file cannot be synced, the others are closed before that is said", async () => {
  await using temp = await TempFolder.create();
  const paths = Array.from({ length: 40 }, (_, i) => temp.join(`${i}`));
  for (const path of paths) await Deno.writeFile(path, new Uint8Array(100_000));
  for (const i of [0, 5, 17]) {
    const some = paths.toSpliced(i, 0, temp.join("gone"));
    await assertRejects(() => syncFiles(some), Error, "ENOENT"); // the sanitizers see the rest
  }
  await syncFiles(["", ...paths]);
});

Deno.test("a map that somebody filled in by hand is not believed, neither closed nor open", async () => {
  for (const isClosed of [false, true]) {
    await using n = await notes();
    if (isClosed) await n.file.close([n.data]);
    assertEquals((await n.read())?.trusted, true);
    const bytes = await Deno.readFile(n.path);
    bytes.fill(1, RESUME_MAP_OFFSET, RESUME_MAP_OFFSET + MAP.length);
    await Deno.writeFile(n.path, bytes);
    assertEquals((await n.read())?.trusted, false, isClosed ? "closed" : "open");
  }
});

Deno.test("a closed record is believed as a whole or not at all: any changed byte shows", async () => {
  await using n = await notes();
  await n.file.close([n.data]);
  const bytes = await Deno.readFile(n.path);
  for (let at = 16; at < RESUME_MAP_OFFSET + MAP.length; at++) {
    if (at === CLOSED_AT) continue; // without it, this is what a crash leaves
    const changed = bytes.slice();
    changed[at]! ^= 0x10;
    await Deno.writeFile(n.path, changed);
    assertEquals((await n.read())?.trusted ?? false, false, `byte ${at}`);
  }
  await Deno.writeFile(n.path, bytes);
  assertEquals((await n.read())?.trusted, true);
});

Deno.test("data that another file of the same size and time has taken the place of is not believed", async () => {
  for (const isClosed of [false, true]) {
    await using n = await notes();
    if (isClosed) await n.file.close([n.data]);
    const { mtime } = await Deno.stat(n.data);
    const other = await n.temp.file("other", "HALF OF IT");
    await Deno.utime(other, mtime!, mtime!);
    await Deno.rename(other, n.data);
    assertEquals((await n.read())?.trusted, false, isClosed ? "closed" : "open");
  }
});

Deno.test("what was doubted stays doubted, also when it is closed afterwards", async () => {
  await using n = await notes();
  n.file.doubt();
  assertEquals((await n.read())?.trusted, false);
  await n.file.close([n.data]);
  assertEquals((await n.read())?.trusted, false);
});

Deno.test("notes of the version before are known as such, and say nothing", async () => {
  await using n = await notes();
  await n.poke("shoal resume ".length, 0x31);
  assertEquals(isResumeFile(n.path), true);
  assertEquals(await n.read(), undefined);
});

Deno.test("a link, a pipe or a folder in the place of the notes says nothing and is not followed", async () => {
  await using n = await notes();
  const before = await Deno.readFile(n.path);
  const elsewhere = await n.temp.file("elsewhere", before);
  const replacements: Record<string, () => unknown> = {
    link: () => Deno.symlink(elsewhere, n.path),
    folder: () => Deno.mkdir(n.path),
    pipe: () => new Deno.Command("mkfifo", { args: [n.path] }).output(),
  };
  for (const [kind, put] of Object.entries(replacements)) {
    await Deno.remove(n.path);
    await put();
    assertEquals(await n.read(), undefined, kind);
    assertEquals(isResumeFile(n.path), false, kind);
    assertThrows(() => n.file.writeTorrent(TORRENT), Error, "", kind);
    assertThrows(() => n.file.doubt(), Error, "", kind);
    if (kind !== "folder") await write(n.path, [n.data]); // takes the name back
    assertEquals((await n.read())?.trusted, kind === "folder" ? undefined : true, kind);
  }
  assertEquals(await Deno.readFile(elsewhere), before);
});

Deno.test("where notes are written for a moment, a link that was put there is removed, not followed", async () => {
  await using n = await notes();
  const precious = await n.temp.file("precious", "diary");
  await Deno.symlink(precious, `${n.path}.new`);
  await write(n.path, [n.data]);
  assertEquals(await Deno.readTextFile(precious), "diary");
  assertEquals((await n.read())?.trusted, true);
  assertEquals(await Deno.lstat(`${n.path}.new`).catch(() => "gone"), "gone");
});

Deno.test("a note is not a number that anybody would write, and another for each piece and file", () => {
  const notesOf = (salt: number) =>
    Array.from({ length: 64 }, (_, piece) => encodeNote(salt, piece, 1));
  const bySha1 = Array.from({ length: 64 }, (_, piece) => encodeNote(7, piece, 2));
  assert(notesOf(7).every((note) => note >= 1 && note <= 127));
  assert(bySha1.every((note) => note >= 129 && note <= 255));
  assert(new Set(notesOf(7)).size > 30);
  assertNotEquals(notesOf(7), notesOf(8));
  assertEquals(encodeNote(7, 3, 0), 0);
});
