/**
 * One seeder with several files and folders, and one leecher that gets several.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { sha256OfFile, writePseudoRandomFile } from "../../../support/content.ts";
import { Program } from "../../../support/process.ts";
import { TempFolder } from "../../../support/temp.ts";
import { leech, run, ShoalTracker, startLeecher } from "../../support/clients/shoal.ts";
import { smallDiskTest } from "../../support/programs/small_disk.ts";

const HERE = ["--host", "127.0.0.1", "--port", "0"];
const MIB = 2 ** 20;

/** Starts a seeder of several paths. */
function startSeeder(args: string[]): Program {
  return Program.shoal("seeder", [...HERE, "--no-cache", ...args]);
}

/** Three files and two folders, each with its own content. Returns their paths. */
async function makeContent(temp: TempFolder): Promise<string[]> {
  await temp.folder("photos/2026");
  await temp.folder("course");
  const files = ["a.iso", "b.iso", "c.iso", "photos/1.raw", "photos/2026/2.raw", "course/1.pdf"];
  for (const [i, name] of files.entries()) {
    await writePseudoRandomFile(temp.join(name), 300_000 + 10_000 * i, 100 + i);
  }
  return ["a.iso", "b.iso", "c.iso", "photos", "course"].map((name) => temp.join(name));
}

/** The hashes of all files below a path, by their paths below it. */
async function digests(path: string): Promise<Record<string, string>> {
  if ((await Deno.stat(path)).isFile) return { "": await sha256OfFile(path) };
  const found: Record<string, string> = {};
  for await (const { name } of Deno.readDir(path)) {
    for (const [below, digest] of Object.entries(await digests(join(path, name)))) {
      found[`${name}/${below}`] = digest;
    }
  }
  return found;
}

function names(paths: readonly string[]): string[] {
  return paths.map((path) => path.split("/").at(-1)!);
}

Deno.test("three files and two folders from one seeder, then a file dropped into its watched folder, are had by name", async () => {
  await using temp = await TempFolder.create();
  await using tracker = await ShoalTracker.start();
  const paths = await makeContent(temp);
  const watched = await temp.folder("watched");
  await using seeder = startSeeder(["-t", tracker.url, "--watch", watched, ...paths]);
  await seeder.line(/^sharing until Ctrl-C$/, { from: "stderr" });
  assertEquals(seeder.stdout.map((link) => new URL(link).searchParams.get("dn")), names(paths));
  const out = await temp.folder("out");
  await using several = startLeecher("a.iso", `${out}/`, [
    ...["-t", tracker.url],
    ...names(paths).slice(1),
  ]);
  assertEquals(await several.exit(), 0, several.transcript());
  assertEquals(several.stdout.toSorted(), names(paths).map((name) => `${out}/${name}`).toSorted());
  for (const path of paths) {
    assertEquals(await digests(join(out, ...names([path]))), await digests(path));
  }
  assertMatch(several.stderr.at(-1)!, /^5 of 5 torrents complete, 1\.9 MiB in /);

  await writePseudoRandomFile(`${watched}/dropped.iso`, 500_000, 9);
  await seeder.line(/dn=dropped\.iso/, { from: "stdout" });
  const startMs = performance.now();
  await leech("dropped.iso", out, ["-t", tracker.url]);
  assert(performance.now() - startMs < 10_000, "it took longer than ten seconds");
  assertEquals(await digests(`${out}/dropped.iso`), await digests(`${watched}/dropped.iso`));
});

Deno.test("a path that fails has an empty line and its sentence, the others are shared, and its exit code is the last word", async () => {
  await using temp = await TempFolder.create();
  const [a, b] = await makeContent(temp) as [string, string];
  const missing = temp.join("missing.iso");
  await using seeder = startSeeder(["--no-tracker", a, missing, b]);
  await seeder.line(/^2 torrents, listening on TCP port \d+$/, { from: "stderr" });
  assertEquals(seeder.stdout.length, 3);
  assertMatch(seeder.stdout.join("\n"), /^magnet:.*dn=a\.iso.*\n\nmagnet:.*dn=b\.iso/);
  assert(seeder.stderr.includes(`seeder: ${missing} does not exist: check the path`));
  seeder.kill("SIGINT");
  assertEquals(await seeder.exit(), 3);
  assertEquals(seeder.stderr.at(-1), `seeder: 1 of 3 failed: ${missing}`);
});

