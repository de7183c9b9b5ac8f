/**
 * The three programs as their users run them: in terminals of their own, by link or by name alone.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { sha256OfFile, writePseudoRandomFile } from "../../support/content.ts";
import { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { ShoalSeeder, ShoalTracker, startLeecher } from "../support/clients/shoal.ts";
import { networkTest } from "../support/network/network.ts";

const MIB = 2 ** 20;
const NAME = "lecture 07 – graphs.mp4";
const PROJECT = fromFileUrl(new URL("../..", import.meta.url));

async function makeFile(temp: TempFolder): Promise<{ path: string; sha256: string }> {
  const path = join(await temp.folder("origin"), NAME);
  return { path, sha256: await writePseudoRandomFile(path, 3 * MIB + 12_345, 7) };
}

Deno.test("tracker, seeder and, in another folder, a leecher with the file's name alone", async () => {
  await using temp = await TempFolder.create();
  const { path, sha256 } = await makeFile(temp);
  await using tracker = await ShoalTracker.start();
  await using seeder = await ShoalSeeder.start(path, ["-t", tracker.url]);
  await seeder.program.line(/^tracker \S+ answers: 1 seeder, 0 leechers/);
  const cwd = await temp.folder("elsewhere");
  const args = [NAME, "-t", tracker.url, "-e", "--host", "127.0.0.1", "-p", "0"];
  await using leecher = Program.shoal("leecher", args, { cwd });
  assertEquals(await leecher.exit(), 0);
  assertEquals(leecher.stdout, [NAME]);
  assertEquals(await sha256OfFile(join(cwd, NAME)), sha256);
  assertMatch(leecher.stderr[0]!, /^looking for "lecture 07 – graphs\.mp4" on the tracker$/);
  assertEquals(leecher.stderr.at(-1), "complete, SHA-256 verified");
});

networkTest(
  "a seeder alone, with no tracker anywhere, and the very commands it printed",
  async (network) => {
    await using temp = await TempFolder.create();
    const { path, sha256 } = await makeFile(temp);
    const deno = Deno.execPath();
    const words = ["run", "-A", join(PROJECT, "seeder.ts"), NAME, "--no-cache"];
    await using seeder = network.start(deno, words, { cwd: dirname(path) });
    await seeder.line(/^hosting a tracker too, at udp:\S+:6969$/);
    await seeder.line(/^sharing until Ctrl-C$/);
    const commands = seeder.stderr.filter((line) => line.startsWith("  deno run -A "));
    assertEquals(commands.length, 2); // by link, and by name
    for (const [i, command] of commands.entries()) {
      const cwd = await temp.folder(`copy${i}`);
      const line = command.replace("deno", `'${deno}'`);
      await using leecher = network.start("bash", ["-c", `${line} -e`], { cwd });
      assertEquals(await leecher.exit(), 0, leecher.transcript());
      assertEquals(await sha256OfFile(join(cwd, NAME)), sha256);
    }
  },
);

Deno.test("a seeder that is given no tracker prints a link that works, whoever has port 6969", async () => {
  await using temp = await TempFolder.create();
  const { path, sha256 } = await makeFile(temp);
  await using seeder = await ShoalSeeder.start(path);
  const folder = await temp.folder("copy");
  await using leecher = startLeecher(seeder.magnet, folder);
  assertEquals(await leecher.exit(), 0, leecher.transcript());
  assertEquals(await sha256OfFile(join(folder, NAME)), sha256);
});

networkTest(
  "a second seeder on the machine uses the tracker that the first one hosts",
  async (network) => {
    await using temp = await TempFolder.create();
    const names = ["a.bin", "b.bin"];
    const seeders: Program[] = [];
    try {
      for (const [i, name] of names.entries()) {
        const path = await temp.file(name, `the content of ${name}`);
        const words = ["run", "-A", join(PROJECT, "seeder.ts"), path, "--no-cache"];
        const seeder = network.start(Deno.execPath(), words);
        seeders.push(seeder);
        const ownOrOther = i === 0
          ? /^hosting a tracker too, at udp:\S+:6969$/
          : /^tracker udp:\/\/127\.0\.0\.1:6969$/;
        await seeder.line(ownOrOther);
        await seeder.line(
          i === 0 ? /^listening on TCP port 6881$/ : /^listening on TCP port 6882$/,
        );
        await seeder.line(/^sharing until/);
      }
      const words = ["run", "-A", join(PROJECT, "leecher.ts"), "b.bin", "-e"];
      const cwd = await temp.folder("copy");
      await using leecher = network.start(Deno.execPath(), words, { cwd });
      assertEquals(await leecher.exit(), 0, leecher.transcript());
      assertEquals(await Deno.readTextFile(join(cwd, "b.bin")), "the content of b.bin");
    } finally {
      for (const seeder of seeders) await seeder[Symbol.asyncDispose]();
    }
  },
);

networkTest(
  "a port 6969 that is no tracker's does not keep a seeder from hosting its own",
  async (network) => {
    await using temp = await TempFolder.create();
    const { path, sha256 } = await makeFile(temp);
    const listen = "Deno.listenDatagram({transport:'udp',hostname:'0.0.0.0',port:6969});" +
      "console.log('taken');setInterval(()=>{},1000)";
    await using blocker = network.start(Deno.execPath(), ["eval", "--unstable-net", listen]);
    await blocker.line(/taken/);
    const words = ["run", "-A", join(PROJECT, "seeder.ts"), path, "--no-cache"];
    await using seeder = network.start(Deno.execPath(), words);
    await seeder.line(/^warning: port 6969 is taken by something that is no tracker/);
    const [, port] = await seeder.line(/^hosting a tracker too, at udp:\S+:(\d+)$/);
    assert(port !== "6969");
    const [link] = await seeder.line(/^magnet:.*/, { from: "stdout" });
    const cwd = await temp.folder("copy");
    const args = ["run", "-A", join(PROJECT, "leecher.ts"), link, "-e"];
    await using leecher = network.start(Deno.execPath(), args, { cwd });
    assertEquals(await leecher.exit(), 0, leecher.transcript());
    assertEquals(await sha256OfFile(join(cwd, NAME)), sha256);
  },
);

