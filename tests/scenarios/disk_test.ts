/**
 * Places a file cannot go to: taken, closed, full.
 * @module
 */

import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { buildInfo, buildMetainfo, parseMetainfo } from "../../lib/codec/torrent/metainfo.ts";
import { TempFolder } from "../../support/temp.ts";
import { addressOf, makeOrigin, seed, torrentOf } from "../support/clients/library.ts";
import { failure, leech, run, startLeecher } from "../support/clients/shoal.ts";
import { startBound } from "../support/programs/privileges.ts";
import { smallDiskTest } from "../support/programs/small_disk.ts";

const MIB = 2 ** 20;
const LOCAL = ["--host", "127.0.0.1", "-p", "0"];

function names(folder: string): Promise<string[]> {
  return Array.fromAsync(Deno.readDir(folder), ({ name }) => name).then((list) => list.sort());
}

/** A torrent file of a small file, and who seeds it. */
async function offer(temp: TempFolder, length = 100_000) {
  const origin = await makeOrigin(temp, length);
  const seeder = await seed(origin.path, { pieceLength: 16_384 });
  const bytes = seeder.torrent.toBytes() as Uint8Array<ArrayBuffer>;
  const torrent = await temp.file("a.torrent", bytes);
  return {
    origin,
    torrent,
    peer: ["--peer", addressOf(seeder)],
    [Symbol.asyncDispose]: () => seeder.close(),
  };
}

Deno.test("a file that is something else is not touched: exit 13", async () => {
  await using temp = await TempFolder.create();
  await using offered = await offer(temp);
  const out = await temp.folder("out");
  // Of another length, and of the same length.
  for (const content of ["my diary", "x".repeat(100_000)]) {
    const path = await temp.file(join("out", "data.bin"), content);
    const sentence = await failure(
      "leecher",
      [offered.torrent, "-o", out, ...offered.peer, ...LOCAL],
      13,
    );
    assertEquals(
      sentence,
      `${path} exists and is something else: move it, choose another place with -o, ` +
        "or replace it with --overwrite",
    );
    assertEquals(await Deno.readTextFile(path), content);
    assertEquals(await names(out), ["data.bin"]);
  }
});

Deno.test("--overwrite replaces it, once the new file is complete", async () => {
  await using temp = await TempFolder.create();
  await using offered = await offer(temp);
  const out = await temp.folder("out");
  for (const content of ["my diary", "x".repeat(100_000)]) {
    const path = await temp.file(join("out", "data.bin"), content);
    assertEquals(await leech(offered.torrent, out, [...offered.peer, "--overwrite"]), path);
    assertEquals(await Deno.readFile(path), offered.origin.bytes);
    assertEquals(await names(out), ["data.bin"]);
  }
});

Deno.test("with --overwrite too, the old file is there until the new one is complete", async () => {
  await using temp = await TempFolder.create();
  await using offered = await offer(temp);
  const out = await temp.folder("out");
  const path = await temp.file(join("out", "data.bin"), "my diary");
  const args = ["--overwrite", "--peer", "127.0.0.1:9", "--timeout", "1"];
  await failure("leecher", [offered.torrent, "-o", out, ...args, ...LOCAL], 2);
  assertEquals(await Deno.readTextFile(path), "my diary");
});

Deno.test("an unfinished file of another download is not touched: exit 13", async () => {
  await using temp = await TempFolder.create();
  await using offered = await offer(temp);
  const out = await temp.folder("out");
  const part = await temp.file(join("out", "data.bin.part"), "half of my diary");
  const args = [offered.torrent, "-o", out, ...offered.peer, ...LOCAL];
  assertEquals(
    await failure("leecher", args, 13),
    `${part} belongs to another download: move it, or replace it with --overwrite`,
  );
  assertEquals(await Deno.readTextFile(part), "half of my diary");
});

Deno.test("a folder in the place of the file is not touched: exit 13", async () => {
  await using temp = await TempFolder.create();
  await using offered = await offer(temp);
  const out = await temp.folder("out");
  const path = await temp.folder(join("out", "data.bin"));
  const args = [offered.torrent, "-o", out, "--overwrite", ...offered.peer, ...LOCAL];
  assertEquals(
    await failure("leecher", args, 13),
    `${path} is a folder: choose another place with -o`,
  );
});

