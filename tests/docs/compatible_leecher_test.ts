/**
 * The specification is enough: a leecher written from it alone gets files from Shoal's own programs. @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { sha256OfFile, writePseudoRandomFile } from "../../support/content.ts";
import { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { ShoalSeeder, ShoalTracker } from "../support/clients/shoal.ts";

const LEECH = fromFileUrl(new URL("leech.ts", import.meta.url));
const BLOCK = 16_384;

/** A seeder hosts a file of `length` bytes, and the document's leecher fetches it by its name. */
async function fetches(length: number, ...seederArguments: string[]): Promise<void> {
  await using folder = await TempFolder.create();
  const name = "naïve file.bin";
  const sent = await writePseudoRandomFile(folder.join(name), length, 5);
  await using tracker = await ShoalTracker.start();
  const words = ["--tracker", tracker.url, ...seederArguments];
  await using seeder = await ShoalSeeder.start(folder.join(name), words);
  await seeder.program.line(/^tracker \S+ answers: 1 seeder, 0 leechers/);
  const { hostname, port } = new URL(tracker.url);
  const copy = folder.join("copy.bin");
  await using leecher = Program.start(Deno.execPath(), [
    ...["run", `--allow-net=${hostname},0.0.0.0`, `--allow-write=${copy}`],
    ...[LEECH, hostname, port, name, copy],
  ]);
  assertEquals(await leecher.exit(), 0, `${leecher.transcript()}\n${seeder.program.transcript()}`);
  assertEquals(leecher.stdout, [sent]);
  assertEquals(await sha256OfFile(copy), sent);
}

Deno.test("a leecher written from docs/protocol.md alone fetches a hybrid by its name", async () => {
  await fetches(5 * 1024 * 1024 + 12_345); // many pieces, the last one short
});

Deno.test("it fetches a file of one piece, whose hash is its root", async () => {
  await fetches(3 * BLOCK + 1, "--piece-size", "128K");
});

Deno.test("it asks for the hashes of more than 512 pieces in several rows", async () => {
  await fetches(1100 * BLOCK + 1, "--piece-size", "16K", "--format", "v2");
});

Deno.test("it fetches a v1 torrent by its SHA-1 hashes", async () => {
  await fetches(1024 * 1024 + 1, "--format", "v1");
});

Deno.test("that leecher imports nothing of Shoal, and is shorter than 150 lines", async () => {
  const text = await Deno.readTextFile(LEECH);
  const imports = [...text.matchAll(/\bfrom\s+"([^"]+)"|\bimport\(/g)].map(([, from]) => from);
  assertEquals(imports, ["node:crypto"]);
  assertLess(text.trimEnd().split("\n").length, 150);
  assert(!text.includes("lib/"));
});
