/**
 * `seeder.ts --watch DIR`: whatever lies in a folder is shared, as it comes, changes and goes.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { denoFolder } from "../../../support/deno_folder.ts";
import { sha256OfFile, writePseudoRandomFile } from "../../../support/content.ts";
import { Program } from "../../../support/process.ts";
import { TempFolder } from "../../../support/temp.ts";
import { leech } from "../../support/clients/shoal.ts";
import { startBound } from "../../support/programs/privileges.ts";
import { eventsIn } from "../../support/project/event_schema.ts";

const HERE = ["--host", "127.0.0.1", "--port", "0", "--no-tracker"];
const LONG_AGO = new Date("2020-01-01");

interface Stage extends AsyncDisposable {
  readonly temp: TempFolder;
  /** The watched folder. */
  readonly path: string;
}

async function stage(): Promise<Stage> {
  const temp = await TempFolder.create();
  const path = await temp.folder("watched");
  return { temp, path, [Symbol.asyncDispose]: () => temp[Symbol.asyncDispose]() };
}

function watch(path: string, args: string[] = [], env: Record<string, string> = {}): Program {
  return Program.shoal("seeder", [...HERE, "--watch", path, ...args], { env });
}

Deno.test("what changes is shared anew under a new link, and the old one is not served any more", async () => {
  await using it = await stage();
  await writePseudoRandomFile(`${it.path}/a.iso`, 300_000, 1);
  await using seeder = watch(it.path, ["--no-cache"]);
  const [before] = await seeder.line(/^magnet:\S+/, { from: "stdout" });
  await writePseudoRandomFile(`${it.path}/a.iso`, 300_000, 2);
  await seeder.line(/\/a\.iso has changed: sharing it anew$/, { from: "stderr" });
  const [after] = await seeder.line(/^magnet:\S+/, { from: "stdout", nth: 2 });
  assert(before !== after);
  const copy = await leech(after, await it.temp.folder("out"));
  assertEquals(await sha256OfFile(copy), await sha256OfFile(`${it.path}/a.iso`));
  const args = [before, "-e", "-o", it.temp.join("old/"), "--timeout", "2", ...HERE.slice(0, 4)];
  await using late = Program.shoal("leecher", args);
  assertEquals(await late.exit(), 2, late.transcript());
});

Deno.test("what goes is stopped, and the seeder goes on", async () => {
  await using it = await stage();
  for (const name of ["a.iso", "b.iso"]) await writePseudoRandomFile(`${it.path}/${name}`, 9000, 1);
  await using seeder = watch(it.path, ["--no-cache"]);
  await seeder.line(/^sharing .*\/[ab]\.iso, /, { from: "stderr", nth: 2 });
  await Deno.remove(`${it.path}/a.iso`);
  await seeder.line(/\/a\.iso is gone, and shared no more$/, { from: "stderr" });
  const link = seeder.stdout.find((line) => line.includes("dn=b.iso"))!;
  await leech(link, await it.temp.folder("out"));
  seeder.kill("SIGTERM");
  assertEquals(await seeder.exit(), 0);
});

Deno.test("after a restart everything is shared again without being hashed", async () => {
  await using it = await stage();
  const env = { XDG_CACHE_HOME: await it.temp.folder("cache"), DENO_DIR: await denoFolder() };
  await Deno.mkdir(`${it.path}/photos`);
  for (const name of ["a.iso", "b.iso", "photos/1.raw"]) {
    await writePseudoRandomFile(`${it.path}/${name}`, 200_000, name.length);
    await Deno.utime(`${it.path}/${name}`, LONG_AGO, LONG_AGO);
  }
  const hashed: number[] = [];
  const links: string[][] = [];
  for (let i = 0; i < 2; i++) {
    await using seeder = watch(it.path, ["--json"], env);
    await seeder.line(/^\{"type":"sharing"/, { from: "stdout", nth: 3 });
    seeder.kill("SIGINT");
    assertEquals(await seeder.exit(), 0);
    const events = eventsIn(seeder.stdout);
    hashed.push(events.filter(({ type }) => type === "hashing").length);
    links.push(events.filter(({ type }) => type === "metadata").map((e) => e["v1Hash"]).sort());
  }
  assert(hashed[0]! > 0);
  assertEquals(hashed[1], 0);
  assertEquals(links[0], links[1]);
});

Deno.test("a file that cannot be read is a warning, and is shared once it can be", async () => {
  await using it = await stage();
  await writePseudoRandomFile(`${it.path}/closed.iso`, 9000, 1);
  await writePseudoRandomFile(`${it.path}/open.iso`, 9000, 2);
  await Deno.chmod(`${it.path}/closed.iso`, 0o000);
  await using seeder = startBound("seeder", [...HERE, "--no-cache", "--watch", it.path]);
  await seeder.line(/^warning: .*\/closed\.iso is not shared: no permission for /);
  await seeder.line(/^magnet:.*dn=open\.iso/, { from: "stdout" });
  await Deno.chmod(`${it.path}/closed.iso`, 0o644);
  await seeder.line(/^magnet:.*dn=closed\.iso/, { from: "stdout" });
});

Deno.test("the folder vanishes with all it held, and all is shared again when it is back", async () => {
  await using it = await stage();
  await writePseudoRandomFile(`${it.path}/a.iso`, 9000, 1);
  await using seeder = watch(it.path, ["--no-cache"]);
  await seeder.line(/^magnet:/, { from: "stdout" });
  await Deno.rename(it.path, `${it.path}.away`);
  await seeder.line(/^warning: .*watched is gone: nothing in it is shared until it is back$/);
  await seeder.line(/\/a\.iso is gone, and shared no more$/);
  await Deno.rename(`${it.path}.away`, it.path);
  await seeder.line(/watched is back$/);
  const [link] = await seeder.line(/^magnet:\S+/, { from: "stdout", nth: 2 });
  assertEquals(link, seeder.stdout[0]);
  await leech(link, await it.temp.folder("out"));
});

Deno.test("a file that is shared by its path already is not shared a second time", async () => {
  await using it = await stage();
  await writePseudoRandomFile(`${it.path}/a.iso`, 9000, 1);
  await using seeder = watch(it.path, ["--no-cache", `${it.path}/a.iso`]);
  await seeder.line(/^warning: .*\/a\.iso is shared already, by another path$/);
  await writePseudoRandomFile(`${it.path}/b.iso`, 9000, 2);
  await seeder.line(/^magnet:.*dn=b\.iso/, { from: "stdout" });
  assertEquals(seeder.stdout.length, 2);
});

Deno.test("a folder that is named twice is watched once", async () => {
  await using it = await stage();
  await writePseudoRandomFile(`${it.path}/a.iso`, 9000, 1);
  await using seeder = watch(it.path, ["--no-cache", "--watch", `${it.temp.path}/./watched/`]);
  await seeder.line(/^warning: .*\.\/watched\/ is the same as .*watched: it is watched once$/);
  await seeder.line(/^magnet:/, { from: "stdout" });
  assertEquals(seeder.stderr.filter((line) => line.startsWith("watching ")).length, 1);
});

Deno.test("there has to be a folder to watch", async () => {
  await using it = await stage();
  await using seeder = watch(it.temp.join("missing"));
  assertEquals(await seeder.exit(), 3);
  assertMatch(seeder.stderr.at(-1)!, /^seeder: .*missing does not exist: check the path$/);
});
