/**
 * Who has it: labels, lost machines and expected ones, with real programs.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { TrackerSnapshot } from "../../lib/ui/snapshot.ts";
import { TempFolder } from "../../support/temp.ts";
import { makeOrigin } from "../support/clients/library.ts";
import { run, ShoalSeeder, ShoalTracker, startLeecher } from "../support/clients/shoal.ts";
import { EventFollower } from "../support/page/event_source.ts";
import { eventsIn } from "../support/project/event_schema.ts";

const MIB = 2 ** 20;
const UI = ["--ui", "127.0.0.1:0"];

/** What `leecher --who` prints. */
function who(what: string, url: string, more: string[] = []) {
  return run("leecher", ["--who", what, "-t", url, ...more]);
}

/** Asks until the headline is this one: for a second the tracker gives out the same roll-call. */
async function whoSays(headline: string | RegExp, url: string): Promise<string[]> {
  for (let attempt = 1;; attempt++) {
    const { code, stdout } = await who("file.iso", url);
    assertEquals(code, 0);
    const isIt = typeof headline === "string" ? stdout[0] === headline : headline.test(stdout[0]!);
    if (isIt) return stdout;
    if (attempt === 10) assertEquals(stdout[0], `${headline}`);
  }
}

Deno.test("--who prints the machines by label, the lost first, and the first seeder is no recipient", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 4 * MIB, { name: "file.iso" });
  await using tracker = await ShoalTracker.start();
  const to = ["-t", tracker.url];
  await using _seeder = await ShoalSeeder.start(path, [...to, "--label", "origin"]);
  await using done = startLeecher("file.iso", await temp.folder("1"), [...to, "--label", "pc1"]);
  assertEquals(await done.exit(), 0);
  const slow = ["--download-limit", "300K", "--label", "pc2\u001b[31m"];
  await using lost = startLeecher("file.iso", await temp.folder("2"), [...to, ...slow]);
  await lost.line(/chunk \d+ of \d+ verified|chunk \d+ verified/);
  lost.kill("SIGINT");
  assertEquals(await lost.exit(), 7);
  const stdout = await whoSays(/^file\.iso: 1 of 2 complete, 1 lost at \d+ %$/, tracker.url);
  assertMatch(stdout[1]!, /^ {2}machine +address +state +has +down +left +since$/);
  assertMatch(stdout[2]!, /^ {2}pc2 +127\.0\.0\.1:\d+ +lost +[\d.]+% .* ago$/);
  assertMatch(stdout[3]!, /^ {2}origin +127\.0\.0\.1:\d+ +complete, first seeder +100% /);
  assertMatch(stdout[4]!, /^ {2}pc1 +127\.0\.0\.1:\d+ +complete, left +100% .* ago$/);
  const events = eventsIn((await who("file.iso", tracker.url, ["--json"])).stdout);
  const [roll] = events.filter(({ type }) => type === "rollCall");
  assertEquals([roll!["complete"], roll!["recipients"], roll!["expected"]], [1, 2, 0]);
  const machines = events.filter(({ type }) => type === "machine");
  assertEquals(machines.map(({ label, state }) => `${label} ${state}`), [
    "pc2 lost",
    "origin complete",
    "pc1 left",
  ]);
});

Deno.test("--who of a name that nobody hosts ends with exit 3, of a tracker that is silent with 6", async () => {
  await using tracker = await ShoalTracker.start(["--interval", "1"]);
  await new Promise((resolve) => setTimeout(resolve, 1100)); // the tracker knows then that nobody comes back
  const nobody = await who("other.iso", tracker.url);
  assertEquals([nobody.code, nobody.stdout], [3, []]);
  assert(
    nobody.stderr.some((line) => line.includes(`nobody hosts "other.iso"`)),
    `${nobody.stderr}`,
  );
  const hash = await who("ab".repeat(20), tracker.url);
  assertEquals([hash.code, hash.stdout], [3, []]);
  assertEquals((await who("file.iso", "udp://127.0.0.1:9")).code, 6);
  const both = await run("leecher", ["--who", "--list", "x"]);
  assertEquals([both.code, both.stderr.at(-1)], [
    28,
    "leecher: --list and --who exclude each other; give one",
  ]);
});

Deno.test("a machine is known by its host name, by the name it is given, or by none", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, MIB, { name: "file.iso" });
  await using tracker = await ShoalTracker.start();
  /** Asks until the tracker knows so many machines. */
  const labels = async (count: number) => {
    for (let attempt = 0; attempt < 20; attempt++) {
      const events = eventsIn((await who("file.iso", tracker.url, ["--json"])).stdout);
      const machines = events.filter(({ type }) => type === "machine");
      if (machines.length === count) return new Set(machines.map(({ label }) => label));
    }
    throw new Error(`the tracker never knew ${count} machines`);
  };
  const long = ["-t", tracker.url, "--label", "é".repeat(99)];
  await using _named = await ShoalSeeder.start(path, long);
  assertEquals(await labels(1), new Set(["é".repeat(32)]));
  await using _host = await ShoalSeeder.start(path, ["-t", tracker.url]);
  assertEquals(await labels(2), new Set([Deno.hostname().slice(0, 64), "é".repeat(32)]));
  await using _none = await ShoalSeeder.start(path, ["-t", tracker.url, "--label", ""]);
  assert((await labels(3)).has(undefined));
});

