/**
 * The programs with a web server beside them.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { sha256OfFile } from "../../support/content.ts";
import { TempFolder } from "../../support/temp.ts";
import { makeOrigin } from "../support/clients/library.ts";
import { failure, leech, run, ShoalSeeder, startLeecher } from "../support/clients/shoal.ts";
import { WebServer } from "../support/network/web_server.ts";

const NO_TRACKER = ["-t", "udp://127.0.0.1:9"];

Deno.test("a .torrent with a web seed is enough: the seeder that wrote it may be gone", async () => {
  await using temp = await TempFolder.create();
  const { path, bytes } = await makeOrigin(temp, 3_000_000);
  await using server = new WebServer({ "/pub/data.bin": bytes });
  const url = `${server.origin}/pub/`;
  const torrent = temp.join("data.torrent");
  const args = [...NO_TRACKER, "--web-seed", url, "-o", torrent];
  const seeder = await ShoalSeeder.start(path, args);
  await seeder.program.line(/^wrote /);
  assertEquals(new URL(seeder.magnet).searchParams.getAll("ws"), [url]);
  await seeder[Symbol.asyncDispose]();

  const listed = await run("leecher", [torrent, "--list"]);
  assert(listed.stdout.includes(`  web seed ${url}`), listed.stdout.join("\n"));
  await using leecher = startLeecher(torrent, await temp.folder("copy"));
  assertEquals(await leecher.exit(), 0);
  await leecher.line(new RegExp(`^  ${url} .* 100.*web seed$`), { from: "stderr" });
  assertEquals(await sha256OfFile(temp.join("copy", "data.bin")), await sha256OfFile(path));
});

Deno.test("--web-seed names one to a leecher whose torrent has none", async () => {
  await using temp = await TempFolder.create();
  const { path, bytes } = await makeOrigin(temp, 500_000);
  await using server = new WebServer({ "/x": bytes });
  const torrent = temp.join("data.torrent");
  await using seeder = await ShoalSeeder.start(path, [...NO_TRACKER, "-o", torrent]);
  await seeder.program.line(/^wrote /);
  await seeder.program[Symbol.asyncDispose]();
  const webSeed = ["--web-seed", `${server.origin}/x`];
  await leech(torrent, await temp.folder("copy"), webSeed);
  assertEquals(await sha256OfFile(temp.join("copy", "data.bin")), await sha256OfFile(path));
  const refusal = await failure("seeder", [path, "--web-seed", "file.iso"], 28);
  assertMatch(refusal, /^--web-seed takes an http or https URL without a password in it/);
});

Deno.test("a web seed that lacks the file is said so, and what the leecher waits for", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 500_000);
  await using server = new WebServer({});
  const torrent = temp.join("data.torrent");
  await using seeder = await ShoalSeeder.start(path, [
    ...NO_TRACKER,
    "--web-seed",
    `${server.origin}/gone.bin`,
    "-o",
    torrent,
  ]);
  await seeder.program.line(/^wrote /);
  await seeder.program[Symbol.asyncDispose]();
  await using leecher = startLeecher(torrent, temp.path, ["--timeout", "5"]);
  await leecher.line(/the web seed http:\S+gone\.bin answers 404 Not Found/);
  await leecher.line(
    /^waiting: web server .*gone\.bin unreachable: answers 404 Not Found, next try in \d+ s$/,
  );
  assertEquals(await leecher.exit(), 2);
});
