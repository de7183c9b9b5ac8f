/**
 * Somebody else may write to the folder that a download goes to: links, pipes and files planted there,
 * before it begins and while it runs. Nothing outside is touched, nothing of others is replaced.
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { errorText } from "../../lib/cli/text/advice.ts";
import { ResumeFile } from "../../lib/disk/download/resume_file.ts";
import { DiskError, ExitCode, type Torrent } from "../../mod.ts";
import { TempFolder } from "../../support/temp.ts";
import { torrentOf } from "../support/clients/library.ts";
import { missing, prepare } from "../support/folder_download.ts";
import { digestsOf, makeTree, type Tree } from "../support/folders.ts";

const PIECE = 16_384;
const LENGTH = 6 * PIECE + 5;
const TREE: Tree = { "a.bin": 2 * PIECE, "sub/b.bin": 3 * PIECE + 9, "sub/c.bin": PIECE };

interface Scene extends AsyncDisposable {
  readonly temp: TempFolder;
  readonly origin: string;
  readonly torrent: Torrent;
  readonly out: string;
  prepare(choices?: { overwrite?: boolean; out?: string }): ReturnType<typeof prepare>;
  /** A file of somebody else's, and whether it is as it was. */
  readonly precious: string;
  assertUntouched(): Promise<void>;
}

async function scene(tree?: Tree): Promise<Scene> {
  const temp = await TempFolder.create();
  const folder = tree === undefined ? "origin" : "origin/things";
  const origin = await makeTree(temp, folder, tree ?? { "f.bin": LENGTH });
  const shared = tree === undefined ? join(origin, "f.bin") : origin;
  const torrent = await torrentOf(shared, { pieceLength: PIECE });
  const out = await temp.folder("out");
  // Of the same length as what is downloaded, so that nothing but the link tells it apart.
  const precious = await temp.file("precious", new Uint8Array(LENGTH).fill(7));
  return {
    temp,
    origin,
    torrent,
    out,
    precious,
    prepare: (choices = {}) => prepare(torrent, origin, { out, ...choices }),
    async assertUntouched() {
      assertEquals(await Deno.readFile(precious), new Uint8Array(LENGTH).fill(7));
    },
    [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose](),
  };
}

async function refusal(work: () => Promise<unknown>, exitCode: ExitCode = ExitCode.fileExists) {
  const error = await assertRejects(work, DiskError);
  assertEquals(error.exitCode, exitCode, error.message);
  return errorText(error);
}

/** Gets all that is missing and puts it in its place. */
async function complete(s: Scene, choices?: { overwrite?: boolean; out?: string }): Promise<void> {
  await using download = await s.prepare(choices);
  await download.store();
  await download.parts.files.finish();
}

Deno.test("a link under a name of the unfinished download is refused or replaced, and never followed", async () => {
  for (const leads of ["to a file", "to nothing"]) {
    for (const ending of [".part", ".part.lock", ".part.resume", ".part.resume.new", ""]) {
      for (const overwrite of [false, true]) {
        await using s = await scene();
        const target = leads === "to a file" ? s.precious : s.temp.join("not there");
        const planted = join(s.out, `f.bin${ending}`);
        await Deno.symlink(target, planted);
        const mayGoOn = ending.startsWith(".part.resume") || ending === "" && overwrite;
        if (mayGoOn) {
          await complete(s, { overwrite });
          const bytes = await Deno.readFile(join(s.out, "f.bin"));
          assertEquals(bytes, await Deno.readFile(join(s.origin, "f.bin")));
        } else {
          const sentence = await refusal(() => s.prepare({ overwrite }));
          assertMatch(sentence, /symbolic link.*: remove it|exists and is something else: move it/);
        }
        await s.assertUntouched();
        const isThere = await Deno.lstat(s.temp.join("not there")).then(() => true, () => false);
        assertEquals(isThere, false, `${ending} ${leads} ${overwrite}`);
      }
    }
  }
});

Deno.test("an unfinished file with a second name is not written to; --overwrite leaves the other name alone", async () => {
  await using s = await scene();
  await Deno.link(s.precious, join(s.out, "f.bin.part"));
  assertMatch(await refusal(() => s.prepare()), /f\.bin\.part has a second name .*--overwrite$/);
  await complete(s, { overwrite: true });
  await s.assertUntouched();
});

