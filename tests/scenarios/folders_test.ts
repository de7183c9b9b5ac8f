/**
 * Folders, with the programs as a user starts them: all of one, some of its files, the rest later, and
 * what stands in the way.
 * @module
 */

import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { RESUME_MAP_OFFSET } from "../../lib/disk/resume_format.ts";
import { listTorrent, type TransferResult } from "../../mod.ts";
import { TempFolder } from "../../support/temp.ts";
import { addressOf, leechFrom, LOCAL, seed, torrentOf } from "../support/clients/library.ts";
import { failure, leech, run, ShoalSeeder, startLeecher } from "../support/clients/shoal.ts";
import { digestsOf, makeTree, ODD_TREE, type Tree } from "../support/folders.ts";
import { smallDiskTest } from "../support/programs/small_disk.ts";

const MIB = 2 ** 20;
const FORMATS = ["hybrid", "v2", "v1"] as const;

/** Enough for a hundred pieces of 64 KiB, most of them in one file. */
const TREE: Tree = {
  "big.bin": 5 * MIB + 1,
  "deep/er/small.txt": 100,
  "deep/nothing": 0,
  "middle.bin": MIB,
};

/** The digests of a folder's files as they are to arrive: under their own names. */
function arrived(digests: Map<string, string>): Map<string, string> {
  return new Map([...digests].map(([path, digest]) => [`things/${path}`, digest]));
}

async function sharing(temp: TempFolder, tree: Tree = TREE, args: string[] = []) {
  const origin = await makeTree(temp, "origin/things", tree);
  return { origin, seeder: await ShoalSeeder.start(origin, ["--no-tracker", ...args]) };
}

for (const format of FORMATS) {
  Deno.test(`a ${format} folder with odd names, deep folders and empty files arrives as it is`, async () => {
    await using temp = await TempFolder.create();
    const { origin, seeder } = await sharing(temp, { ...TREE, ...ODD_TREE }, ["--format", format]);
    await using _ = seeder;
    const out = join(temp.path, "new", "place");
    const path = await leech(seeder.magnet, out, ["--peer", seeder.address]);
    assertEquals(path, join(out, "things"));
    assertEquals(await digestsOf(out), arrived(await digestsOf(origin)));
  });

  Deno.test(`of a ${format} folder --select fetches what was chosen only, and the rest later`, async () => {
    await using temp = await TempFolder.create();
    const origin = await makeTree(temp, "origin/things", TREE);
    await using seeder = await seed(origin, { format, pieceLength: 65_536 });
    const out = await temp.folder("out");
    const peers = [addressOf(seeder)];
    const get = async (select?: number[]): Promise<[TransferResult, number]> => {
      await using leeching = await leechFrom(seeder.magnet, {
        peers,
        out,
        exit: true,
        ...(select && { select }),
      });
      const result = await leeching.complete();
      assertEquals(leeching.leecher.stats().haveBytes, result.bytes);
      return [result, leeching.leecher.stats().downloadedBytes];
    };
    const [some, got] = await get([1, 2, 3]);
    assertEquals([some.bytes, some.files], [MIB + 100, 3]);
    assertGreater(got, MIB);
    assertLess(got, MIB + 100 + 2 * 65_536);
    const all = arrived(await digestsOf(origin));
    const withoutBig = new Map(all);
    withoutBig.delete("things/big.bin");
    assertEquals(await digestsOf(out), withoutBig);
    const [whole, rest] = await get();
    assertEquals([whole.bytes, whole.files], [6 * MIB + 101, 4]);
    assertGreater(rest, 5 * MIB);
    assertLess(rest, 5 * MIB + 3 * 65_536);
    assertEquals(await digestsOf(out), all);
    assertEquals((await get())[1], 0);
  });
}

Deno.test("--list numbers the files of a folder, --select takes these numbers, --verify tells what differs", async () => {
  await using temp = await TempFolder.create();
  const { origin, seeder } = await sharing(temp);
  await using _ = seeder;
  const asked = [seeder.magnet, "--peer", seeder.address, "--host", "127.0.0.1", "-p", "0"];
  const { stdout } = await run("leecher", [...asked, "--list"]);
  assertMatch(stdout[0]!, /^things\/, 4 files, 6 MiB/);
  assertEquals(stdout.slice(-4).map((line) => line.trim().replace(/ +/g, " ")), [
    "0 5 MiB things/big.bin",
    "1 100 B things/deep/er/small.txt",
    "2 0 B things/deep/nothing",
    "3 1 MiB things/middle.bin",
  ]);
  const out = await temp.folder("out");
  await leech(seeder.magnet, out, ["--peer", seeder.address, "--select", "1-2"]);
  assertEquals([...(await digestsOf(out)).keys()], [
    "things/deep/er/small.txt",
    "things/deep/nothing",
  ]);
  const check = [...asked, "-o", out, "--verify"];
  assertEquals((await run("leecher", [...check, "--select", "1,2"])).code, 0);
  assertMatch(
    await failure("leecher", check, 32),
    /things: 2 of 4 files do not match \(things\/big\.bin, things\/middle\.bin\); run the same/,
  );
  await Deno.writeTextFile(join(out, "things/deep/er/small.txt"), "x".repeat(100));
  assertMatch(
    await failure("leecher", [...check, "--select", "1-2"], 32),
    /things: 1 of 2 files do not match \(things\/deep\/er\/small\.txt\)/,
  );
  assertEquals((await run("leecher", [...asked, "-o", join(origin, ".."), "--verify"])).code, 0);
});