Deno.test("when no path can be shared, the seeder ends with the exit code of the first of them", async () => {
  await using temp = await TempFolder.create();
  const empty = await temp.folder("empty");
  const args = [...HERE, "--no-tracker", empty, temp.join("missing.iso")];
  const { code, stdout, stderr } = await run("seeder", args);
  assertEquals([code, stdout], [17, ["", ""]]);
  assertMatch(stderr.at(-1)!, /^seeder: 2 of 2 failed: /);
});

Deno.test("a path given twice, in whatever words, is shared once; a file and its folder are two", async () => {
  await using temp = await TempFolder.create();
  const [a, , , photos] = await makeContent(temp);
  await Deno.symlink(a!, temp.join("link.iso"));
  const paths = [a!, `${temp.path}/./a.iso`, temp.join("link.iso"), photos!, `${photos}/1.raw`];
  await using seeder = startSeeder(["--no-tracker", ...paths]);
  await seeder.line(/^3 torrents, listening/, { from: "stderr" });
  const links = seeder.stdout.map((link) => new URL(link).searchParams.get("dn"));
  assertEquals(links, ["a.iso", "a.iso", "a.iso", "photos", "1.raw"]);
  assertEquals(new Set(seeder.stdout).size, 3);
  const warnings = seeder.stderr.filter((line) => line.startsWith("warning: "));
  assertEquals(warnings.map((line) => line.split(temp.path).slice(1)), [
    ["/./a.iso is the same as ", "/a.iso: it is shared once"],
    ["/link.iso is the same as ", "/a.iso: it is shared once"],
  ]);
});

Deno.test("a limit ends each share, --on-done runs for each, and the seeder ends with the last", async () => {
  await using temp = await TempFolder.create();
  const paths = await makeContent(temp);
  const script = await temp.file("done", '#!/bin/sh\necho "done: $SHOAL_DONE_NAME"\n');
  await Deno.chmod(script, 0o755);
  const args = ["--no-tracker", "--seed-time", "0", "--on-done", script, ...paths];
  await using seeder = startSeeder(args);
  assertEquals(await seeder.exit(), 0, seeder.transcript());
  const done = seeder.stderr.filter((line) => line.startsWith("done: "));
  assertEquals(done.toSorted(), names(paths).map((name) => `done: ${name}`).toSorted());
  assertEquals(seeder.stdout.length, 5);
});

Deno.test("a leecher gets the others when one fails, and ends with the exit code of the first that failed", async () => {
  await using temp = await TempFolder.create();
  await using tracker = await ShoalTracker.start();
  const paths = await makeContent(temp);
  await using seeder = startSeeder(["-t", tracker.url, ...paths]);
  await seeder.line(/^sharing until Ctrl-C$/, { from: "stderr" });
  const out = await temp.folder("out");
  await temp.file("out/b.iso", "my diary");
  const whats = ["b.iso", "nothing.iso", "c.iso", "a.iso", "magnet:?xt=urn:btih:1"];
  await using leecher = startLeecher("photos", out, ["-t", tracker.url, ...whats]);
  const code = await leecher.exit();
  const failures = leecher.stderr.filter((line) => line.startsWith("leecher: "));
  assertEquals([code, failures.length], [13, 4], leecher.transcript());
  assert(failures.some((line) => line.includes("b.iso exists and is something else")));
  assert(failures.some((line) => line.includes('nobody hosts "nothing.iso"')));
  assertEquals(failures[3], "leecher: 3 of 6 failed: b.iso, nothing.iso, magnet:?xt=urn:btih:1");
  assertEquals(leecher.stdout.toSorted(), ["a.iso", "c.iso", "photos"].map((n) => `${out}/${n}`));
  assert(leecher.stderr.some((line) => line.startsWith("3 of 6 torrents complete, ")));
  assertEquals(await Deno.readTextFile(`${out}/b.iso`), "my diary");
});

smallDiskTest(
  "one of several downloads has no room on the disk: it says so, and the others are complete",
  8 * MIB,
  async (disk) => {
    await using temp = await TempFolder.create();
    const sizes = { "small.iso": MIB, "large.iso": 20 * MIB, "other.iso": MIB };
    for (const [i, [name, size]] of Object.entries(sizes).entries()) {
      await writePseudoRandomFile(temp.join(name), size, i);
    }
    const paths = Object.keys(sizes).map((name) => temp.join(name));
    await using seeder = startSeeder(["--no-tracker", ...paths]);
    await seeder.line(/^3 torrents, listening/, { from: "stderr" });
    const [first, ...links] = seeder.stdout as [string, ...string[]];
    await using leecher = startLeecher(first, `${disk.path}/`, links);
    assertEquals(await leecher.exit(), 9, leecher.transcript());
    assert(leecher.stderr.some((line) => /^leecher: .*no space left for .*large\.iso/.test(line)));
    assertEquals(names(leecher.stdout).toSorted(), ["other.iso", "small.iso"]);
  },
);