Deno.test("so it is in a folder: a second name is told of, and --overwrite makes the file anew", async () => {
  await using s = await scene({ "f.bin": LENGTH, "g.bin": 5 });
  await Deno.mkdir(join(s.out, "things.part"));
  await Deno.link(s.precious, join(s.out, "things.part/f.bin"));
  assertMatch(await refusal(() => s.prepare()), /f\.bin has a second name .*--overwrite$/);
  await complete(s, { overwrite: true });
  await s.assertUntouched();
});

Deno.test("a pipe or a folder under a name of the unfinished download is told of at once", async () => {
  for (const kind of ["pipe", "folder"]) {
    for (const ending of [".part", ".part.lock"]) {
      await using s = await scene();
      const planted = join(s.out, `f.bin${ending}`);
      if (kind === "folder") await Deno.mkdir(planted);
      else await new Deno.Command("mkfifo", { args: [planted] }).output();
      assertMatch(await refusal(() => s.prepare()), /is no file, and .* has to be there: move it/);
    }
  }
});

Deno.test("an unfinished file replaced by a link while it grows gets no more bytes, and neither does the link's", async () => {
  await using s = await scene();
  const part = join(s.out, "f.bin.part");
  await using download = await s.prepare();
  await download.store(missing(download.parts).slice(0, 2));
  await Deno.rename(part, `${part}.away`);
  await Deno.symlink(s.precious, part);
  assertMatch(await refusal(() => download.store()), /something else was put in its place/);
  await s.assertUntouched();
});

Deno.test("a folder swapped for a link while it is downloaded leads nobody out", async () => {
  await using s = await scene(TREE);
  const outside = await makeTree(s.temp, "outside", { "b.bin": 3 * PIECE + 9, "c.bin": PIECE });
  const before = await digestsOf(outside);
  await using download = await s.prepare();
  await download.store(missing(download.parts).slice(0, 1));
  await Deno.rename(join(s.out, "things.part/sub"), s.temp.join("away"));
  await Deno.symlink(outside, join(s.out, "things.part/sub"));
  assertMatch(await refusal(() => download.store()), /sub\/[bc]\.bin is not the file any more/);
  assertEquals(await digestsOf(outside), before);
});

Deno.test("a resume file replaced by a link while pieces are noted is left alone", async () => {
  await using s = await scene();
  const resume = join(s.out, "f.bin.part.resume");
  {
    await using download = await s.prepare();
    await Deno.remove(resume);
    await Deno.symlink(s.precious, resume);
    await refusal(() => download.store());
  }
  await s.assertUntouched();
});

Deno.test("a file that came to the final name meanwhile stays: exit 13, and nothing that was got is lost", async () => {
  for (const kind of ["file", "link"]) {
    await using s = await scene();
    const final = join(s.out, "f.bin");
    {
      await using download = await s.prepare();
      await download.store();
      if (kind === "file") await Deno.writeTextFile(final, "my own");
      else await Deno.symlink(s.precious, final);
      const sentence = await refusal(() => download.parts.files.finish());
      assertEquals(
        sentence,
        `${final} exists and is something else: move it, choose another place with -o, ` +
          "or replace it with --overwrite",
      );
    }
    if (kind === "file") assertEquals(await Deno.readTextFile(final), "my own");
    await s.assertUntouched();
    await refusal(() => s.prepare());
    await using download = await s.prepare({ overwrite: true });
    assertEquals([missing(download.parts), download.wasHashed && kind === "file"], [[], false]);
    await download.parts.files.finish();
    assertEquals(await Deno.readFile(final), await Deno.readFile(join(s.origin, "f.bin")));
    await s.assertUntouched();
    assertEquals([...(await digestsOf(s.out)).keys()], ["f.bin"]);
  }
});