Deno.test("numbers that no file has are refused with those there are, and nonsense as an option", async () => {
  await using temp = await TempFolder.create();
  const { seeder } = await sharing(temp);
  await using _ = seeder;
  const asked = [seeder.magnet, "-e", "-o", temp.path, "--peer", seeder.address];
  const local = ["--host", "127.0.0.1", "-p", "0"];
  assertEquals(
    await failure("leecher", [...asked, ...local, "--select", "2-4"], 28),
    'there is no file 4: "things" has the files 0 to 3; --list shows them',
  );
  assertMatch(
    await failure("leecher", [...asked, "--select", "4-2"], 28),
    /--select takes numbers of files and ranges of them, such as 0,2-4/,
  );
});

Deno.test("a magnet link's own selection is heeded, unless the user says otherwise", async () => {
  await using temp = await TempFolder.create();
  const { seeder } = await sharing(temp, TREE, ["--format", "v2"]);
  await using _ = seeder;
  const linked = `${seeder.magnet}&so=1,3`;
  const out = await temp.folder("out");
  await leech(linked, out, ["--peer", seeder.address]);
  const names = async () => [...(await digestsOf(out)).keys()];
  assertEquals(await names(), ["things/deep/er/small.txt", "things/middle.bin"]);
  await leech(linked, out, ["--peer", seeder.address, "--select", "2"]);
  assertEquals((await names()).length, 3);
});

Deno.test("a leecher of a folder that is killed goes on where it was", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeTree(temp, "origin/things", { ...TREE, ...ODD_TREE });
  await using seeder = await seed(origin, { pieceLength: 65_536, uploadLimit: 3 * MIB });
  const out = await temp.folder("out");
  const peers = ["--peer", addressOf(seeder)];
  {
    await using leecher = startLeecher(seeder.magnet, out, peers);
    await leecher.line(/^chunk \d+ verified/, { nth: 40 });
    leecher.kill("SIGKILL");
    await leecher.exit();
  }
  const notes = await Deno.readFile(join(out, "things.part.resume"));
  const { pieceCount } = seeder.torrent;
  const noted = notes.subarray(RESUME_MAP_OFFSET, RESUME_MAP_OFFSET + pieceCount);
  assertGreater(noted.filter((note) => note !== 0).length, 39);
  assertEquals([...Deno.readDirSync(out)].map(({ name }) => name).sort(), [
    "things.part",
    "things.part.lock",
    "things.part.resume",
  ]);
  await using leecher = startLeecher(seeder.magnet, out, peers);
  await leecher.line(/^continuing: \d+\.\d% \(.*\) is here already and verified/);
  assertEquals(await leecher.exit(), 0);
  assertEquals(await digestsOf(out), arrived(await digestsOf(origin)));
});

Deno.test("a second leecher for the same place is sent away and disturbs nothing", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeTree(temp, "origin/things", TREE);
  await using seeder = await seed(origin, { pieceLength: 65_536, uploadLimit: 3 * MIB });
  const out = await temp.folder("out");
  const peers = ["--peer", addressOf(seeder)];
  await using first = startLeecher(seeder.magnet, out, peers);
  await first.line(/^chunk \d+ /);
  first.kill("SIGSTOP"); // it will not be done before the other one has had its try
  const args = [seeder.magnet, "-o", out, "-e", "--host", "127.0.0.1", "-p", "0", ...peers];
  assertMatch(
    await failure("leecher", args, 13),
    /^another leecher is writing .*things\.part: wait until it is done, or choose another place/,
  );
  first.kill("SIGCONT");
  assertEquals(await first.exit(), 0);
  assertEquals(await digestsOf(out), arrived(await digestsOf(origin)));
});

