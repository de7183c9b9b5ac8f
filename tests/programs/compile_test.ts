/**
 * `deno task compile` where the runtime for binaries cannot be downloaded.
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import manifest from "../../deno.json" with { type: "json" };
import { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const NOBODY = "http://127.0.0.1:9";

/** Deno's own folder, as it is before anything was ever compiled: the packages are there. */
async function freshDenoFolder(folder: TempFolder): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir } = JSON.parse(new TextDecoder().decode(stdout));
  const fresh = await folder.folder("deno");
  await Deno.symlink(join(denoDir, "npm"), join(fresh, "npm"));
  return fresh;
}

Deno.test("a binary that cannot be made says what it needs, and leaves no file", async () => {
  await using folder = await TempFolder.create();
  const [, ...words] = manifest.tasks["compile:tracker"].command.split(" ");
  const places = words.map((word) => word.endsWith(".ts") ? join(ROOT, word) : word);
  const args = [...places.slice(0, -1), "--no-check", places.at(-1)!];
  const env = {
    DENO_DIR: await freshDenoFolder(folder),
    HTTPS_PROXY: NOBODY,
    https_proxy: NOBODY,
  };
  const command = ["-u", "DENORT_BIN", Deno.execPath(), ...args];
  await using compiler = Program.start("env", command, { cwd: folder.path, env });
  assertEquals(await compiler.exit(), 6, compiler.transcript());
  assertMatch(
    compiler.stderr.at(-1)!,
    /^dist\/tracker is not made: Deno needs its runtime.*get https:\S+denort-\S+\.zip on another machine.*DENORT_BIN=/,
  );
  const left = await Array.fromAsync(Deno.readDir(folder.join("dist")), ({ name }) => name);
  assertEquals(left, []);
});