Deno.test("-o names a folder, a folder to be made, or the file itself", async () => {
  await using temp = await TempFolder.create();
  await using offered = await offer(temp);
  const there = await temp.folder("there");
  const places: [given: string, path: string][] = [
    [there, join(there, "data.bin")],
    [temp.join("made", "for", "it") + "/", temp.join("made", "for", "it", "data.bin")],
    [temp.join("also-made", "other.name"), temp.join("also-made", "other.name")],
  ];
  for (const [given, path] of places) {
    assertEquals(await leech(offered.torrent, given, offered.peer), path);
    assertEquals(await Deno.readFile(path), offered.origin.bytes);
  }
});

Deno.test("a folder that may not be written to: exit 17", async () => {
  await using temp = await TempFolder.create();
  await using offered = await offer(temp);
  const out = await temp.folder("out");
  await Deno.chmod(out, 0o555);
  const args = [offered.torrent, "-o", out, "-e", ...offered.peer, ...LOCAL];
  await using leecher = startBound("leecher", args);
  assertEquals(await leecher.exit(), 17);
  assertEquals(
    leecher.stderr.at(-1),
    `leecher: no permission for ${join(out, "data.bin.part")}: check who may read and write it`,
  );
  await Deno.chmod(out, 0o755);
});

Deno.test("a file in the place of the folder: exit 17", async () => {
  await using temp = await TempFolder.create();
  await using offered = await offer(temp);
  const file = await temp.file("file", "");
  const args = [offered.torrent, "-o", join(file, "below") + "/", ...offered.peer, ...LOCAL];
  assertMatch(await failure("leecher", args, 17), /cannot be used: a folder stands where a file/);
});

Deno.test("a file named like a folder is told from one: exit 13", async () => {
  await using temp = await TempFolder.create();
  await using offered = await offer(temp);
  const file = await temp.file("file.iso", "mine");
  const sentence = await failure(
    "leecher",
    [offered.torrent, "-o", `${file}/`, ...offered.peer, ...LOCAL],
    13,
  );
  assertEquals(
    sentence,
    `${file} is a file, and no folder to write to: choose another with -o, or leave out the / at its end`,
  );
  assertEquals(await Deno.readTextFile(file), "mine");
});

Deno.test("a file larger than the disk's free space is not begun: exit 9", async () => {
  await using temp = await TempFolder.create();
  const length = 2 ** 45;
  const info = buildInfo({
    name: "universe.img",
    pieceLength: 2 ** 24,
    version: "v2",
    files: [{ path: ["universe.img"], length, root: new Uint8Array(32).fill(7) }],
    multiFile: false,
  });
  const torrent = await temp.file(
    "a.torrent",
    buildMetainfo({ infoBytes: info }) as Uint8Array<ArrayBuffer>,
  );
  assertEquals(parseMetainfo(await Deno.readFile(torrent)).info.totalLength, length);
  const out = await temp.folder("out");
  const args = [torrent, "-o", out, "--peer", "127.0.0.1:9", ...LOCAL];
  assertMatch(
    await failure("leecher", args, 9),
    /^no space left for .*universe\.img\.part: it needs 33554432 MiB, and \d+ MiB are free$/,
  );
  assertEquals(await names(out), []);
});

smallDiskTest(
  "a small disk is seen to be too small before anything is written: exit 9",
  MIB,
  async (disk) => {
    await using temp = await TempFolder.create();
    await using offered = await offer(temp, 2 * MIB);
    const args = [offered.torrent, "-o", disk.path, ...offered.peer, ...LOCAL];
    assertMatch(
      await failure("leecher", args, 9),
      /^no space left for .*: it needs 2 MiB, and 1 MiB are free$/,
    );
    assertEquals(await names(disk.path), []);
  },
);