Deno.test("a second leecher of a single file is sent away too", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeTree(temp, "origin", { "file.bin": 4 * MIB });
  await using seeder = await seed(join(origin, "file.bin"), { uploadLimit: 2 * MIB });
  const out = await temp.folder("out");
  const peers = [addressOf(seeder)];
  await using first = startLeecher(seeder.magnet, out, ["--peer", addressOf(seeder)]);
  await first.line(/^chunk \d+ /);
  first.kill("SIGSTOP");
  await using second = await leechFrom(seeder.magnet, { peers, out, exit: true });
  const error = await second.complete().catch((error) => error);
  assertMatch(error.message, /^another leecher is writing .*file\.bin\.part/);
  assertEquals(error.exitCode, 13);
  first.kill("SIGCONT");
  assertEquals(await first.exit(), 0);
});

Deno.test("thousands of small files arrive with a few beside them left out", async () => {
  await using temp = await TempFolder.create();
  const tree = Object.fromEntries(
    Array.from({ length: 2000 }, (_, i) => [`${i % 20}/${i % 3}/file ${i}`, i % 3000]),
  );
  const origin = await makeTree(temp, "origin/things", tree);
  await using seeder = await seed(origin);
  const out = await temp.folder("out");
  const peers = [addressOf(seeder)];
  const { files } = await listTorrent(seeder.magnet, { ...LOCAL, peers });
  const select = files.keys().filter((file) => file % 100 !== 0).toArray();
  await using leeching = await leechFrom(seeder.magnet, { peers, out, exit: true, select });
  assertEquals((await leeching.complete()).files, 1980);
  const there = await digestsOf(out);
  assertEquals(there.size, 1980);
  const all = arrived(await digestsOf(origin));
  for (const [path, digest] of there) assertEquals(digest, all.get(path), path);
});

smallDiskTest("only what was chosen has to fit on the disk", 3 * MIB, async (disk) => {
  await using temp = await TempFolder.create();
  const { seeder } = await sharing(temp);
  await using _ = seeder;
  const args = [seeder.magnet, "-e", "-o", disk.path, "--host", "127.0.0.1", "-p", "0"];
  const asked = [...args, "--peer", seeder.address];
  assertMatch(
    await failure("leecher", asked, 9),
    /^no space left for .*things\.part: it needs 7 MiB, and 3 MiB are free$/,
  );
  assertEquals([...Deno.readDirSync(disk.path)], []);
  assertEquals((await run("leecher", [...asked, "--select", "1-3"])).code, 0);
  assert((await Deno.stat(join(disk.path, "things/middle.bin"))).size === MIB);
});

smallDiskTest(
  "a disk that a folder fills costs nothing that is verified",
  8 * MIB,
  async (disk) => {
    await using temp = await TempFolder.create();
    const origin = await makeTree(temp, "origin/things", TREE);
    await using seeder = await seed(origin, { pieceLength: 65_536, uploadLimit: 3 * MIB });
    const peers = ["--peer", addressOf(seeder)];
    const filler = join(disk.path, "somebody-elses");
    {
      await using leecher = startLeecher(seeder.magnet, disk.path, peers);
      await leecher.line(/^chunk \d+ verified/, { nth: 10 });
      await Deno.writeFile(filler, new Uint8Array(8 * MIB)).catch(() => {}); // until it is full
      assertEquals(await leecher.exit(), 9, leecher.transcript());
      assertMatch(
        leecher.stderr.join("\n"),
        /leecher: no space left for .*things\.part\/\w+\.bin: make/,
      );
    }
    await Deno.remove(filler);
    await using leecher = startLeecher(seeder.magnet, disk.path, peers);
    await leecher.line(/^continuing: \d+\.\d% .*here already and verified/);
    assertEquals(await leecher.exit(), 0, leecher.transcript());
    assertEquals(await digestsOf(disk.path), arrived(await digestsOf(origin)));
  },
);

Deno.test("a folder with hostile paths stays inside its place", async () => {
  await using temp = await TempFolder.create();
  const origin = await makeTree(temp, "origin/things", { "ab/cd": 10, "ef": 20, "gh": 30 });
  const torrent = await torrentOf(origin, { format: "v1" });
  // Names of the same length, so that nothing but the names changes.
  const text = new TextDecoder("latin1").decode(torrent.toBytes())
    .replace("2:ab2:cd", "2:..2:..").replace("2:ef", "2:/x");
  const hostile = await temp.file(
    "hostile.torrent",
    Uint8Array.from(text, (char) => char.charCodeAt(0)),
  );
  const { stdout } = await run("leecher", [hostile, "--list"]);
  const paths = stdout.slice(-3).map((line) => line.trim().split(/ {2}/).at(-1));
  assertEquals(paths, ["things/_/_", "things/_x", "things/gh"]);
});
