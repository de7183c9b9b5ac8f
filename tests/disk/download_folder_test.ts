/**
 * A folder on disk while it is downloaded: where its files are, what is kept, what stands in the way.
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { dirname, join } from "@std/path";
import { errorText } from "../../lib/cli/text/advice.ts";
import { slotsFor } from "../../lib/client/download.ts";
import { sha1 } from "../../lib/codec/hash.ts";
import { buildInfo, buildMetainfo } from "../../lib/codec/torrent/metainfo.ts";
import { MAX_PIECE_LENGTH } from "../../lib/codec/torrent/piece_length.ts";
import { FolderTree } from "../../lib/disk/download/folder_tree.ts";
import { nameOn, resolveNameConflicts } from "../../lib/disk/download/name_conflicts.ts";
import { DiskError, ExitCode, OptionError, Torrent } from "../../mod.ts";
import { TempFolder } from "../../support/temp.ts";
import { torrentOf } from "../support/clients/library.ts";
import { indexOf, missing, prepare } from "../support/folder_download.ts";
import { digestsOf, makeTree, ODD_TREE, type Tree } from "../support/folders.ts";

const PIECE = 16_384;
const FORMATS = ["hybrid", "v2", "v1"] as const;
type Format = typeof FORMATS[number];

/** Two files that share a piece in v1, one in a folder, one that is empty. */
const TREE: Tree = {
  "a.bin": 3 * PIECE + 100,
  "b/c.bin": 2 * PIECE + 7,
  "b/empty": 0,
  "d.bin": 5 * PIECE,
};

interface Scene extends AsyncDisposable {
  readonly temp: TempFolder;
  readonly origin: string;
  readonly torrent: Torrent;
  /** Where it is downloaded to, and the folder that is to be there. */
  readonly out: string;
  readonly final: string;
  prepare: (choices?: Parameters<typeof prepare>[2]) => ReturnType<typeof prepare>;
  /** What there is where it is downloaded to. */
  names(): Promise<string[]>;
}

async function scene(format: Format = "hybrid", tree: Tree = TREE): Promise<Scene> {
  const temp = await TempFolder.create();
  const origin = await makeTree(temp, "origin/things", tree);
  const torrent = await torrentOf(origin, { format, pieceLength: PIECE });
  const out = await temp.folder("out");
  return {
    temp,
    origin,
    torrent,
    out,
    final: join(out, "things"),
    prepare: (choices = {}) => prepare(torrent, origin, { out, ...choices }),
    names: async () => [...(await digestsOf(out)).keys()],
    [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose](),
  };
}

/** The message of the DiskError with this exit code. */
async function refusal(
  work: () => Promise<unknown>,
  exitCode: ExitCode = ExitCode.fileExists,
) {
  const error = await assertRejects(work, DiskError);
  assertEquals(error.exitCode, exitCode, error.message);
  return errorText(error);
}

