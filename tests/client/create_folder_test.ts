/**
 * Torrents of folders: which files are in them, in which order, and what is left out.
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { createContent, type CreateOptions } from "../../lib/client/create/create_torrent.ts";
import { DiskError, OptionError, Torrent, verifyFile } from "../../mod.ts";
import { formulaBytes, pseudoRandomBytes } from "../../support/content.ts";
import { TempFolder } from "../../support/temp.ts";
import { torrentOf } from "../support/clients/library.ts";
import { deepTree, makeTree, ODD_TREE } from "../support/folders.ts";

const FORMATS = ["v1", "v2", "hybrid"] as const;

/** What a user sees of the files: paths below the folder, with lengths. */
function listed(torrent: Torrent): Record<string, number> {
  return Object.fromEntries(
    torrent.files.map(({ path, length }) => [path.slice(torrent.name.length + 1), length]),
  );
}

/** A torrent of `path`, and the warnings on the way. */
async function warned(path: string, options: CreateOptions = {}) {
  const warnings: string[] = [];
  const content = await createContent(path, {
    cache: false,
    onWarning: (message) => warnings.push(message),
    ...options,
  });
  return { ...content, warnings };
}

Deno.test("the published folders come out with their info-hashes", async () => {
  await using temp = await TempFolder.create();
  await temp.folder("vec/sub");
  for (const [name, length] of [["d.bin", 5], ["sub/b.bin", 16_385], ["a.bin", 1], ["e.bin", 0]]) {
    await temp.file(join("vec", `${name}`), formulaBytes(Number(length)));
  }
  const path = temp.join("vec");
  const [v1, v2, hybrid] = await Promise.all(
    FORMATS.map((format) => torrentOf(path, { format, pieceLength: 16_384 })),
  );
  assertEquals(v1!.v1Hash, "366eb72c191cf56788a50b2aa1d6442101b056b5");
  assertEquals(v2!.v2Hash, "e5cd9cf90c3aa6c41bb53c0986d321be7e67fddd485a78fb7837e81cf822a02c");
  assertEquals(hybrid!.v1Hash, "d0615751b9f8aa87b0e97c1a8b39bd730d7cffe5");
  assertEquals(hybrid!.v2Hash, "001b98326028ffadc3c0d861a2abe07f080567b8aadccb1f9b301801e0109893");
  assertEquals(hybrid!.files.map(({ path }) => path), [
    "vec/a.bin",
    "vec/d.bin",
    "vec/e.bin",
    "vec/sub/b.bin",
  ]);
});

for (const format of FORMATS) {
  Deno.test(`a ${format} folder holds every file under its own name, and reads back`, async () => {
    await using temp = await TempFolder.create();
    const path = await makeTree(temp, "odd", ODD_TREE);
    const { torrent, paths, warnings } = await warned(path, { format });
    assertEquals(warnings, []);
    assertEquals([torrent.name, torrent.multiFile, torrent.version], ["odd", true, format]);
    assertEquals(listed(torrent)["日本語/ファイル.dat"], 70_000);
    assertEquals(torrent.files.length, Object.keys(ODD_TREE).length);
    assertEquals(torrent.length, Object.values(ODD_TREE).reduce((a, b) => a + b));
    // On disk, each is where the index says, whatever it is called.
    const { files } = torrent.metainfo.info;
    assertEquals(paths.length, files.length);
    for (const [i, { length, pad }] of files.entries()) {
      if (pad) assertEquals(paths[i], "");
      else assertEquals((await Deno.stat(paths[i]!)).size, length);
    }
    const read = Torrent.parse(torrent.toBytes());
    assertEquals([read.v1Hash, read.v2Hash], [torrent.v1Hash, torrent.v2Hash]);
    assertEquals(read.metainfo.pieceLayers, torrent.metainfo.pieceLayers);
  });

  Deno.test(`a ${format} folder a hundred deep is shared, and a deeper one is refused`, async () => {
    await using temp = await TempFolder.create();
    const path = await makeTree(temp, "deep", deepTree(100));
    const torrent = await torrentOf(path, { format });
    assertEquals(torrent.metainfo.info.files[0]!.path.length, 100);
    const deeper = await makeTree(temp, "deeper", deepTree(101));
    await assertRejects(() => torrentOf(deeper, { format }), DiskError, "deeper than 100 folders");
  });

  Deno.test(`a ${format} folder of empty files has no pieces`, async () => {
    await using temp = await TempFolder.create();
    const torrent = await torrentOf(await makeTree(temp, "nothing", { a: 0, "b/c": 0 }), {
      format,
    });
    assertEquals([torrent.length, torrent.pieceCount], [0, 0]);
    assertEquals(listed(torrent), { a: 0, "b/c": 0 });
  });
}

