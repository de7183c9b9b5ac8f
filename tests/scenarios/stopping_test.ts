/**
 * Ctrl-C at any time, and readers that go away.
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { fromHex } from "../../lib/codec/bytes.ts";
import { decodeRequest, encodeResponse } from "../../lib/codec/discovery/udp_tracker.ts";
import { sha256OfFile } from "../../support/content.ts";
import { DEADLINE_MS, Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { makeOrigin, seed } from "../support/clients/library.ts";
import { leech, ShoalSeeder, ShoalTracker, startLeecher } from "../support/clients/shoal.ts";
import { FakeTracker } from "../support/network/udp_peer.ts";

const MIB = 2 ** 20;
const NO_TRACKER = ["-t", "udp://127.0.0.1:9"];
const PROJECT = fromFileUrl(new URL("../..", import.meta.url));

Deno.test("Ctrl-C in the middle of a download: exit 7, and the same command goes on", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 3 * MIB);
  await using seeder = await ShoalSeeder.start(path, [...NO_TRACKER, "--upload-limit", "2M"]);
  const folder = await temp.folder("copy");
  for (const [i, signal] of (["SIGINT", "SIGTERM"] as const).entries()) {
    await using leecher = startLeecher(seeder.magnet, folder);
    if (i > 0) await leecher.line(/^continuing: \d+\.\d%/);
    await leecher.line(/^chunk \d+ verified/, { nth: 10 });
    leecher.kill(signal);
    assertEquals(await leecher.exit(), 7);
    assertEquals(leecher.stdout, []);
    assertEquals(
      leecher.stderr.filter((line) => /^stopping|^leecher:/.test(line)),
      [
        "stopping; Ctrl-C again ends it at once",
        "leecher: interrupted, run the same command to continue",
      ],
    );
  }
  await using leecher = startLeecher(seeder.magnet, folder);
  const [, percent] = await leecher.line(/^continuing: (\d+\.\d)%/);
  assertGreater(Number(percent), 20 / 96 * 100 - 0.1);
  assertEquals(await leecher.exit(), 0);
  assertEquals(await sha256OfFile(join(folder, "data.bin")), await sha256OfFile(path));
});

Deno.test("Ctrl-C while nobody is there yet: exit 7", async () => {
  await using temp = await TempFolder.create();
  const what = "0123456789abcdef0123456789abcdef01234567";
  await using leecher = startLeecher(what, temp.path, NO_TRACKER);
  await leecher.line(/^waiting: /);
  leecher.kill("SIGINT");
  assertEquals(await leecher.exit(), 7);
});

Deno.test("Ctrl-C while a name is looked up: exit 7", async () => {
  await using temp = await TempFolder.create();
  await using silent = new FakeTracker(() => []);
  await using leecher = startLeecher("a.iso", temp.path, ["-t", silent.url]);
  await silent.hasReceived(1);
  leecher.kill("SIGINT");
  assertEquals(await leecher.exit(), 7);
});

/** A tracker that answers until it has heard of a peer, and then no more: goodbyes take their time. */
function trackerThatFallsSilent(): FakeTracker {
  let announces = 0;
  return new FakeTracker((packet) => {
    const request = decodeRequest(packet)!;
    const { transactionId } = request;
    if (announces >= 2) return [];
    if (request.type !== "announce") {
      const connectionId = fromHex("0102030405060708");
      return [encodeResponse({ type: "connect", transactionId, connectionId })];
    }
    announces++;
    const peers = new Uint8Array(0);
    const answer = { intervalSeconds: 1800, seeders: 0, leechers: 0, peers };
    return [encodeResponse({ type: "announce", transactionId, ...answer })];
  });
}

Deno.test("a second Ctrl-C does not wait for goodbyes: exit 130", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 100_000);
  await using tracker = trackerThatFallsSilent();
  await using seeder = await ShoalSeeder.start(path, ["-t", tracker.url]);
  await seeder.program.line(/^tracker \S+ answers/);
  seeder.program.kill("SIGINT");
  await seeder.program.line(/^stopping; Ctrl-C again ends it at once$/);
  const code = seeder.program.exit();
  // Presses until it is taken for another press than the first.
  const pressing = setInterval(() => seeder.program.kill("SIGINT"), 50);
  assertEquals(await code.finally(() => clearInterval(pressing)), 130);
});