Deno.test("so it is in a folder, file by file: what is there stays, the rest gets to its place later", async () => {
  await using s = await scene(TREE);
  const own = join(s.out, "things/sub/b.bin");
  {
    await using download = await s.prepare();
    await download.store();
    await makeTree(s.temp, "out/things", { "sub/b.bin": 1 });
    await Deno.writeTextFile(own, "my own");
    assertMatch(
      await refusal(() => download.parts.files.finish()),
      /sub\/b\.bin exists and is something else/,
    );
  }
  assertEquals(await Deno.readTextFile(own), "my own");
  await refusal(() => s.prepare());
  await Deno.remove(own);
  await using download = await s.prepare();
  assertEquals(missing(download.parts), []);
  await download.parts.files.finish();
  assertEquals(await digestsOf(s.out), await digestsOf(dirname(s.origin)));
});

Deno.test("data that somebody overwrote or cut while it grew is not called verified: what is right is kept", async () => {
  const tamper = {
    overwritten: async (part: string) => {
      using file = await Deno.open(part, { write: true });
      await file.write(new Uint8Array(2 * PIECE).fill(0xaa));
    },
    "overwritten and dated back": async (part: string) => {
      const { mtime } = await Deno.stat(part);
      using file = await Deno.open(part, { write: true });
      await file.write(new Uint8Array(2 * PIECE).fill(0xaa));
      await file.utime(mtime!, mtime!);
    },
    cut: (part: string) => Deno.truncate(part, PIECE),
  };
  for (const [how, work] of Object.entries(tamper)) {
    await using s = await scene();
    const part = join(s.out, "f.bin.part");
    {
      await using download = await s.prepare();
      await download.store(missing(download.parts).slice(0, 4));
      await work(part);
      await download.store();
      const sentence = await refusal(() => download.parts.files.finish(), ExitCode.io);
      assertMatch(
        sentence,
        /something else wrote to .*f\.bin\.part .*: run the same command again/,
      );
    }
    await using download = await s.prepare();
    assertEquals(missing(download.parts).length, how === "cut" ? 3 : 2, how);
    await download.store();
    await download.parts.files.finish();
    const bytes = await Deno.readFile(join(s.out, "f.bin"));
    assertEquals(bytes, await Deno.readFile(join(s.origin, "f.bin")), how);
  }
});

Deno.test("a touch that changes no byte costs a look at all of it, and nothing else", async () => {
  await using s = await scene();
  await using download = await s.prepare();
  await download.store(missing(download.parts).slice(0, 4));
  await Deno.utime(join(s.out, "f.bin.part"), 1e9, 1e9);
  await download.store();
  await download.parts.files.finish();
  const bytes = await Deno.readFile(join(s.out, "f.bin"));
  assertEquals(bytes, await Deno.readFile(join(s.origin, "f.bin")));
});

Deno.test("notes that claim what is not there are found out by a look at some of it", async () => {
  await using s = await scene();
  {
    await using download = await s.prepare();
    await download.store();
    await download.parts.files.leave(); // all noted and closed, as by an honest run
  }
  const part = join(s.out, "f.bin.part");
  const resume = `${part}.resume`;
  const noted = await Deno.readFile(resume);
  {
    // The same file with other bytes, and notes that somebody closed over it.
    using file = await Deno.open(part, { write: true });
    await file.write(new Uint8Array(LENGTH));
  }
  const infoHash = s.torrent.metainfo.info.v1Hash!;
  const map = new Uint8Array(s.torrent.pieceCount).fill(1);
  const file = await ResumeFile.write(resume, {
    data: [part],
    infoHash,
    map,
    torrent: new Uint8Array(),
  });
  await file.close([part]);
  assert((await Deno.readFile(resume)).length < noted.length);
  await using download = await s.prepare();
  assertEquals([download.wasHashed, download.parts.files.have.isEmpty], [true, true]);
});

Deno.test("a program that ended between the two names of a finished file leaves nothing behind next time", async () => {
  await using s = await scene();
  await complete(s);
  const final = join(s.out, "f.bin");
  await Deno.link(final, `${final}.part`);
  await Deno.writeTextFile(`${final}.part.lock`, "");
  await using download = await s.prepare();
  assertEquals(download.parts.files.wasComplete, true);
  assertEquals([...(await digestsOf(s.out)).keys()], ["f.bin"]);
});