smallDiskTest(
  "a disk that fills up in the middle: exit 9, what is verified is kept",
  4 * MIB,
  async (disk) => {
    await using temp = await TempFolder.create();
    const origin = await makeOrigin(temp, 3 * MIB);
    await using seeder = await seed(origin.path, { pieceLength: 32_768, uploadLimit: 2 * MIB });
    const torrent = await temp.file(
      "a.torrent",
      seeder.torrent.toBytes() as Uint8Array<ArrayBuffer>,
    );
    const peer = ["--peer", addressOf(seeder)];
    const filler = join(disk.path, "somebody-elses");
    {
      await using leecher = startLeecher(torrent, disk.path, peer);
      await leecher.line(/^chunk \d+ verified/, { nth: 10 });
      await fill(filler);
      assertEquals(await leecher.exit(), 9, leecher.transcript());
      assertEquals(
        leecher.stderr.find((line) => line.startsWith("leecher: ")),
        `leecher: no space left for ${disk.path}/data.bin.part: make room and run the same command ` +
          "again; what is verified is kept",
      );
    }
    await Deno.remove(filler);
    await using leecher = startLeecher(torrent, disk.path, peer);
    assertEquals(await leecher.exit(), 0, leecher.transcript());
    const [, kept] = await leecher.line(/^continuing: (\d+\.\d)% .*here already and verified/);
    assertGreater(Number(kept), 10 / 96 * 100 - 0.1);
    assert(
      (await Deno.readFile(join(disk.path, "data.bin"))).every((b, i) => b === origin.bytes[i]),
    );
  },
);

/** Writes zeros until the disk is full. */
async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  const zeros = new Uint8Array(4096);
  for (;;) {
    try {
      await file.write(zeros);
    } catch (error) {
      assertMatch(String(error), /No space left/);
      return;
    }
  }
}

Deno.test("--verify tells what is right and what is not: exit 0 or 32", async () => {
  await using temp = await TempFolder.create();
  await using offered = await offer(temp);
  const out = await temp.folder("out");
  const path = await leech(offered.torrent, out, offered.peer);
  const args = [offered.torrent, "-o", out, "--verify", ...LOCAL];
  assertEquals(await run("leecher", args), {
    code: 0,
    stdout: [path],
    stderr: ["all 7 chunks match"],
  });
  using file = await Deno.open(path, { write: true });
  await file.seek(20_000, Deno.SeekMode.Start);
  await file.write(Uint8Array.of(offered.origin.bytes[20_000]! ^ 1));
  assertEquals(
    await failure("leecher", args, 32),
    `${path}: 1 of 7 chunks do not match; ` +
      "run the same command with --overwrite instead of --verify to get the file again",
  );
  await Deno.writeFile(path, offered.origin.bytes);
  await Deno.truncate(path, 100_001);
  assertMatch(
    await failure("leecher", args, 32),
    /data\.bin is longer than it should be; run the same/,
  );
  await Deno.truncate(path, 50_000);
  assertMatch(await failure("leecher", args, 32), /: 4 of 7 chunks do not match/);
  await Deno.remove(path);
  assertEquals(
    await failure("leecher", args, 3),
    `${path} does not exist: nothing to check`,
  );
});

Deno.test("--list shows what a link holds, and fetches nothing of it", async () => {
  await using temp = await TempFolder.create();
  await using offered = await offer(temp);
  const { v1Hash, v2Hash } = await torrentOf(offered.origin.path, { pieceLength: 16_384 });
  for (const what of [offered.torrent, v1Hash!, v2Hash!]) {
    const cwd = await Deno.makeTempDir({ dir: temp.path });
    const args = [what, "--list", ...offered.peer, ...LOCAL];
    const { code, stdout } = await run("leecher", args, { cwd });
    assertEquals(code, 0);
    assertEquals(stdout, [
      "data.bin, 97.7 KiB (100000 bytes), 7 chunks of 16 KiB, hybrid",
      `  info-hash v1 ${v1Hash}`,
      `  info-hash v2 ${v2Hash}`,
      "    97.7 KiB  data.bin",
    ]);
    assertEquals(await names(cwd), []);
  }
});