Deno.test("a finished leecher seeds: the next one gets the file from it alone", async () => {
  await using temp = await TempFolder.create();
  const { path, sha256 } = await makeFile(temp);
  await using tracker = await ShoalTracker.start();
  const link = await (async () => {
    await using seeder = await ShoalSeeder.start(path, ["-t", tracker.url]);
    return seeder.magnet;
  })();
  // The seeder comes back just long enough for the first leecher.
  const seeder = await ShoalSeeder.start(path, ["-t", tracker.url]);
  const args = ["-t", tracker.url, "-o", await temp.folder("first"), "--host", "127.0.0.1"];
  await using first = Program.shoal("leecher", [NAME, ...args, "-p", "0", "-v"]);
  try {
    await first.line(/^complete, SHA-256 verified; seeding, Ctrl-C stops, -e exits when done$/);
  } finally {
    await seeder[Symbol.asyncDispose]();
  }
  const [, port] = await first.line(/^listening on TCP port (\d+)/);
  const folder = await temp.folder("second");
  await using second = startLeecher(link, folder);
  assertEquals(await second.exit(), 0, second.transcript());
  assertEquals(await sha256OfFile(join(folder, NAME)), sha256);
  assertMatch(second.stderr.join("\n"), new RegExp(`from 1 source:\\n  127\\.0\\.0\\.1:${port} `));
  first.kill("SIGINT");
  assertEquals(await first.exit(), 0);
});

Deno.test("a leecher that finished earlier sees the complete file when run again, and seeds", async () => {
  await using temp = await TempFolder.create();
  const { path, sha256 } = await makeFile(temp);
  await using tracker = await ShoalTracker.start();
  const torrent = temp.join("a.torrent");
  const folder = await temp.folder("first");
  {
    await using seeder = await ShoalSeeder.start(path, ["-t", tracker.url, "-o", torrent]);
    await using leecher = startLeecher(seeder.magnet, folder);
    assertEquals(await leecher.exit(), 0);
  }
  const again = [torrent, "-o", folder, "--host", "127.0.0.1", "-p", "0", "-v"];
  await using leecher = Program.shoal("leecher", again);
  await leecher.line(/\.mp4: 3 MiB, all of it was here already$/);
  await leecher.line(/^complete, SHA-256 verified; seeding/);
  const [, port] = await leecher.line(/^listening on TCP port (\d+)/);
  const other = await temp.folder("second");
  await using second = startLeecher(torrent, other, ["--peer", `127.0.0.1:${port}`]);
  assertEquals(await second.exit(), 0);
  assertEquals(await sha256OfFile(join(other, NAME)), sha256);
});