for (const format of FORMATS) {
  Deno.test(`a ${format} folder grows beside its place and gets there as a whole`, async () => {
    await using s = await scene(format);
    await using download = await s.prepare();
    const growing = ["a.bin", "b/c.bin", "b/empty", "d.bin"].map((name) => `things.part/${name}`);
    assertEquals(
      await s.names(),
      [
        "things.part.lock",
        "things.part.resume",
        ...growing,
      ].sort(),
    );
    assertEquals((await Deno.stat(`${s.final}.part/d.bin`)).size, 5 * PIECE);
    await download.store();
    assert(!(await s.names()).some((name) => name.startsWith("things/")));
    await download.parts.files.finish();
    assertEquals(await digestsOf(s.out), await digestsOf(dirname(s.origin)));
    assertEquals(download.parts.files.paths.filter((path) => path !== "").length, 4);
  });

  Deno.test(`of a ${format} folder only what was chosen is there, the rest can follow`, async () => {
    await using s = await scene(format);
    const c = indexOf(s.torrent, "b/c.bin");
    {
      await using download = await s.prepare({ select: [c] });
      assertEquals(download.parts.selection.totalBytes, 2 * PIECE + 7);
      assertEquals(await s.names(), [
        "things.part.lock",
        "things.part.resume",
        "things.part/b/c.bin",
      ]);
      assert(missing(download.parts).length < 5);
      await download.store();
      await download.parts.files.finish();
    }
    assertEquals(await s.names(), ["things/b/c.bin"]);
    const { mtime, ino } = await Deno.stat(join(s.final, "b/c.bin"));
    {
      await using download = await s.prepare();
      assert(!(await s.names()).includes("things.part/b/c.bin"));
      await download.store();
      await download.parts.files.finish();
    }
    assertEquals(await digestsOf(s.out), await digestsOf(dirname(s.origin)));
    const after = await Deno.stat(join(s.final, "b/c.bin"));
    assertEquals(after.ino, ino);
    if (format !== "v1") assertEquals(after.mtime, mtime);
  });

  Deno.test(`a complete ${format} folder is recognized, and nothing is written`, async () => {
    await using s = await scene(format);
    const out = dirname(s.origin);
    const before = await digestsOf(out);
    await Deno.chmod(out, 0o555);
    try {
      await using download = await s.prepare({ out });
      assert(download.parts.files.wasComplete && download.parts.files.have.isFull);
      assertEquals(await digestsOf(out), before);
    } finally {
      await Deno.chmod(out, 0o755);
    }
  });

  Deno.test(`an unfinished ${format} folder is continued without hashing, unless it was touched`, async () => {
    await using s = await scene(format);
    {
      await using download = await s.prepare();
      await download.store(missing(download.parts).slice(2, 7));
    }
    {
      await using download = await s.prepare();
      assertEquals([download.wasHashed, download.parts.files.have.count], [false, 5]);
    }
    await Deno.utime(`${s.final}.part/d.bin`, new Date(), new Date(Date.now() - 60_000));
    {
      await using download = await s.prepare();
      assertEquals([download.wasHashed, download.parts.files.have.count], [true, 5]);
    }
    await Deno.writeFile(`${s.final}.part/a.bin`, new Uint8Array(3 * PIECE + 100).fill(9));
    await using download = await s.prepare();
    assert(download.wasHashed && download.parts.files.have.count < 5);
    await download.store();
    await download.parts.files.finish();
    assertEquals(await digestsOf(s.out), await digestsOf(dirname(s.origin)));
  });

  Deno.test(`${format} files with odd names and in deep folders arrive under these names`, async () => {
    await using s = await scene(format, { ...ODD_TREE, [`${"d/".repeat(60)}leaf`]: 9 });
    await using download = await s.prepare();
    await download.parts.files.noteTorrent();
    const { info } = s.torrent.metainfo;
    const real = info.files.filter(({ pad }) => !pad);
    assertEquals((await s.names()).length, real.length + 2);
    for (const [i, { path }] of info.files.entries()) {
      if (info.files[i]!.pad) continue;
      assertEquals(download.parts.files.paths[i], join(`${s.final}.part`, ...path));
    }
  });
}

Deno.test("a selection that changes keeps what was begun for later", async () => {
  await using s = await scene();
  const [a, d] = [indexOf(s.torrent, "a.bin"), indexOf(s.torrent, "d.bin")];
  {
    await using download = await s.prepare({ select: [d] });
    await download.store(missing(download.parts).slice(0, 3));
  }
  {
    await using download = await s.prepare({ select: [a] });
    assertEquals(download.parts.files.have.count, 3);
    await download.store();
    await download.parts.files.finish();
  }
  assertEquals(await s.names(), ["things.part.resume", "things.part/d.bin", "things/a.bin"]);
  await using download = await s.prepare({ select: [a, d] });
  assertEquals(missing(download.parts).length, 2);
  await download.store();
  await download.parts.files.finish();
  assertEquals(await s.names(), ["things/a.bin", "things/d.bin"]);
});

Deno.test("pieces of v1 that reach into files not chosen are fetched, but never given away", async () => {
  await using s = await scene("v1");
  const a = indexOf(s.torrent, "a.bin");
  {
    await using download = await s.prepare({ select: [a] });
    const { files, selection, layout } = download.parts;
    assertEquals([...files.fragments!.ones()], [3]); // its other bytes are of b/c.bin
    assertEquals(selection.bytesOf(layout.pieceIndex(3)!), 100);
    assertEquals(selection.bytesIn(selection.wanted!), 3 * PIECE + 100);
    await download.store();
  }
  {
    await using download = await s.prepare({ select: [a] });
    assertEquals(missing(download.parts), [3] as never[]); // it is not known to be whole on disk
    await download.store();
    await download.parts.files.finish();
  }
  assertEquals(await s.names(), ["things/a.bin"]);
  assertEquals(
    await Deno.readFile(join(s.final, "a.bin")),
    await Deno.readFile(join(s.origin, "a.bin")),
  );
});