Deno.test("a folder of one file stays a folder, except in version 2, which says so", async () => {
  await using temp = await TempFolder.create();
  const path = await makeTree(temp, "one", { "a.bin": 20_000 });
  for (const format of FORMATS) {
    const { torrent, paths, warnings } = await warned(path, { format });
    const isFolder = format !== "v2";
    assertEquals([torrent.multiFile, torrent.name], [isFolder, isFolder ? "one" : "a.bin"]);
    assertEquals(paths, [join(path, "a.bin")]);
    assertEquals(warnings.length, isFolder ? 0 : 1);
  }
  // With a folder in between, version 2 can tell as well.
  const nested = await makeTree(temp, "nested", { "sub/a.bin": 20_000 });
  assertEquals((await torrentOf(nested, { format: "v2" })).name, "nested");
});

Deno.test("files in a hybrid are in the order of a v2 tree: by bytes, folder by folder", async () => {
  await using temp = await TempFolder.create();
  const path = await makeTree(temp, "order", ODD_TREE);
  const { torrent, paths } = await warned(path, { format: "hybrid" });
  const order = paths.filter((at) => at !== "").map((at) => at.slice(path.length + 1));
  assertEquals(order.filter((at) => /^[aA]|^[\u{1f41f}\uffee]/u.test(at)), [
    "a/b",
    "a-b",
    "a.b",
    "\uffee",
    "🐟",
  ]);
  assertEquals((await torrentOf(path, { format: "v2" })).v2Hash?.length, 64);
  assertEquals(torrent.metainfo.info.files.filter(({ pad }) => !pad).length, order.length);
});

Deno.test("names that differ on this disk only are shared, each with its own bytes", async () => {
  await using temp = await TempFolder.create();
  // Made safe, some of these are the same two by two; others would be on a disk that ignores case.
  const tree = { "A.txt": 1, "a.txt": 2, "x\u200b": 3, "x": 4, "tab\there": 5, "tab_here": 6 };
  const path = await makeTree(temp, "colliding", tree);
  for (const format of FORMATS) {
    const { torrent, paths } = await warned(path, { format });
    const real = torrent.metainfo.info.files.entries().filter(([, { pad }]) => !pad);
    const names = new Set<string>();
    for (const [i, { length, path: [name] }] of real) {
      assertEquals(tree[paths[i]!.slice(path.length + 1) as keyof typeof tree], length);
      names.add(name!);
    }
    assertEquals(names.size, 6);
  }
});

Deno.test("links to files of the folder are followed, all others are left out and named", async () => {
  await using temp = await TempFolder.create();
  const path = await makeTree(temp, "links", { "real/file": 1000, "z": 1 });
  const outside = await temp.file("outside", "secret");
  await Deno.symlink("real/file", join(path, "inside"));
  await Deno.symlink("../z", join(path, "real", "up"));
  await Deno.symlink("inside", join(path, "twice"));
  for (
    const [target, name] of [
      [outside, "out"],
      ["../../../../../../etc/passwd", "climbs"],
      ["nowhere", "dangling"],
      ["loop", "loop"],
      ["real", "folder"],
      ["..", "real/circle"],
      [".", "self"],
    ]
  ) await Deno.symlink(target!, join(path, name!));
  const { torrent, paths, warnings } = await warned(path);
  assertEquals(listed(torrent), {
    inside: 1000,
    "real/file": 1000,
    "real/up": 1,
    twice: 1000,
    z: 1,
  });
  assertEquals(paths.filter((at) => at.endsWith("real/file")).length, 3);
  assertEquals(warnings.map((text) => text.slice(path.length + 1)).sort(), [
    "climbs is a link that leads out of the folder: it is left out",
    "dangling is a link that leads nowhere: it is left out",
    "folder is a link that does not lead to a file: it is left out",
    "loop is a link that leads nowhere: it is left out",
    "out is a link that leads out of the folder: it is left out",
    "real/circle is a link that leads out of the folder: it is left out",
    "self is a link that leads out of the folder: it is left out",
  ]);
  // The folder itself may be given by a link.
  await Deno.symlink(path, temp.join("alias"));
  assertEquals((await torrentOf(temp.join("alias"))).name, "alias");
});

