/**
 * What the programs print with --json when they have several torrents.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { writePseudoRandomFile } from "../../support/content.ts";
import { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { documentText } from "../support/project/document.ts";
import { eventsIn, type PrintedEvent } from "../support/project/event_schema.ts";

const HERE = ["--host", "127.0.0.1", "--port", "0", "--json", "-q"];

/** Files of pseudo-random content. Returns their paths. */
async function makeFiles(temp: TempFolder, ...names: string[]): Promise<string[]> {
  for (const [i, name] of names.entries()) {
    await writePseudoRandomFile(temp.join(name), 100_000 + i, i);
  }
  return names.map((name) => temp.join(name));
}

/** The types of the events of each torrent, each type once, in their order. */
function typesOf(events: readonly PrintedEvent[], torrent: number | undefined): string[] {
  return [...new Set(events.filter((e) => e["torrent"] === torrent).map(({ type }) => type))];
}

async function sharing(program: Program, count: number): Promise<PrintedEvent[]> {
  await program.line(/^\{"type":"sharing"/, { from: "stdout", nth: count });
  return eventsIn(program.stdout);
}

Deno.test("every event of a torrent says which one it is about, and added says what that is", async () => {
  await using temp = await TempFolder.create();
  const paths = await makeFiles(temp, "a.iso", "b.iso");
  const missing = temp.join("missing.iso");
  const args = [...HERE, "--no-tracker", "--no-cache", paths[0]!, missing, paths[1]!];
  await using seeder = Program.shoal("seeder", args);
  await sharing(seeder, 2);
  seeder.kill("SIGINT");
  assertEquals(await seeder.exit(), 3);
  const events = eventsIn(seeder.stdout);
  assertEquals(events[0]!["arguments"], [paths[0], missing, paths[1]]);
  assertEquals(typesOf(events, undefined), ["started", "listening", "error"]);
  assertEquals(typesOf(events, 1).slice(0, 4), ["added", "hashing", "metadata", "sharing"]);
  assertEquals(typesOf(events, 2), ["added", "failed"]);
  const added = events.filter(({ type }) => type === "added");
  assertEquals(added.map((e) => [e["torrent"], e["argument"]]), [
    [1, paths[0]],
    [2, missing],
    [3, paths[1]],
  ]);
  const named = events.filter(({ type }) => type === "metadata");
  assertEquals(named.map((e) => [e["torrent"], e["name"]]).sort(), [[1, "a.iso"], [3, "b.iso"]]);
  assertMatch(events.at(-1)!["message"], /^1 of 3 failed: .*missing\.iso$/);
});

Deno.test("a seeder with one torrent alone prints no numbers, and a leecher neither", async () => {
  await using temp = await TempFolder.create();
  const [path] = await makeFiles(temp, "a.iso");
  await using seeder = Program.shoal("seeder", [...HERE, "--no-tracker", "--no-cache", path!]);
  const [{ magnet }] = (await sharing(seeder, 1)).slice(-1) as [PrintedEvent];
  const out = await temp.folder("out");
  await using leecher = Program.shoal("leecher", [...HERE, "-e", "-o", out, magnet]);
  assertEquals(await leecher.exit(), 0);
  for (const event of [...eventsIn(seeder.stdout), ...eventsIn(leecher.stdout)]) {
    assert(!("torrent" in event) && !["added", "removed", "failed"].includes(event.type));
  }
  assertEquals(eventsIn(leecher.stdout)[0]!["argument"], magnet);
});

Deno.test("what a watched folder brings has numbers of its own, and what changes gets a new one", async () => {
  await using temp = await TempFolder.create();
  const [path] = await makeFiles(temp, "a.iso");
  const watched = await temp.folder("watched");
  const args = [...HERE, "--no-tracker", "--no-cache", "--watch", watched, path!];
  await using seeder = Program.shoal("seeder", args);
  await sharing(seeder, 1);
  await writePseudoRandomFile(`${watched}/b.iso`, 9000, 1);
  await sharing(seeder, 2);
  await writePseudoRandomFile(`${watched}/b.iso`, 9000, 2);
  await sharing(seeder, 3);
  await Deno.remove(`${watched}/b.iso`);
  await seeder.line(/"because":"gone"/, { from: "stdout" });
  seeder.kill("SIGINT");
  assertEquals(await seeder.exit(), 0);
  const events = eventsIn(seeder.stdout)
    .filter(({ type }) => ["added", "sharing", "removed"].includes(type))
    .map(({ type, torrent, argument, because }) => [type, torrent, argument ?? because].join(" "));
  assertEquals(events.map((line) => line.trim().replaceAll(temp.path, "")), [
    ...["added 1 /a.iso", "sharing 1", "added 2 /watched/b.iso", "sharing 2"],
    ...["removed 2 changed", "added 3 /watched/b.iso", "sharing 3", "removed 3 gone"],
  ]);
});

Deno.test("the command of the document pairs each argument with its path, or with what went wrong", async () => {
  await using temp = await TempFolder.create();
  const paths = await makeFiles(temp, "a.iso", "b.iso", "c.iso");
  await using seeder = Program.shoal("seeder", [...HERE, "--no-tracker", "--no-cache", ...paths]);
  const links = (await sharing(seeder, 3)).filter(({ type }) => type === "sharing")
    .map(({ magnet }) => magnet);
  const out = await temp.folder("out");
  const words = [...HERE, "-e", "-o", out, ...links, temp.join("missing.torrent")];
  await using leecher = Program.shoal("leecher", words);
  assertEquals(await leecher.exit(), 3);
  const events = await temp.file("events", leecher.stdout.join("\n"));
  const text = await documentText("docs/events.md");
  const [, filter] = /<!-- pairs -->\n\n```sh\n[^]*?jq -rs '([^']+)'\n```/.exec(text)!;
  await using jq = Program.start("jq", ["-rs", filter!, events]);
  assertEquals(await jq.exit(), 0, jq.transcript());
  const pairs = jq.stdout.map((line) => line.split("\t"));
  assertEquals(pairs.map(([argument]) => argument), [...links, temp.join("missing.torrent")]);
  for (const [i, link] of links.entries()) {
    assertEquals(pairs[i]![1], `${out}/${new URL(link).searchParams.get("dn")}`);
  }
  assertMatch(pairs[3]![1]!, /missing\.torrent does not exist/);
});
