/**
 * A swarm without a tracker: whoever knows one peer soon knows the others.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { sha256OfFile, writePseudoRandomFile } from "../../support/content.ts";
import { freePort, Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { magnetLink, ShoalSeeder, startLeecher } from "../support/clients/shoal.ts";

const MIB = 2 ** 20;
const NAME = "set.bin";

/** A seeder of three MiB that announces to nobody. */
async function lonelySeeder(temp: TempFolder, args: string[] = []) {
  const path = join(await temp.folder("origin"), NAME);
  const sha256 = await writePseudoRandomFile(path, 3 * MIB, 11);
  const nobody = `udp://127.0.0.1:${freePort()}`;
  const seeder = await ShoalSeeder.start(path, ["-t", nobody, ...args]);
  return { seeder, sha256 };
}

/** A leecher that has everything from the seeder and seeds on; its address. */
async function helper(seeder: ShoalSeeder, folder: string) {
  const words = ["--peer", seeder.address, "-o", folder, "--host", "127.0.0.1", "-p", "0", "-v"];
  const program = Program.shoal("leecher", [magnetLink(seeder.hashes), ...words]);
  try {
    const [, port] = await program.line(/listening on TCP port (\d+)/, { from: "stderr" });
    await program.line(/complete, SHA-256 verified/, { from: "stderr" });
    return { program, address: `127.0.0.1:${port}` };
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}

/** Another that knows the seeder only, too slow to have everything before it has heard of anybody. */
async function newcomer(seeder: ShoalSeeder, folder: string, sha256: string): Promise<string> {
  const args = ["--peer", seeder.address, "--download-limit", "700K"];
  await using leecher = startLeecher(magnetLink(seeder.hashes), folder, args);
  assertEquals(await leecher.exit(), 0, leecher.transcript());
  assertEquals(await sha256OfFile(join(folder, NAME)), sha256);
  return leecher.transcript();
}

Deno.test("a leecher that knows one seeder only finds the other through it", async () => {
  await using temp = await TempFolder.create();
  const { seeder, sha256 } = await lonelySeeder(temp);
  await using _ = seeder;
  const { program, address } = await helper(seeder, await temp.folder("first"));
  await using _other = program; // which has parted from the seeder: both have everything
  const said = await newcomer(seeder, await temp.folder("second"), sha256);
  assertMatch(said, /^from 2 sources:$/m);
  for (const source of [seeder.address, address]) {
    assertMatch(said, RegExp(`^ +${source} +\\d`, "m"));
  }
});

Deno.test("in a private torrent nobody is found through a peer", async () => {
  await using temp = await TempFolder.create();
  const { seeder, sha256 } = await lonelySeeder(temp, ["--private"]);
  await using _ = seeder;
  const { program, address } = await helper(seeder, await temp.folder("first"));
  await using _other = program;
  const said = await newcomer(seeder, await temp.folder("second"), sha256);
  assertMatch(said, /^from 1 source:$/m);
  assert(!said.includes(address), said);
});