Deno.test("of much that is left out, ten are named and the rest is counted", async () => {
  await using temp = await TempFolder.create();
  const path = await makeTree(temp, "many", { a: 1 });
  for (let i = 0; i < 25; i++) await Deno.symlink("/etc", join(path, `link${i}`));
  const { warnings } = await warned(path);
  assertEquals(warnings.length, 11);
  assertEquals(warnings.at(-1), `and 15 more in ${path} are left out`);
});

Deno.test("pipes, sockets, empty folders and padding of other programs are left out", async () => {
  await using temp = await TempFolder.create();
  const path = await makeTree(temp, "mixed", { a: 1, "_____padding_file_0_": 16_383 });
  await Deno.mkdir(join(path, "empty", "still empty"), { recursive: true });
  await new Deno.Command("mkfifo", { args: [join(path, "pipe")] }).output();
  using _socket = Deno.listen({ transport: "unix", path: join(path, "socket") });
  const { torrent, warnings } = await warned(path);
  assertEquals(listed(torrent), { a: 1 });
  assertEquals(warnings.length, 3);
});

Deno.test("unfinished downloads of Shoal are left out, those of others are files", async () => {
  await using temp = await TempFolder.create();
  const path = await makeTree(temp, "mixed", {
    "done.iso": 10,
    "half.iso.part": 20,
    "foreign.part": 30,
    "other.part": 40,
    "other.part.resume": 50,
    "folder.part/a": 60,
  });
  for (const name of ["half.iso.part.resume", "folder.part.resume"]) {
    await Deno.writeTextFile(join(path, name), "shoal resume 1\0\0 and so on");
  }
  await Deno.writeTextFile(join(path, "half.iso.part.resume.new"), "shoal resume 2\0\0");
  await Deno.writeTextFile(join(path, "half.iso.part.lock"), "");
  await Deno.writeTextFile(join(path, `.shoal-${crypto.randomUUID()}-a`), "");
  await Deno.writeTextFile(join(path, "lonely.part.lock"), "");
  const { torrent, warnings } = await warned(path);
  assertEquals(listed(torrent), {
    "done.iso": 10,
    "foreign.part": 30,
    "lonely.part.lock": 0,
    "other.part": 40,
    "other.part.resume": 50,
  });
  assertEquals(warnings.length, 7);
});

Deno.test("a name that is not UTF-8 is left out and said", async () => {
  await using temp = await TempFolder.create();
  const path = await makeTree(temp, "raw", { fine: 1 });
  const script = `touch "$1/$(printf 'bad\\377')"; mkdir "$1/$(printf '\\376')"`;
  const made = await new Deno.Command("sh", { args: ["-c", script, "sh", path] }).output();
  assert(made.success);
  const { torrent, warnings } = await warned(path);
  assertEquals(listed(torrent), { fine: 1 });
  assertEquals(warnings.length, 2);
  assert(warnings.every((text) => text.endsWith("has a name that is not UTF-8: it is left out")));
});

Deno.test("a file that changes, shrinks or goes while its folder is hashed is named", async () => {
  await using temp = await TempFolder.create();
  const tree = { a: 100, big: 40 * 2 ** 20, "z/last": 1000 };
  const changes: [(path: string) => void, string][] = [
    [(path) => Deno.truncateSync(path, 2000), "changed"],
    [(path) => Deno.truncateSync(path, 10), "became shorter"],
    [(path) => Deno.removeSync(path), "disappeared"],
  ];
  for (const format of FORMATS) {
    for (const [change, what] of changes) {
      const path = await makeTree(temp, "changing", tree);
      const victim = join(path, "z", "last");
      const made = torrentOf(path, {
        format,
        pieceLength: 2 ** 20,
        onProgress: (doneBytes) => doneBytes === 0 && change(victim),
      });
      const error = await assertRejects(() => made, DiskError);
      assertEquals(
        error.message,
        `${victim} ${what} while it was hashed: try again when it is finished`,
      );
      await Deno.remove(path, { recursive: true });
    }
  }
});

Deno.test("progress counts what is in the files, not their padding", async () => {
  await using temp = await TempFolder.create();
  const path = await makeTree(temp, "padded", { a: 5, b: 40_000, c: 0, "d/e": 17 });
  for (const format of FORMATS) {
    const told: number[] = [];
    await torrentOf(path, { format, onProgress: (done, total) => told.push(done, total) });
    assertEquals([told[0], told.at(-2), told.at(-1)], [0, 40_022, 40_022]);
  }
});