Deno.test("what was begun as a whole goes on as a part, and piece by piece nothing is believed too early", async () => {
  await using s = await scene("v1");
  const c = indexOf(s.torrent, "b/c.bin");
  {
    await using download = await s.prepare({ select: [c] });
    await download.store(); // pieces 3 and 5 are shared with the neighbours
  }
  await using download = await s.prepare();
  assertEquals([...download.parts.files.have.ones()], [4]);
  await download.store();
  await download.parts.files.finish();
  assertEquals(await digestsOf(s.out), await digestsOf(dirname(s.origin)));
});

Deno.test("a finished file that is something else stays, or is replaced if that is asked for", async () => {
  await using s = await scene();
  await Deno.mkdir(s.final);
  for (const length of [10, 5 * PIECE]) {
    await Deno.writeFile(join(s.final, "d.bin"), new Uint8Array(length));
    const message = await refusal(() => s.prepare());
    assert(/d\.bin exists and is something else: .*--overwrite$/.test(message), message);
    assertEquals((await Deno.stat(join(s.final, "d.bin"))).size, length);
  }
  {
    await using other = await s.prepare({ select: [indexOf(s.torrent, "a.bin")] });
    await other.store();
    await other.parts.files.finish();
  }
  await using download = await s.prepare({ overwrite: true });
  assertEquals((await Deno.readFile(join(s.final, "d.bin"))).length, 5 * PIECE);
  await download.store();
  await download.parts.files.finish();
  assertEquals(await digestsOf(s.out), await digestsOf(dirname(s.origin)));
});

Deno.test("an unfinished folder of another download stays, or is replaced if that is asked for", async () => {
  await using s = await scene();
  await Deno.mkdir(`${s.final}.part`);
  await Deno.writeTextFile(`${s.final}.part/a.bin`, "mine");
  assert((await refusal(() => s.prepare())).includes("belongs to another download"));
  assertEquals(await Deno.readTextFile(`${s.final}.part/a.bin`), "mine");
  await Deno.writeTextFile(`${s.final}.part/stray`, "not of this torrent");
  await using download = await s.prepare({ overwrite: true });
  await download.store();
  await download.parts.files.finish();
  const expected = (await digestsOf(dirname(s.origin))).keys();
  assertEquals(await s.names(), ["things.part/stray", ...expected]);
});

Deno.test("nothing is written through a symbolic link, wherever it is", async () => {
  await using s = await scene();
  const outside = await s.temp.folder("outside");
  for (
    const at of [
      "things",
      "things.part",
      "things/b",
      "things.part/b",
      "things/a.bin",
      "things.part/a.bin",
    ]
  ) {
    const link = join(s.out, at);
    await Deno.mkdir(dirname(link), { recursive: true });
    await Deno.symlink(outside, link);
    const message = await refusal(() => s.prepare({ overwrite: true }));
    assert(message.includes(`${at} is a symbolic link`), message);
    assertEquals(await Array.fromAsync(Deno.readDir(outside)), [], at);
    await Deno.remove(s.out, { recursive: true });
  }
  await Deno.mkdir(s.out);
  await Deno.symlink(join(outside, "nowhere"), join(s.out, "things.part"));
  await refusal(() => s.prepare());
});

Deno.test("a link that comes while a folder is downloaded is not followed either", async () => {
  await using s = await scene();
  const outside = await s.temp.folder("outside");
  await Deno.mkdir(s.final); // so that files are moved one by one
  await using download = await s.prepare();
  await download.store();
  await Deno.symlink(outside, join(s.final, "b"));
  assert((await refusal(() => download.parts.files.finish())).includes("is a symbolic link"));
  assertEquals(await Array.fromAsync(Deno.readDir(outside)), []);
});