Deno.test("--expect names those that were never seen, follows its file, and ends --until-copies all", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, MIB, { name: "file.iso" });
  const list = await temp.file("machines", "# room 1\npc1\npc2 # by the window\npc3\n");
  await using tracker = await ShoalTracker.start(["--expect", list]);
  const to = ["-t", tracker.url];
  await using seeder = await ShoalSeeder.start(path, [
    ...to,
    ...["--label", "origin", "--until-copies", "all", "--progress", "lines"],
  ]);
  for (const name of ["pc1", "PC2.lab.example"]) {
    await using pc = startLeecher("file.iso", await temp.folder(name), [...to, "--label", name]);
    assertEquals(await pc.exit(), 0);
  }
  const stdout = await whoSays(
    "file.iso: 2 of 3 complete, 1 never seen, 1 not on the list",
    tracker.url,
  );
  assertMatch(stdout[2]!, /^ {2}pc3 +- +never seen +- /);
  await seeder.program.line(/2 of 3 complete/);
  await Deno.writeTextFile(list, "pc1\nhttp://pc2\n");
  const [warning] = await tracker.program.line(/^warning: the list of expected machines .*/);
  assertEquals(
    warning,
    `warning: the list of expected machines ${list}: line 2 is neither the name nor the IP address of ` +
      'a machine: "http://pc2"; the list from before stays in force',
  );
  await Deno.writeTextFile(list, "pc1\npc2\n");
  assertEquals(await seeder.program.exit(), 0);
  assertEquals(seeder.program.stderr.at(-1), "shared as long as it was asked to, stopping");
});

Deno.test("--until-copies all says so when the tracker expects nobody", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, MIB, { name: "file.iso" });
  await using tracker = await ShoalTracker.start();
  const all = ["-t", tracker.url, "--until-copies", "all"];
  await using seeder = await ShoalSeeder.start(path, all);
  const [line] = await seeder.program.line(/^warning: the tracker .*/);
  assertEquals(
    line,
    `warning: the tracker ${tracker.url} has no list of expected machines, so nobody knows when all ` +
      "have the file: start the tracker with --expect FILE, or give --until-copies a number",
  );
});

Deno.test("a list with a line that is no name stops the tracker at its start, with exit 28", async () => {
  await using temp = await TempFolder.create();
  const list = await temp.file("machines", "pc1\n\n10.0.0.300\n");
  const { code, stderr } = await run("tracker", ["--port", "0", "--expect", list]);
  assertEquals([code, stderr], [
    28,
    [
      `tracker: the list of expected machines ${list}: line 3 is neither the name nor the IP address ` +
      'of a machine: "10.0.0.300"',
    ],
  ]);
  const missing = await run("tracker", ["--port", "0", "--expect", temp.join("nothing")]);
  assertEquals(missing.code, 28);
  assertMatch(missing.stderr[0]!, /it cannot be read; check the path and its permissions$/);
});

Deno.test("the tracker's page and its terminal show the lost, until they are dismissed", async () => {
  await using temp = await TempFolder.create();
  const { path } = await makeOrigin(temp, 4 * MIB, { name: "file.iso" });
  await using tracker = await ShoalTracker.start([...UI, "-v"]);
  const [, address] = await tracker.program.line(/^page: (\S+)$/, { from: "stderr" });
  const to = ["-t", tracker.url];
  await using seeder = await ShoalSeeder.start(path, [...to, "--label", "origin"]);
  const slow = ["--download-limit", "300K", "--label", "pc2"];
  await using lost = startLeecher("file.iso", await temp.folder("2"), [...to, ...slow]);
  await lost.line(/chunk \d+ of \d+ verified|chunk \d+ verified/);
  lost.kill("SIGINT");
  await lost.exit();
  const hash = seeder.hashes.v2!;
  await using page = await EventFollower.open(address!, `?swarm=${hash}`);
  const rolled = async (headline: RegExp) => {
    const isIt = (state: TrackerSnapshot) => headline.test(state.selected?.rollCall ?? "");
    return (await page.state<TrackerSnapshot>(isIt)).selected!;
  };
  const selected = await rolled(/lost/);
  assertMatch(selected.rollCall, /^0 of 1 complete, 1 lost at \d+ %$/);
  assertEquals([selected.name, selected.tone, selected.recipients], ["file.iso", "bad", 1]);
  assertEquals(selected.peers.map(({ label, state }) => `${label} ${state}`), [
    "pc2 lost",
    "origin complete",
  ]);
  await tracker.program.line(/^file\.iso: 0 of 1 complete, 1 lost at \d+ %$/, { from: "stderr" });
  await tracker.program.line(/^ {2}pc2 +127\.0\.0\.1:\d+ +lost /, { from: "stderr" });

  const post = async (query: string, headers: Record<string, string>) => {
    const url = new URL(`/api/dismiss?${query}`, address);
    const answer = await fetch(url, { method: "POST", headers });
    const text = await answer.text();
    return `${answer.status} ${text}`;
  };
  const own = { origin: new URL(address!).origin };
  assertMatch(await post(`swarm=${hash}`, {}), /^403 /);
  assertMatch(await post(`swarm=${hash}`, { origin: "http://evil.example" }), /^403 /);
  assertMatch(await post("", own), /^404 /);
  assertEquals(await post(`swarm=${hash}&address=10.9.9.9:1`, own), '200 {"dismissed":0}');
  const at = encodeURIComponent(selected.peers[0]!.address);
  assertMatch(await post(`swarm=${hash}&address=${at}`, own), /^200 \{"dismissed":[12]\}$/);
  assertEquals((await rolled(/^1 of 1 complete$/)).tone, "good");
});