Deno.test("one Ctrl-C with a silent tracker takes two seconds at most", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 100_000);
  await using tracker = trackerThatFallsSilent();
  await using seeder = await ShoalSeeder.start(path, ["-t", tracker.url]);
  await seeder.program.line(/^tracker \S+ answers/);
  seeder.program.kill("SIGINT");
  assertEquals(await seeder.program.exit(5000), 0);
});

Deno.test("Ctrl-C while a file is hashed: exit 7, and it is said that nothing was shared", async () => {
  await using temp = await TempFolder.create();
  const path = temp.join("big.img");
  {
    // Holes read as zeros: 4 GiB take no room, and seconds to hash.
    using file = await Deno.open(path, { write: true, create: true });
    await file.truncate(4 * 1024 * MIB);
  }
  const args = [path, "--no-cache", ...NO_TRACKER, "--host", "127.0.0.1", "-p", "0"];
  await using seeder = Program.shoal("seeder", args);
  // Hashing has begun when its threads have opened the file.
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!await hasOpen(seeder.pid, path) && performance.now() < deadlineMs);
  seeder.kill("SIGINT");
  assertEquals(await seeder.exit(), 7);
  assertEquals(
    seeder.stderr.at(-1),
    "seeder: interrupted before everything was ready to share, run the same command to start again",
  );
});

async function hasOpen(pid: number, path: string): Promise<boolean> {
  for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
    const target = await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => "");
    if (target === path) return true;
  }
  return false;
}

/** Runs one of the programs in a pipe whose reader takes one line, or none. */
function piped(script: string, args: string[], reader: string): Program {
  const words = [Deno.execPath(), "run", "-A", join(PROJECT, `${script}.ts`), ...args];
  const command = words.map((word) => `'${word}'`).join(" ");
  return Program.start("bash", ["-c", `${command} | ${reader}; echo "exit \${PIPESTATUS[0]}"`]);
}

Deno.test("a leecher whose reader has gone ends quietly when the file is there", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 100_000);
  await using seeder = await seed(path);
  const folder = await temp.folder("copy");
  const args = [seeder.magnet, "-e", "-o", folder, "--host", "127.0.0.1", "-p", "0"];
  await using shell = piped("leecher", args, "true");
  assertEquals(await shell.exit(), 0);
  assertEquals(shell.stdout, ["exit 0"]);
  assertEquals(await sha256OfFile(join(folder, "data.bin")), await sha256OfFile(path));
});

Deno.test("a seeder whose reader took the link and left goes on sharing", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 100_000);
  const args = [path, "--no-cache", "--host", "127.0.0.1", "-p", "0", "--seed-ratio", "1"];
  await using shell = piped("seeder", [...args, ...NO_TRACKER], "head -n 1");
  const [link] = await shell.line(/^magnet:\S+/, { from: "stdout" });
  await leech(link, await temp.folder("copy"));
  assertEquals(await shell.exit(), 0);
  assertEquals(shell.stdout.at(-1), "exit 0");
});

Deno.test("a tracker whose reader has gone ends quietly", async () => {
  await using shell = piped("tracker", ["--host", "127.0.0.1", "-p", "0"], "true");
  assertEquals(await shell.exit(), 0);
  assertEquals(shell.stdout, ["exit 0"]);
});

Deno.test("a seeder that leaves is not handed out by the tracker any more", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 100_000);
  await using tracker = await ShoalTracker.start();
  await using seeder = await ShoalSeeder.start(path, ["-t", tracker.url]);
  await seeder.program.line(/^tracker \S+ answers: 1 seeder/);
  seeder.program.kill("SIGINT");
  assertEquals(await seeder.program.exit(), 0);
  const args = ["-t", tracker.url, "--timeout", "1.5"];
  await using leecher = startLeecher(seeder.hashes.v1!, temp.path, args);
  await leecher.line(/^tracker \S+ answers: 0 seeders, 1 leecher/);
  assertEquals(await leecher.exit(), 2);
});