Deno.test("a file where a folder must be, and a folder where a file must be, are told of", async () => {
  await using s = await scene();
  for (const part of ["", ".part"]) {
    const root = s.final + part;
    await Deno.writeTextFile(root, "a file");
    assert((await refusal(() => s.prepare())).includes("is a file, and a folder has to be there"));
    await Deno.remove(root);
    await Deno.mkdir(join(root, "a.bin"), { recursive: true });
    assert(
      (await refusal(() => s.prepare())).includes("a.bin is no file, and one has to be there"),
    );
    await Deno.remove(root, { recursive: true });
    await Deno.mkdir(root);
    await Deno.writeTextFile(join(root, "b"), "a file");
    assert(
      (await refusal(() => s.prepare())).includes("b is a file, and a folder has to be there"),
    );
    await Deno.remove(root, { recursive: true });
  }
  const out = await s.temp.file("taken", "a file");
  assert((await refusal(() => s.prepare({ out }))).includes('is a file, and "things" is a folder'));
});

Deno.test("two names that are one file to the disk are told of instead of written over each other", async () => {
  await using s = await scene("hybrid", { "one": 100, "two": 100 });
  await Deno.mkdir(`${s.final}.part`);
  await Deno.writeFile(`${s.final}.part/one`, new Uint8Array(100));
  await Deno.link(`${s.final}.part/one`, `${s.final}.part/two`);
  assert(
    (await refusal(() => s.prepare())).includes("has the name of another file of the torrent"),
  );
});

Deno.test("a file is made only where none is, whatever names the disk takes for the same", async () => {
  await using temp = await TempFolder.create();
  const tree = new FolderTree(temp.join("things"));
  tree.create(["a", "b"], 5);
  const again = () => tree.create(["a", "b"], 5); // as a disk does that ignores case, say
  assertMatch(errorText(assertThrows(again, DiskError)), /a\/b cannot be made: .*--select$/);
  assertEquals(tree.look(["a"]).type, "obstacle");
  assertEquals(tree.look(["a", "b", "c"]).type, "obstacle");
  assertEquals(tree.look(["A", "x"]).type, "nothing");
});

Deno.test("a folder with the longest of names keeps it, and leaves room for the endings of what is unfinished", async () => {
  await using temp = await TempFolder.create();
  const name = "n".repeat(250) + ".dir";
  const origin = await makeTree(temp, `origin/${name}`, { [`${"f".repeat(251)}.bin`]: 10 });
  const torrent = await torrentOf(origin);
  const out = await temp.folder("out");
  await using download = await prepare(torrent, origin, { out });
  await download.store();
  await download.parts.files.finish();
  const path = join(name, `${"f".repeat(251)}.bin`);
  assertEquals([...(await digestsOf(out)).keys()], [path]);
});

Deno.test("one leecher at a time writes to a place", async () => {
  await using s = await scene();
  {
    await using _first = await s.prepare();
    const message = await refusal(() => s.prepare());
    assert(message.includes("another leecher is writing"), message);
  }
  await using _next = await s.prepare();
});

Deno.test("a selection that names no file is refused with what there is", async () => {
  await using s = await scene();
  for (const select of [[4], [0, 99], [-1], [0.5], []]) {
    const error = await assertRejects(() => s.prepare({ select }), OptionError);
    assertEquals(error.exitCode, ExitCode.badOption);
    assertMatch(errorText(error), /the files 0 to 3; --list shows|no file is chosen/);
  }
  await assertRejects(() => s.prepare({ selectOnly: [1000] }), OptionError);
  assertEquals(await s.names(), []);
});

Deno.test("a magnet link's selection counts the pads of a hybrid, a user's does not", async () => {
  await using s = await scene();
  const { files } = s.torrent.metainfo.info;
  assertEquals(files.map(({ pad }) => pad), [false, true, false, true, false, false]);
  await using linked = await s.prepare({ selectOnly: [2, 3] });
  assertEquals(linked.parts.selection.totalBytes, 2 * PIECE + 7);
  await linked.parts.files.leave();
  await using chosen = await s.prepare({ selectOnly: [2, 3], select: [3] });
  assertEquals(chosen.parts.selection.totalBytes, 5 * PIECE);
  await chosen.parts.files.leave();
  await assertRejects(() => s.prepare({ selectOnly: [1] }), OptionError, "chooses no file");
});

Deno.test("a folder can have no checksum", async () => {
  await using s = await scene();
  const checksum = `sha-256=${"0".repeat(64)}`;
  await assertRejects(() => s.prepare({ checksum }), OptionError, "is for single files");
});