Deno.test("what is asked for twice, as a name and as a link, is downloaded once", async () => {
  await using temp = await TempFolder.create();
  await using tracker = await ShoalTracker.start();
  const [a] = await makeContent(temp);
  await using seeder = startSeeder(["-t", tracker.url, a!, temp.join("b.iso")]);
  await seeder.line(/^sharing until Ctrl-C$/, { from: "stderr" });
  const out = await temp.folder("out");
  const link = seeder.stdout[0]!;
  await using leecher = startLeecher("a.iso", out, ["-t", tracker.url, link, "a.iso", "b.iso"]);
  assertEquals(await leecher.exit(), 0, leecher.transcript());
  assertEquals(leecher.stdout.toSorted(), [`${out}/a.iso`, `${out}/b.iso`]);
  const warnings = leecher.stderr.filter((line) => line.startsWith("warning: "));
  assertEquals(warnings.length, 2, leecher.transcript());
  assertMatch(warnings.join("\n"), /named twice is downloaded once/);
  assertMatch(warnings.join("\n"), /is the same torrent as another: it is downloaded once/);
});

Deno.test("without -e all are shared on when they are complete, and Ctrl-C ends that with 0", async () => {
  await using temp = await TempFolder.create();
  const [a, b] = await makeContent(temp);
  await using seeder = startSeeder(["--no-tracker", a!, b!]);
  await seeder.line(/^2 torrents, listening/, { from: "stderr" });
  const out = await temp.folder("out");
  const words = [...seeder.stdout, "-o", out, ...HERE];
  await using leecher = Program.shoal("leecher", words);
  await leecher.line(/^2 of 2 torrents complete, .*; seeding, Ctrl-C stops, -e exits when done$/);
  leecher.kill("SIGINT");
  assertEquals(await leecher.exit(), 0);
});

Deno.test("stopped before all are complete, the leecher says how to continue, and continues all", async () => {
  await using temp = await TempFolder.create();
  const paths = await makeContent(temp);
  await using seeder = startSeeder(["--no-tracker", "--upload-limit", "300K", ...paths]);
  await seeder.line(/^5 torrents, listening/, { from: "stderr" });
  const out = await temp.folder("out");
  const words = [...seeder.stdout, "-e", "-o", out, ...HERE];
  await using first = Program.shoal("leecher", [...words, "-vv"]);
  await first.line(/ chunk \d+ verified/, { from: "stderr", nth: 5 });
  first.kill("SIGINT");
  assertEquals(await first.exit(), 7);
  assertMatch(first.stderr.at(-1)!, /^leecher: interrupted, run the same command to continue$/);
  await using second = Program.shoal("leecher", words);
  assertEquals(await second.exit(), 0, second.transcript());
  assert(second.stderr.some((line) => /: continuing: .* is here already/.test(line)));
  for (const path of paths) {
    assertEquals(await digests(join(out, ...names([path]))), await digests(path));
  }
});

Deno.test("--list and --verify do each in turn", async () => {
  await using temp = await TempFolder.create();
  const files: string[] = [];
  for (const name of ["a.iso", "b.iso"]) {
    await writePseudoRandomFile(temp.join(name), 100_000, name.length);
    await using seeder = startSeeder([
      ...["--no-tracker", "-o", temp.join(`${name}.torrent`)],
      temp.join(name),
    ]);
    await seeder.line(/^wrote /);
    files.push(temp.join(`${name}.torrent`));
  }
  await Deno.truncate(temp.join("a.iso"), 50_000);
  const listed = await run("leecher", ["--list", ...files]);
  assertEquals(listed.code, 0);
  assertEquals(listed.stdout.filter((line) => /^[ab]\.iso, /.test(line)).length, 2);
  const verified = await run("leecher", ["--verify", "-o", temp.path, ...files]);
  assertEquals([verified.code, names(verified.stdout)], [32, ["b.iso"]]);
  assertMatch(verified.stderr.join("\n"), /a\.iso: \d of \d chunks do not match/);
});