Deno.test("thousands of small files are no burden: few are open at once", async () => {
  await using temp = await TempFolder.create();
  const tree = Object.fromEntries(
    Array.from({ length: 5000 }, (_, i) => [`d${i % 40}/file${i}`, i % 300]),
  );
  const path = await makeTree(temp, "many", tree);
  const openFiles = () => openFilesIn(path);
  let most = 0;
  for (const format of FORMATS) {
    const torrent = await torrentOf(path, {
      format,
      onProgress: () => most = Math.max(most, openFiles()),
    });
    assertEquals(torrent.files.length, 5000);
    assertEquals(listed(torrent), tree);
  }
  assert(most > 0 && most < 600, `${most} files open`);
  assertEquals(openFiles(), 0);
});

/** How many files below `folder` this process has open; other tests run in it at the same time. */
function openFilesIn(folder: string): number {
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith(folder)) count++;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // closed meanwhile
    }
  }
  return count;
}

Deno.test("small files get short pieces in a hybrid, so that little padding is hashed", async () => {
  await using temp = await TempFolder.create();
  const tree = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, 10_000]));
  const path = await makeTree(temp, "small", tree);
  assertEquals((await torrentOf(path)).pieceLength, 16_384);
  assertEquals((await torrentOf(path, { format: "v1" })).pieceLength, 32_768);
  assertEquals((await torrentOf(path, { pieceLength: 2 ** 20 })).pieceCount, 300);
});

Deno.test("the same file twice has one piece layer", async () => {
  await using temp = await TempFolder.create();
  const bytes = pseudoRandomBytes(100_000, 9);
  for (const name of ["twins/a", "twins/b"]) {
    await Deno.mkdir(dirname(temp.join(name)), { recursive: true });
    await temp.file(name, bytes);
  }
  const torrent = await torrentOf(temp.join("twins"), { pieceLength: 16_384 });
  assertEquals([torrent.pieceCount, torrent.metainfo.pieceLayers.size], [14, 1]);
  assertEquals(Torrent.parse(torrent.toBytes()).v2Hash, torrent.v2Hash);
});

Deno.test("the .torrent file that is written into the shared folder is none of its files, however it is named", async () => {
  await using temp = await TempFolder.create();
  const path = await makeTree(temp, "box", { one: 10, "sub/two": 20 });
  await Deno.symlink(path, temp.join("way"));
  const { torrent: before } = await warned(path);
  for (const name of ["box.torrent", "sub/a.torrent"]) {
    for (const torrentFile of [join(path, name), temp.join("way", name), join(path, ".", name)]) {
      assertEquals((await warned(path, { torrentFile })).warnings, []);
      await Deno.writeFile(join(path, name), before.toBytes() as Uint8Array<ArrayBuffer>);
      const { torrent, warnings } = await warned(path, { torrentFile });
      assertEquals([torrent.v1Hash, torrent.v2Hash], [before.v1Hash, before.v2Hash]);
      assertEquals(warnings, [
        `${join(path, name)} is the .torrent file that is written: it is left out`,
      ]);
      await Deno.remove(join(path, name));
    }
  }
});

Deno.test("a file that is shared is not written over by its own torrent", async () => {
  await using temp = await TempFolder.create();
  const path = await temp.file("a.torrent", "d4:infodee");
  const work = () =>
    createContent(path, { cache: false, torrentFile: join(temp.path, ".", "a.torrent") });
  await assertRejects(work, OptionError, "is what is shared: name another .torrent file");
});

for (const format of FORMATS) {
  Deno.test(`what a ${format} seeder shares verifies in its own folder, whatever it is called`, async () => {
    await using temp = await TempFolder.create();
    const names = [
      "Icon\r",
      "photo\u202egpj.exe",
      "photogpj.exe",
      "line\u2028end",
      "Q: what.txt",
      "dev\\x2d.swap",
      "e\u0301",
      "\u00e9",
      "\u0645\u06cc\u200c\u062e.txt",
      "x ",
      "CON",
      "sub\u0007/a",
      "N".repeat(255),
    ];
    const tree = Object.fromEntries(names.map((name, i) => [name, 100 + i]));
    const path = await makeTree(temp, "names", tree);
    const torrent = await torrentOf(path, { format, pieceLength: 16_384 });
    const file = await temp.file("names.torrent", torrent.toBytes() as Uint8Array<ArrayBuffer>);
    const { ok, badFiles } = await verifyFile(file, { out: temp.path });
    assertEquals([ok, badFiles], [true, []]);
    await Deno.remove(join(path, "photogpj.exe"));
    const { badFiles: missing } = await verifyFile(file, { out: temp.path });
    assertEquals(missing.length, format === "v1" ? names.length : 1); // in v1 they share a piece
  });
}