Deno.test("whatever can be listed can be got, up to the longest pieces, in bounded memory", async () => {
  assertEquals(slotsFor({ pieceLength: 16_384, pieceCount: 9999 }), 512);
  assertEquals(slotsFor({ pieceLength: 2 ** 24, pieceCount: 9999 }), 4);
  for (let pieceLength = 2 ** 25; pieceLength <= 2 ** 28; pieceLength *= 2) {
    const slots = slotsFor({ pieceLength, pieceCount: 9999 });
    assert(slots >= 2 && slots * pieceLength <= 2 ** 29, `${slots} of ${pieceLength}`);
  }
  assertEquals(slotsFor({ pieceLength: MAX_PIECE_LENGTH, pieceCount: 9999 }), 1);
  await using temp = await TempFolder.create();
  const origin = await makeTree(temp, "origin", { "one.bin": 20_000 });
  const made = await torrentOf(join(origin, "one.bin"), { format: "v2", pieceLength: 65_536 });
  for (const pieceLength of [2 ** 28, 2 ** 28 - 2 ** 14]) {
    const isV2 = pieceLength === 2 ** 28;
    const { files: [file] } = made.metainfo.info;
    const infoBytes = buildInfo({
      name: "one.bin",
      pieceLength,
      version: isV2 ? "v2" : "v1",
      multiFile: false,
      files: isV2 ? [file!] : [{ path: ["one.bin"], length: 20_000 }],
      ...(!isV2 && { pieces: sha1(await Deno.readFile(join(origin, "one.bin"))) }),
    });
    const torrent = Torrent.parse(buildMetainfo({ infoBytes }));
    const out = await temp.folder(`out-${pieceLength}`);
    await using download = await prepare(torrent, origin, { out });
    await download.store();
    await download.parts.files.finish();
    assertEquals(await digestsOf(out), await digestsOf(origin));
  }
});

Deno.test("a single file keeps the longest of names, and leaves nothing behind", async () => {
  for (const bytes of [239, 240, 250, 255]) {
    await using temp = await TempFolder.create();
    const names = ["a", "b"].map((end) => "\u0e01".repeat((bytes - 6) / 3) + `${end}.bin`)
      .map((name) =>
        name.padStart(name.length + bytes - new TextEncoder().encode(name).length, "n")
      );
    const out = await temp.folder("out");
    const origin = await makeTree(temp, "origin", { [names[0]!]: 10, [names[1]!]: 20 });
    // Side by side: what is cut of their unfinished names is all that they differ in.
    const torrents = await Promise.all(names.map((name) => torrentOf(join(origin, name))));
    await using first = await prepare(torrents[0]!, origin, { out });
    await using second = await prepare(torrents[1]!, origin, { out });
    for (const download of [first, second]) {
      await download.store();
      await download.parts.files.finish();
    }
    assertEquals(await digestsOf(out), await digestsOf(origin), `${bytes} bytes`);
  }
});

Deno.test("a path longer than the system takes is told of in a sentence that can be read", async () => {
  const path = [...Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(250, "d")), "leaf"];
  await using temp = await TempFolder.create();
  const infoBytes = buildInfo({
    name: "deep",
    pieceLength: 16_384,
    version: "v1",
    multiFile: true,
    files: [{ path, length: 5 }],
    pieces: new Uint8Array(20),
  });
  const torrent = Torrent.parse(buildMetainfo({ infoBytes }));
  const out = await temp.folder("out");
  const sentence = await refusal(() => prepare(torrent, "", { out }), ExitCode.io);
  assertMatch(
    sentence,
    /^.{1,500} is too long a name or path for this disk: choose another with -o/,
  );
  assertEquals((await digestsOf(out)).size, 0);
});

Deno.test("where the disk takes fewer signs than Linux, files get names that it takes", async () => {
  const rules = () => Promise.resolve({ ignoresCase: true, ignoresComposition: false });
  const disk = { rules, holdsAllSigns: () => Promise.resolve(false) };
  const files = ["Q: what?.txt", "Q_ what_.txt", "sub. /nul"].map((name) => ({
    path: name.split("/"),
    length: 1,
    pad: false,
  }));
  const named = await resolveNameConflicts("", files, disk);
  assertEquals(named.map(({ path }) => path.join("/")), [
    "Q_ what_.txt",
    "Q_ what_.1.txt",
    "sub_/_nul",
  ]);
  assertEquals(await nameOn("", "10:30", disk), "10_30");
  assertEquals(await nameOn("", "10.30", disk), "10.30");
});
